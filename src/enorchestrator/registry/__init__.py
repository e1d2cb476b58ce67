"""The model registry: names with versions of models and ensembles, aliases, promotion, rollback."""
