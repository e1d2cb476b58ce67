"""Adapters: conversion of prepared rows, images or texts into the samples `[id, X, y]` of one kind of model."""

from enstorage.adapter.base import Adapter, ArrayAdapter
from enstorage.adapter.bins import Bins
from enstorage.adapter.branches import Branches
from enstorage.adapter.images import Images
from enstorage.adapter.interval import Interval
from enstorage.adapter.samples import NoSamplesError, Prepared, Samples
from enstorage.adapter.sequences import Sequences
from enstorage.adapter.window import Window

__all__ = [
    "Adapter",
    "ArrayAdapter",
    "Bins",
    "Branches",
    "Images",
    "Interval",
    "NoSamplesError",
    "Prepared",
    "Samples",
    "Sequences",
    "Window",
]
