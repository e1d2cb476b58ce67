"""Reading and writing the points of many sources in few calls, with bounded memory."""

from collections.abc import Iterable, Iterator, Sequence

from enstorage.series.base import Points, SeriesStore

# Thirty-two megabytes of times and values.
_POINTS_AT_ONCE = 2_000_000
_MOST_SOURCES = 1000


def read_each(
    series: SeriesStore, source_ids: Sequence[int], *, version: int | None = None
) -> Iterator[tuple[int, Points]]:
    """All points of many sources, one source after the other.

    How many sources are read by one call follows from the points that were found: short series are read a thousand at a
    time, long ones one by one.

    Args:
        series: the store.
        source_ids: all different.
        version: see `SeriesStore.read`.

    Yields:
        The id of a source and its points, in the order of the ids.
    """
    start, count = 0, 1
    while start < len(source_ids):
        batch = source_ids[start : start + count]
        read = series.read_many(batch, version=version)
        yield from zip(batch, read, strict=True)
        start += len(batch)
        mean = max(1, sum(len(times) for times, _ in read) // len(batch))
        # Sources may differ in length: the next batch is at most ten times as large.
        count = max(1, min(10 * count, _MOST_SOURCES, _POINTS_AT_ONCE // mean))


def append_each(series: SeriesStore, points: Iterable[tuple[int, Points]]) -> int:
    """Store points of many sources in few calls; returns how many points. Sources without points are passed over."""
    batch, waiting, total = [], 0, 0
    for source_id, (times, values) in points:
        if not len(times):
            continue
        batch.append((source_id, times, values))
        waiting += len(times)
        total += len(times)
        if waiting >= _POINTS_AT_ONCE:
            series.append_many(batch)
            batch, waiting = [], 0
    if batch:
        series.append_many(batch)
    return total
