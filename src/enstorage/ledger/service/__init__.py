"""Tables of the processes that execute work."""
