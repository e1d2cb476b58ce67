"""Sinks: places that forecasts are given to: files, tables of databases, websites and object stores."""

from enstorage.sinks.base import Delivery, Sink, sink_from_json

__all__ = ["Delivery", "Sink", "sink_from_json"]
