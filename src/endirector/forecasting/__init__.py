"""Forecasts of ensembles past the end of the data, and their prediction intervals."""
