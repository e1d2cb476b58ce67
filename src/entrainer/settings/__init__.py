"""Settings of training: loss, optimiser, schedule, stopping."""
