"""The prepared values before each target: what a method may look at to tell when which member is good."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.honesty import preparations_of
from enstorage import DataPreparation, Model
from enstorage.errors import InvalidInputError


def longest_lag(models: Sequence[Model]) -> int | None:
    """The longest lag of the members' data sets; None where none has one."""
    lags = [_fact(model, "lag") for model in models]
    return max((lag for lag in lags if lag is not None), default=None)


def smallest_offset(models: Sequence[Model]) -> int:
    """How far past the window the first target lies, of the model for which that is least; 1 where none says."""
    return min((offset for model in models if (offset := _fact(model, "offset")) is not None), default=1)


def windows_before(
    keys: pl.DataFrame, models: Sequence[Model], lag: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The last `lag` prepared values that were known when the first of the members forecast each target.

    For the next value (offset 1, step 1) these are the values right before the target. Of a series that members have
    prepared in several ways, the preparation with the fewest train rows counts, so that nothing in it was fitted on a row
    that is a test row for another member.

    Args:
        keys: columns `series`, `id`, `step`.
        models: the members.
        lag: how many.

    Returns:
        The windows, oldest value first, shape (rows, lag), and for which rows there is one, shape (rows,): not at the
        beginning of a series, and not where a window would span a row that was dropped.

    Raises:
        InvalidInputError: no row has one.
    """
    ahead = smallest_offset(models) + keys["step"].to_numpy().astype(np.int64) - 1
    windows, known = np.zeros((keys.height, lag)), np.zeros(keys.height, dtype=bool)
    series, ids = keys["series"].to_numpy(), keys["id"].to_numpy()
    for source, preparation in preparations_by_series(models).items():
        own = np.flatnonzero(series == source)
        table = preparation.table().sort("position")
        position, values = table["position"].to_numpy(), table["prepared"].to_numpy()
        at = np.minimum(np.searchsorted(table["time"].to_numpy(), ids[own]), table.height - 1)
        first = at - ahead[own] - lag + 1
        fits = (table["time"].to_numpy()[at] == ids[own]) & (first >= 0)
        own, at, first = own[fits], at[fits], first[fits]
        found = values[first[:, None] + np.arange(lag)]
        whole = (position[at] - position[first] == at - first) & np.isfinite(found).all(axis=1)
        windows[own[whole]], known[own[whole]] = found[whole], True
    if not known.any():
        raise InvalidInputError(
            f"No common target has {lag} prepared values before it, so there is nothing for a gate to see. Take a shorter "
            "gate_lag, or members of which one has a data set or a research with a preparation."
        )
    return windows, known


def preparations_by_series(models: Sequence[Model]) -> dict[int, DataPreparation]:
    """Of each series (data source id) the preparation with the fewest train rows; of several the first that was made."""
    every = {preparation.id: preparation for model in models for preparation in preparations_of(model)}
    chosen: dict[int, tuple[int, DataPreparation]] = {}
    for _, preparation in sorted(every.items()):
        train_rows = int((preparation.table()["part"] == 0).sum())
        source = preparation.data_snapshot.data_source_id
        if source not in chosen or train_rows < chosen[source][0]:
            chosen[source] = train_rows, preparation
    return {source: preparation for source, (_, preparation) in chosen.items()}


def _fact(model: Model, name: str) -> int | None:
    value = None if model.data_set_id is None else model.data_set().adapter.get(name)
    return value if type(value) is int else None
