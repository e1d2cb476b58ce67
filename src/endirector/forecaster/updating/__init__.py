"""Rows that came after a forecast: stored, judged, and forecast from."""
