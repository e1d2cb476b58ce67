"""A step while it runs: its states, the child process with its body, and the supervision of that process."""
