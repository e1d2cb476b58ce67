"""The targets of forecasts that come from elsewhere, as the ids that rows have."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.calendars.stamps import parse_times
from enstorage.entity._inputs import snapshots_of
from enstorage.entity.data_source import DataSource
from enstorage.entity.forecast import each_series
from enstorage.instant import check_no_time_is_masked, not_years

if TYPE_CHECKING:
    from enstorage.entity.calendar_columns import CalendarColumns
    from enstorage.entity.data_set import DataSet
    from enstorage.entity.model import Model


def ids_of(model: "Model", id: ArrayLike, series: ArrayLike, data_set: "DataSet | None") -> NDArray[np.int64]:
    """The start of the bucket of each stamp, by the calendar of its series, as points are put into buckets.

    Args:
        model: whose forecasts they are.
        id: times in any form, local to the zone of their series without an offset; shape (rows,) or (rows, horizon).
        series: id of the data source of each row, shape (rows,), or of all.
        data_set: that of the model; None if it has none.

    Returns:
        int64, the shape of `id`; of events the times themselves.

    Raises:
        InvalidInputError: a time cannot be read.
    """
    check_no_time_is_masked(id)
    shape = np.shape(id)
    flat = np.asarray(id, dtype=None if hasattr(id, "dtype") else object).ravel() if len(shape) != 1 else id
    each = each_series(series, shape[0] if shape else 1, int(np.prod(shape[1:])))
    clocks = _clocks(model, data_set)
    known = np.unique(each)
    if len(known) == 1:
        return _in_buckets(flat, clocks.get(int(known[0])) or _source(model, int(known[0]))).reshape(shape)
    stamps, order = np.asarray(flat), np.argsort(each, kind="stable")
    first = np.searchsorted(each[order], known)
    ids = np.empty(len(each), dtype=np.int64)
    parts = np.split(order, first[1:]) if len(known) else []
    for source_id, rows in zip(known.tolist(), parts, strict=True):
        ids[rows] = _in_buckets(stamps[rows], clocks.get(source_id) or _source(model, source_id))
    return ids.reshape(shape)


def _in_buckets(stamps: ArrayLike, clock: "CalendarColumns") -> NDArray[np.int64]:
    calendar = clock.calendar
    is_counter = calendar is not None and calendar.is_counter
    is_number = np.asarray(stamps).dtype.kind in "iu"  # ids of a data set, in ns
    if is_number and not is_counter:
        not_years(stamps)
    times = parse_times(stamps, clock.time_zone, "ns" if is_number else None, is_counter=is_counter)
    return times if calendar is None else calendar.floor(times)


def _clocks(model: "Model", data_set: "DataSet | None") -> "dict[int, CalendarColumns]":
    """The snapshots that targets are from, by the id of their source."""
    own = model.research.data_preparation
    preparations = data_set.preparations() if data_set is not None else [] if own is None else [own]
    return {each.data_source_id: each for each in (snapshots_of(preparations) if preparations else ())}


def _source(model: "Model", source_id: int) -> DataSource:
    return DataSource.get(source_id, connector=model.connector)
