"""Evaluation: whether a version passes its gates, and whether it is better than the one in production."""
