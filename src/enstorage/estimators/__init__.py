"""Estimators of scikit-learn as JSON: found by name, described, made, tried on a few rows, fitted again."""
