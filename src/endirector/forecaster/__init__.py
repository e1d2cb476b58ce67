"""Forecasts of any table by one call: understanding, plan, run within a limit, result."""
