"""Values of the other series that a model sees, past the end of the data."""
