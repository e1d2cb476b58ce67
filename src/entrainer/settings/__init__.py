"""How networks are trained: loss, optimiser, schedule, stopping."""
