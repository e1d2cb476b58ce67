"""Export of models to files that other programs read, and import from files."""
