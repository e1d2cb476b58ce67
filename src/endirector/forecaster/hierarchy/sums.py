"""Sums of series in the store, as sources of the same panel."""

from functools import reduce

import numpy as np

from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from enstorage import DataSource, Panel, write_all
from enstorage.entity._rows import rows_of_points
from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named


def write_sums(panel: Panel, hierarchy: Hierarchy) -> None:
    """Write the sums of series; sources that the panel does not have yet are made.

    A sum has a value where each of its series has one, or has not begun yet. So it ends with the series that ends first. A
    last bucket that points cover only in part has no sum, nor has a first one at which the first series begin.

    Args:
        panel: with the series.
        hierarchy: of them.

    Raises:
        InvalidInputError: the series have several intervals, or none.
    """
    sources = panel.sources()
    bottom = [sources[key] for key in hierarchy.bottom]
    first = bottom[0]
    if first.calendar is None or any(each.calendar != first.calendar for each in bottom):
        raise InvalidInputError(
            "The series of a hierarchy must have one interval, so that they can be added; they have "
            f"{', '.join(sorted({str(each.calendar) for each in bottom}))}. Give {named('time_interval')}."
        )
    points = panel.connector.series.read_many([each.id for each in bottom])
    rows = [rows_of_points(source, *each, keep_partial=True) for source, each in zip(bottom, points, strict=True)]
    times = reduce(np.union1d, (each.times for each in rows))
    values = {
        key: np.where(times < each.times[0], 0.0, np.nan) for key, each in zip(hierarchy.bottom, rows, strict=True)
    }
    begun = {key: times >= each.times[0] for key, each in zip(hierarchy.bottom, rows, strict=True)}
    for key, each in zip(hierarchy.bottom, rows, strict=True):
        values[key][np.searchsorted(times, each.times)] = each.values
        partial = (each.completeness or {}).get("partial", {})
        is_partial = np.isin(times, [*partial.values()]) & ((times != each.times[0]) | (times == times[0]))
        values[key][is_partial] = np.nan
    new = {
        key: DataSource(
            name=f"{panel.name} {key}",
            time_interval=first.time_interval,
            aggregate=first.aggregate,
            time_zone=first.time_zone,
            anchor=None if first.calendar is None else first.calendar.anchor,
            unit=first.unit or "",
            connector=panel.connector,
        )
        for key in hierarchy.sums
        if key not in sources
    }
    totals = []
    for own in hierarchy.sums.values():
        total = np.sum([values[key] for key in own], axis=0)
        is_known = np.isfinite(total) & np.any([begun[key] for key in own], axis=0)
        totals.append((times[is_known], total[is_known]))
    targets = [new.get(key) or sources[key] for key in hierarchy.sums]
    with panel.connector.transaction():
        write_all(targets, totals, time_unit="ns")
        if new:
            panel.add_all(new)
