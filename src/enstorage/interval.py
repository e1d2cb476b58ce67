"""Intervals of time, into whose buckets points are grouped: the names by which programs import them."""

from enstorage.calendars.calendar import Calendar as TimeInterval
from enstorage.calendars.guess import infer_calendar as infer_interval

__all__ = ["TimeInterval", "infer_interval"]
