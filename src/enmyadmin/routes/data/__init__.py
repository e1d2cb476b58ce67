"""Data: points, tables, uploaded files, and series as charts draw them."""
