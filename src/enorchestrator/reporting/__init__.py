"""Reports on registered models: what happened to them in the order of time, and a page about a version."""
