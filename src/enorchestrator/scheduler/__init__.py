"""Schedules of pipelines, and the scheduler that keeps them."""
