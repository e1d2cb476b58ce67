"""Members of an ensemble: what each forecasts, and which rows it was trained on."""
