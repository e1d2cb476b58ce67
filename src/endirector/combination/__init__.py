"""Combining aligned forecasts: evidence, the fitted method, and fitting again from what is kept."""
