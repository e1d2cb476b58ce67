"""Calendars of periods: buckets of time, and where each one starts."""
