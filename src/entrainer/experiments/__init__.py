"""Calls that train many times: backtests, tuning, training again what is stored."""
