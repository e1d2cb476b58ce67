"""The report of an ensemble as one HTML page with its pictures."""
