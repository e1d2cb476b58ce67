"""Forecasts of stored models: on their own data set, and ahead."""
