"""Covariates in the store: a panel for each, whose keys are those of the panel of the series that are forecast."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSource, Panel
from enstorage.calendars.calendar import Calendar
from enstorage.connector import Connector
from enstorage.entity._rows import rows_of_points
from enstorage.errors import InvalidInputError, NotFoundError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """The values of a covariate.

    Attributes:
        number: of the bucket of each value, see `Calendar.numbers`, ascending, shape (n,).
        values: finite, shape (n,).
    """

    number: Ints
    values: Floats

    def until(self, first: int, length: int) -> Floats:
        """The values of consecutive buckets, gaps and later ones filled with the value before, shape (length,).

        Buckets before the first value have that; NaN without any value.
        """
        if not len(self.values):
            return np.full(length, np.nan)
        at = np.searchsorted(self.number, np.arange(first, first + length), side="right") - 1
        return self.values[np.maximum(at, 0)]

    @property
    def last(self) -> int:
        """The number of the last bucket with a value; before all others without any."""
        return int(self.number[-1]) if len(self.number) else int(np.iinfo(np.int64).min)


def panel_of(id: int, name: str) -> Panel:
    """The panel of an id in the store that is open.

    Raises:
        InvalidInputError: there is none, or it has another name: the model was made in another store.
    """
    try:
        panel = Panel.get(id)
    except NotFoundError:
        panel = None
    if panel is None or panel.name != name:
        found = "none" if panel is None else f"{panel.name!r}"
        raise InvalidInputError(
            f"The model sees covariates of the panel {id}, {name!r}; in this store it is {found}. Forecast in the store in "
            f"which the model was made ({Connector.current()} is open)."
        )
    return panel


def keys_of(panel: Panel) -> dict[int, str]:
    """The key of each source of a panel, by its id."""
    return {member.data_source_id: member.key for member in panel.members()}


def covariate_of(panel: Panel, calendars: Mapping[str, Calendar]) -> dict[str, Buckets]:
    """The values of a covariate for some series, as they are now in the store.

    Args:
        panel: of the covariate: a source for each series, or one for all.
        calendars: of the series, by key.

    Returns:
        By key; none for a series that the panel has no source of.
    """
    sources = panel.sources()
    common = next(iter(sources.values())) if len(sources) == 1 else None
    wanted = {key: sources.get(key, common) for key in calendars}
    used = list({source.id: source for source in wanted.values() if source is not None}.values())
    points = dict(
        zip((each.id for each in used), panel.connector.series.read_many([each.id for each in used]), strict=True)
    )
    found: dict[tuple[int, str], Buckets] = {}
    by_key: dict[str, Buckets] = {}
    for key, source in wanted.items():
        if source is None:
            continue
        at = source.id, str(calendars[key])
        if at not in found:
            found[at] = _buckets(source, calendars[key], *points[source.id])
        by_key[key] = found[at]
    return by_key


@dataclass(slots=True)
class _Grouping:
    """The buckets of a covariate: those of the series."""

    calendar: Calendar | None
    aggregate: str


def _buckets(source: DataSource, calendar: Calendar, times: Ints, values: Floats) -> Buckets:
    if not len(times):
        return Buckets(np.empty(0, np.int64), np.empty(0))
    rows = rows_of_points(_Grouping(calendar, source.aggregate), times, values, keep_partial=True)
    is_known = np.isfinite(rows.values)
    return Buckets(calendar.numbers(rows.times[is_known]), rows.values[is_known])
