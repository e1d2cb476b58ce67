"""Data that come in and forecasts that leave, as steps."""
