"""A table as it was understood: read, described for people to correct, and stored."""
