"""What a series store promises, and how one is opened by its URL."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from functools import partial
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError, NotSupportedError
from enstorage.interval import Interval

#: The aggregate functions, in the order in which messages list them.
AGGREGATES = ("mean", "median", "sum", "min", "max", "first", "last", "count")

Points = tuple[NDArray[np.int64], NDArray[np.float64]]


class SeriesStore(ABC):
    """Keeps points: a time (int64 nanoseconds since 1970, UTC) and a finite float64 value, for each data source.

    Promises that every store keeps, checked by `enstorage.testing.SeriesStoreContract`:

    - A source has at most one value at a time. Writing an existing time replaces the value; of two writes, the one
      that was committed later wins, whatever the clocks say.
    - A write is there whole or not at all, also when the process is killed. When the call returns, it is durable.
    - Reading gives points sorted by time; what is written during a read is in it whole or not at all.
    - Threads and processes may write and read at once.
    - A source that was never written to reads as no points; it is not an error.

    What goes wrong is raised as `enstorage.errors.StoreError`.
    """

    @abstractmethod
    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Store points, sorted by time and without duplicates: shape (n,) each, n ≥ 1."""

    @abstractmethod
    def read(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> Points:
        """The points of the half-open period [time_from, time_to), None leaving that side open; shape (n,) each."""

    @abstractmethod
    def aggregate(self, source_id: int, time_from: int, time_to: int, interval: Interval, aggregate: str) -> Points:
        """The points of [time_from, time_to) grouped into buckets of `interval`.

        Returns:
            Start of each bucket that has points, and the aggregate (one of `AGGREGATES`) over them; shape (k,) each.
        """

    @abstractmethod
    def extent(self, source_id: int) -> tuple[int, int] | None:
        """The times of the first and the last point; None when there are no points."""

    @abstractmethod
    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """Delete the points of [time_from, time_to); returns how many there were."""

    @abstractmethod
    def delete_source(self, source_id: int) -> None:
        """Delete all points of a source, for good."""

    def delete_leftovers(self, source_ids: Collection[int]) -> None:
        """Delete what is there of new sources: points of a transaction that was undone, whose ids are given out again."""
        for source_id in source_ids:
            if self.extent(source_id) is not None:
                self.delete_source(source_id)

    @abstractmethod
    def compact(self) -> None:
        """Drop what was replaced or deleted and join small pieces. Readers notice nothing."""


def check_aggregate(aggregate: str) -> str:
    """The name of an aggregate function, as given.

    Raises:
        InvalidInputError: there is no such function.
    """
    if aggregate not in AGGREGATES:
        raise InvalidInputError(f"There is no aggregate {aggregate!r}; known are {', '.join(AGGREGATES)}.")
    return aggregate


_KINDS = {"delta": ("enstorage.series.delta", "DeltaSeries"), "memory": ("enstorage.series.memory", "MemorySeries")}


def find_series(url: str) -> Callable[[], SeriesStore]:
    """What opens the series store that a URL such as `delta:FOLDER` or `memory:` names.

    Raises:
        NotSupportedError: the scheme is not known; the message lists those that are.
    """
    scheme, separator, place = url.partition(":")
    if not separator or scheme not in _KINDS or "//" in place or (scheme == "delta") != bool(place):
        raise NotSupportedError(
            f"{url!r} names no series store; known are delta:FOLDER and memory: (nothing behind it)."
        )
    module, name = _KINDS[scheme]
    make: Callable[[str], SeriesStore] = getattr(import_module(module), name)
    return partial(make, place)
