"""Forecasts of a table by one command."""
