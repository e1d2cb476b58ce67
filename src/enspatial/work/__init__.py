"""Kinds of work and patterns of pipelines for the orchestrator, registered as entry points."""
