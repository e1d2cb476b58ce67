"""Alignment of members by (series, id, step): one table of common targets."""
