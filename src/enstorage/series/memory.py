"""Points in the memory of the process, for tests and experiments."""

from collections.abc import Callable
from threading import Lock
from typing import Self

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.places.claim import check_claim
from enstorage.places.masking import masked
from enstorage.series.base import Points, SeriesStore, refuse_version
from enstorage.series.grouping import group

_NOTHING: Points = (np.empty(0, np.int64), np.empty(0, np.float64))


class MemorySeries(SeriesStore):
    """A series store that lasts until the process ends: `memory:`."""

    is_in_process = True
    groups_points_read = True

    @classmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """See `SeriesStore.parse`."""
        if url != "memory:":
            raise InvalidInputError(
                f"{masked(url)!r} is not the URL of points in memory; expected memory: with nothing behind it."
            )
        return cls

    def __init__(self) -> None:
        self._points: dict[int, Points] = {}
        self._lock = Lock()
        self._owner: str | None = None

    def claim(self, store_id: str) -> None:
        """See `SeriesStore.claim`."""
        with self._lock:
            check_claim(f"The series store {self}", self._owner or store_id, store_id)
            self._owner = store_id

    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """See `SeriesStore.append`."""
        with self._lock:
            old_times, old_values = self._points.get(source_id, _NOTHING)
            kept = ~np.isin(old_times, times)
            all_times = np.concatenate([old_times[kept], times])
            order = np.argsort(all_times)
            self._points[source_id] = all_times[order], np.concatenate([old_values[kept], values])[order]

    def read(
        self, source_id: int, time_from: int | None = None, time_to: int | None = None, *, version: int | None = None
    ) -> Points:
        """See `SeriesStore.read`."""
        refuse_version(self, version)
        times, values = self._points.get(source_id, _NOTHING)
        inside = _inside(times, time_from, time_to)
        return times[inside].copy(), values[inside].copy()

    def aggregate(
        self,
        source_id: int,
        time_from: int,
        time_to: int,
        interval: Calendar,
        aggregate: str,
        *,
        version: int | None = None,
    ) -> Points:
        """See `SeriesStore.aggregate`."""
        import polars as pl

        times, values = self.read(source_id, time_from, time_to, version=version)
        buckets = group(pl.DataFrame({"time": times, "value": values}), interval, aggregate)
        return buckets["time"].to_numpy(), buckets["value"].to_numpy()

    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """See `SeriesStore.extent`."""
        refuse_version(self, version)
        times, _ = self._points.get(source_id, _NOTHING)
        return (int(times[0]), int(times[-1])) if len(times) else None

    def sources(self) -> list[int]:
        """See `SeriesStore.sources`."""
        return sorted(self._points.copy())

    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """See `SeriesStore.delete_points`."""
        with self._lock:
            times, values = self._points.get(source_id, _NOTHING)
            inside = _inside(times, time_from, time_to)
            self._points[source_id] = times[~inside], values[~inside]
            return int(inside.sum())

    def delete_source(self, source_id: int) -> None:
        """See `SeriesStore.delete_source`."""
        with self._lock:
            self._points.pop(source_id, None)

    def compact(self) -> None:
        """See `SeriesStore.compact`: replaced points are not kept here."""

    def __repr__(self) -> str:
        return "memory:"


def _inside(times: NDArray[np.int64], time_from: int | None, time_to: int | None) -> NDArray[np.bool_]:
    inside = np.ones(len(times), dtype=bool)
    if time_from is not None:
        inside &= times >= time_from
    if time_to is not None:
        inside &= times < time_to
    return inside
