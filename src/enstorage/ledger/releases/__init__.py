"""The model registry: names, their versions, aliases, evaluations."""
