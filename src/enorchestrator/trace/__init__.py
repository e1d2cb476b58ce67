"""Logs of work without secrets."""
