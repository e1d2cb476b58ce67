"""The body of a step in its child process: what it calls, reports and commits."""
