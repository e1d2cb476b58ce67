"""Results: facts, curves, objects and forecasts of models; members, errors and reports of ensembles; inference."""
