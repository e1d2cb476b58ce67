"""Completeness of the buckets of a period: empty, shared, or covered only in part by its points."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.snapping import edges_of
from enstorage.instant import SECOND, to_iso

# Share of the distances between points that a usual one does not exceed; and room for days of 25 hours.
_USUAL = 0.95
_ROOM = 1.1


@dataclass(frozen=True, slots=True)
class Completeness:
    """Counts of the points and buckets of a period.

    Attributes:
        points: number of points.
        buckets: number of buckets of the period.
        empty_before: number of empty buckets before the first point.
        empty_between: number of empty buckets between points.
        empty_after: number of empty buckets after the last point.
        shared_buckets: number of buckets with several points.
        partial_first: true if the points cover the first bucket with points only in part.
        partial_last: the same of the last one.
        jitter_seconds: largest distance of a time from the nearest start of a bucket, if most buckets hold one point, some
            hold several and some none; else None.
    """

    points: int
    buckets: int
    empty_before: int
    empty_between: int
    empty_after: int
    shared_buckets: int
    partial_first: bool
    partial_last: bool
    jitter_seconds: float | None

    @classmethod
    def of(cls, times: NDArray[np.int64], starts: NDArray[np.int64], calendar: Calendar) -> "Completeness":
        """Count.

        Args:
            times: of the points, ns, ascending, at least one, shape (points,).
            starts: of all buckets of the period, ns, ascending, shape (buckets,).
            calendar: the buckets.
        """
        edges = edges_of(starts, calendar)
        place = np.searchsorted(times, edges)
        counts = np.diff(place)
        filled = np.flatnonzero(counts)
        first, last = int(filled[0]), int(filled[-1])
        leads = times[place[filled]] - edges[filled]
        tails = edges[filled + 1] - times[place[filled + 1] - 1]
        usual, is_dense = _distances(times, int(edges[first + 1] - edges[first]))
        empty, shared = last + 1 - first - len(filled), int((counts > 1).sum())
        return cls(
            points=len(times),
            buckets=len(starts),
            empty_before=first,
            empty_between=empty,
            empty_after=len(starts) - 1 - last,
            shared_buckets=shared,
            partial_first=bool(is_dense and leads[0] >= usual and leads[0] > leads[1:-1].max(initial=0)),
            partial_last=bool(is_dense and tails[-1] > _ROOM * usual and tails[-1] > tails[1:-1].max(initial=0)),
            jitter_seconds=_jitter(times, edges) if shared and empty and np.median(counts[filled]) == 1 else None,
        )

    @property
    def measured(self) -> int:
        """Number of buckets with points."""
        return self.buckets - self.empty_before - self.empty_between - self.empty_after

    def rows(self, *, whole_period: bool, keep_partial: bool) -> slice:
        """The buckets that a snapshot keeps: from the first to the last with points, without those covered in part.

        A bucket that is covered in part is kept if nothing would be left without it.

        Args:
            whole_period: keep all buckets.
            keep_partial: keep the first and the last bucket with points in any case.
        """
        if whole_period:
            return slice(0, self.buckets)
        first, end = self.empty_before, self.buckets - self.empty_after
        inner = first + self.partial_first, end - self.partial_last
        return slice(first, end) if keep_partial or inner[0] >= inner[1] else slice(*inner)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)


def _distances(times: NDArray[np.int64], length: int) -> tuple[int, bool]:
    """The largest usual distance between points; and whether a bucket of that length usually holds several of them."""
    distances = np.diff(times)
    if not len(distances):
        return 0, False
    at = [len(distances) // 2, int(np.ceil(_USUAL * (len(distances) - 1)))]
    median, usual = np.partition(distances, at)[at].tolist()
    return usual, 2 * median <= length


def _jitter(times: NDArray[np.int64], edges: NDArray[np.int64]) -> float:
    after = np.searchsorted(edges, times, side="right")
    nearest = np.minimum(times - edges[after - 1], edges[after] - times)
    return int(nearest.max()) / SECOND


def in_words(found: Mapping[str, Any], interval: str, label: Callable[[int], str] = to_iso) -> list[str]:
    """Sentences about what is unusual in the completeness of a period; none if nothing is.

    Args:
        found: from `Completeness.to_json`; of a snapshot with `left_out` and `partial`, see `DataSnapshot.completeness`.
        interval: of the buckets.
        label: the text of a time.
    """
    left_out, said = found.get("left_out"), []
    shared, empty, jitter = found["shared_buckets"], found["empty_between"], found["jitter_seconds"]
    filled = found["buckets"] - found["empty_before"] - empty - found["empty_after"]
    if empty and 0 < shared < filled / 2:
        cause = "" if jitter is None else f": the times jitter by up to {float(f'{jitter:.3g}'):g} s"
        said.append(
            f"{_buckets(shared, 'holds', 'hold')} several points and {empty} none{cause}. If each point belongs to the "
            f'nearest bucket, write the points with snap="{interval}".'
        )
    elif empty:
        said.append(f"{_buckets(empty, 'is', 'are')} empty between points.")
    for where, time in (("first", "before"), ("last", "after")):
        if found[f"empty_{time}"]:
            done = "" if left_out is None else ", left out" if left_out[f"empty_{time}"] else ", kept"
            said.append(f"{_buckets(found[f'empty_{time}'], 'is', 'are')} empty {time} all points{done}.")
        if found[f"partial_{where}"]:
            bucket = "" if left_out is None else f", {label(found['partial'][where])},"
            done = "" if left_out is None else ", and is left out" if left_out[f"partial_{where}"] else ", and is kept"
            said.append(f"The {where} bucket{bucket} is covered by points only in part{done}.")
    return said


def _buckets(count: int, one: str, many: str) -> str:
    return f"1 bucket {one}" if count == 1 else f"{count} buckets {many}"
