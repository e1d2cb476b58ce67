"""Pipelines: graphs of steps as data, their checks, their versions, and their runs."""
