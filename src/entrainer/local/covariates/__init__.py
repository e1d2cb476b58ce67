"""A local model that sees other series beside its own: covariates, known up to now or ahead."""
