"""Checks as steps: of values of a source, and of figures that other steps give."""
