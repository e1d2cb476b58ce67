"""The demonstration of a released ensemble: its story, and the servers that take its messages."""
