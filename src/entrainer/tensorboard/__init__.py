"""Records for TensorBoard."""
