"""Forecasts that leave by themselves."""
