"""Models as files that other programs read, and models that come from files."""
