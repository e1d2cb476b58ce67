"""Series that forecasts are asked of: those that a model was trained on, and others."""
