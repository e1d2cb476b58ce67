"""Commands about long work that a server executes."""
