"""Members meet on (series, id, step): one table of common targets."""
