"""Histories that callers give as plain values, in place of the stored rows."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from enstorage import DataSnapshot, Model
from enstorage.arrays.missing import unmasked
from enstorage.entity._inputs import snapshots_of
from enstorage.errors import InvalidInputError
from entrainer.forecasting.history import calendar_of
from entrainer.forecasting.window import learned_series


def from_values(model: Model, values: ArrayLike) -> dict[str, Any]:
    """The arguments of `entrainer.forecast` and `endirector.forecast` by which they forecast what follows given values.

    Values of a series that the model was trained on are prepared by the figures of its preparation. To a model of many
    series they are a new one, whose figures are its own.

    Args:
        model: with a data set of windows.
        values: of consecutive buckets in the units of the source, the oldest first, finite; shape (n,).

    Returns:
        `snapshot` or `series`. Their times end with the last stored row, or go beyond it where there are more values.

    Raises:
        InvalidInputError: the values are not finite numbers in one dimension, or the series has no interval.
        NotFoundError: the model has no data set.
    """
    history = unmasked(values, float)
    if history.ndim != 1 or not history.size or not np.isfinite(history).all():
        raise InvalidInputError(
            f"A history is finite numbers, the oldest first, of shape (n,); received {history.shape}. Fill gaps first.",
            field="history",
        )
    learned = learned_series(model)
    own = snapshots_of(list(learned.values()))[0]
    stored, _ = own.read()
    first = int(stored[max(0, len(stored) - len(history))])
    times = np.concatenate([[first], calendar_of(own).after(first, len(history) - 1)]).astype(np.int64)
    if model.data_set().is_pooled:
        return {"series": (times, history)}
    given = DataSnapshot(
        data_source_id=own.data_source_id,
        time_from=first,
        time_to=int(times[-1]) + 1,
        time_interval=own.time_interval,
        time_zone=own.time_zone,
        anchor=own.anchor,
        dates=own.dates,
        aggregate=own.aggregate,
        rows=len(history),
        connector=model.connector,
    )
    given.__dict__["_csv"] = _GivenRows(pl.DataFrame({"time": times, "value": history}))
    return {"snapshot": given}


class _GivenRows:
    """The table of a snapshot that is not stored."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows

    def table(self) -> pl.DataFrame:
        """The rows."""
        return self._rows
