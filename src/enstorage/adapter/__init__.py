"""Adapters: how prepared rows become the samples `[id, X, y]` of one kind of model."""

from enstorage.adapter.base import Adapter, Prepared, Samples
from enstorage.adapter.window import Window

__all__ = ["Adapter", "Prepared", "Samples", "Window"]
