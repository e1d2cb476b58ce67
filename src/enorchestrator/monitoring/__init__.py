"""Monitoring of versions in use: drift of inputs, quality on truths that come later, staleness, resources, feedback."""
