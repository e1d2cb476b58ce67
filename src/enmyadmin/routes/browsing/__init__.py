"""Looking around: lineage, comparison, search, changes, and what models and ensembles can be made of."""
