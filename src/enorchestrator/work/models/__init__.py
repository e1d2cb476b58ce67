"""Work on models: training, backtests, tuning."""
