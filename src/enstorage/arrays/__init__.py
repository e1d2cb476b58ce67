"""Arrays that users give, as NumPy arrays."""
