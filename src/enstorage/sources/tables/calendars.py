"""The calendars of the series of a table, inferred from their times."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.guess import infer_calendar
from enstorage.instant import TimeLike
from enstorage.sources.tables.options import TableOptions, clock_of_tables
from enstorage.sources.tables.read import Table, read_cells, read_table, zone_of_times

# Of two times any distance is an interval.
_FEWEST_TIMES = 3


def infer_calendars(table: Table, time_zone: str = "UTC") -> dict[str, Calendar | None]:
    """The calendar of each series, from all of its times, also those without a value.

    Each series is inferred by itself, as `infer_calendar` does it. The calendar of most points is that of all series whose
    times are starts of its buckets, such as a shop that sells once a week in a table of days, and of those that are too
    short to have one of their own. If most points have none, as events, none has one. Counters have steps.

    Args:
        table: one that was read.
        time_zone: IANA name of the zone whose days and months are meant.

    Returns:
        Calendars by the keys of the series, in the order of the table.
    """
    times = _times(table)
    if table.report.is_counted:
        return dict.fromkeys(times, Calendar.parse("step"))
    found: dict[bytes, Calendar | None] = {}  # the series of a wide table have the same times
    own: dict[str, Calendar | None] = {}
    weights: Counter[Calendar | None] = Counter()
    for key, each in times.items():
        if len(each) < 2:
            own[key] = None
            continue
        content = each.tobytes()
        if content not in found:
            found[content] = infer_calendar(each, time_zone)
        own[key] = found[content]
        weights[own[key]] += len(each) if len(each) >= _FEWEST_TIMES else 0
    if not weights:
        return own
    common = max(weights, key=lambda calendar: weights[calendar])
    if common is None:
        return dict.fromkeys(times)
    fits: dict[bytes, bool] = {}
    calendars: dict[str, Calendar | None] = {}
    for key, each in times.items():
        content = each.tobytes()
        if content not in fits:
            short = len(each) < _FEWEST_TIMES
            fits[content] = own[key] == common or _are_apart(common, each, at_starts=not short and own[key] is not None)
        calendars[key] = common if fits[content] else own[key]
    return calendars


def read_on_clock(
    table: Any, time_interval: str | None, time_zone: str | None, anchor: TimeLike | None, options: Mapping[str, Any]
) -> tuple[Table, Calendar | None]:
    """A table for new sources, and their calendar; None if it is to be inferred.

    Args:
        table: see `read_table`; one that was read is given back.
        time_interval: of the sources; None: inferred.
        time_zone: of the sources, and of times without offset; None: see `zone_of_sources`.
        anchor: of the sources.
        options: what the caller knows of the table, see `TableOptions`.
    """
    given = dict(options)
    if not isinstance(table, Table):
        table = read_cells(table, TableOptions.of(given))
    buckets = time_interval or "1ns"  # points that are not grouped have a clock too
    zone = time_zone or zone_of_times(table, TableOptions.of(given)) or "UTC"
    clock = Calendar.parse(buckets, time_zone=zone, anchor=anchor)
    if given.get("snap") == str(clock):
        given["snap"] = clock  # with its anchor
    read = read_table(table, TableOptions.of(clock_of_tables(clock) | given))
    return read, None if time_interval is None else clock


def zone_of_sources(table: Table, told: str | None) -> str:
    """The zone of new sources: what the caller told, else that in which the table has its times, else UTC."""
    return told or table.report.time_zone or "UTC"


def _are_apart(calendar: Calendar, times: NDArray[np.int64], *, at_starts: bool) -> bool:
    """True if no two times share a bucket, and, if asked for, all are starts of buckets."""
    starts = calendar.floor(times)
    return bool((np.diff(starts) > 0).all()) and (not at_starts or bool((starts == times).all()))


def _times(table: Table) -> Mapping[str, NDArray[np.int64]]:
    gaps = {key[0]: part["time"].to_numpy() for key, part in table.gaps.partition_by("series", as_dict=True).items()}
    return {
        key: np.union1d(times, gaps[key]) if key in gaps else times for key, (times, _) in table.by_series().items()
    }
