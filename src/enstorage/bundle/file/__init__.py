"""The file of a bundle: its archive, its manifest, and reading both with every check."""
