"""The Open Inference Protocol, version 2: models and ensembles for serving programs of others."""
