"""Calibration of prediction intervals: levels, residuals, the basis of each step, and coverage."""
