"""Inputs of a gate, which weighs members by row: prepared values before each target, or inputs of samples."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.members.leakage import preparations_of
from enstorage import DataPreparation, DataSet, Model
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part


def longest_lag(models: Sequence[Model]) -> int | None:
    """The longest lag of the members' data sets, or the number of inputs of their samples; None if they have neither."""
    lags = [_fact(model, "lag") for model in models]
    longest = max((lag for lag in lags if lag is not None), default=None)
    if longest is None and (sets := _sets_of_samples(models)):
        _, X, _ = sets[0].arrays(np.array([0]))
        return int(X.size)
    return longest


def smallest_offset(models: Sequence[Model]) -> int:
    """Smallest offset of the first target from the end of the window, over all models; 1 if no model has one."""
    return min((offset for model in models if (offset := _fact(model, "offset")) is not None), default=1)


def windows_before(
    keys: pl.DataFrame, models: Sequence[Model], lag: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The last `lag` prepared values that were known when the first of the members forecast each target.

    For the next value (offset 1, step 1) these are the values right before the target. Of a series that members have
    prepared in several ways, the preparation with the fewest train rows counts, so that nothing in it was fitted on a row
    that is a test row for another member. For members whose samples come from no series, the
    windows are the inputs of the samples.

    Args:
        keys: columns `series`, `id`, `step`.
        models: the members.
        lag: number of values; for samples, all their inputs.

    Returns:
        The windows, oldest value first, shape (rows, lag), and a mask of rows that have one, shape (rows,): rows at the
        beginning of a series and rows whose window would span a dropped row have none.

    Raises:
        InvalidInputError: no row has one, or samples have another number of inputs.
    """
    if sets := _sets_of_samples(models):
        return _inputs_of_samples(keys, sets, lag)
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
            f"No common target has {lag} prepared values before it, so a gate has no inputs. Take a shorter "
            "gate_lag, or members of which one has a data set or a research with a preparation."
        )
    return windows, known


def _sets_of_samples(models: Sequence[Model]) -> list[DataSet]:
    """The members' data sets where they come from no series; none where any member is of one."""
    if any(preparations_of(model) for model in models):
        return []
    return list({model.data_set_id: model.data_set() for model in models if model.data_set_id is not None}.values())


def _inputs_of_samples(
    keys: pl.DataFrame, sets: Sequence[DataSet], count: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """See `windows_before`. Sets with another number of inputs than the first are not used."""
    arrays = [data_set.arrays() for data_set in sets]
    found = [(ids, np.asarray(X, dtype=np.float64).reshape(len(X), -1)) for ids, X, _ in arrays]
    inputs = found[0][1].shape[1]
    if inputs != count:
        raise InvalidInputError(
            f"A gate sees all inputs of a sample, which are {inputs}; received gate_lag={count}. Leave gate_lag out."
        )
    alike = [(ids, X) for ids, X in found if X.shape[1] == inputs]
    ids, first = np.unique(np.concatenate([ids for ids, _ in alike]), return_index=True)
    X = np.concatenate([X for _, X in alike])[first]
    own = keys["id"].to_numpy()
    at = np.minimum(np.searchsorted(ids, own), len(ids) - 1)
    known = ids[at] == own
    if not known.any():
        raise InvalidInputError(
            "No common target is a sample of the members' data sets, so a gate has no inputs. Give a member "
            "the data set of the samples."
        )
    return X[at], known


def preparations_by_series(models: Sequence[Model]) -> dict[int, DataPreparation]:
    """Of each series (data source id) the preparation with the fewest train rows; of several the first that was made."""
    every = {preparation.id: preparation for model in models for preparation in preparations_of(model)}
    chosen: dict[int, tuple[int, DataPreparation]] = {}
    for _, preparation in sorted(every.items()):
        train_rows = int((preparation.table()["part"] == Part.TRAIN).sum())
        source = preparation.data_snapshot.data_source_id
        if source not in chosen or train_rows < chosen[source][0]:
            chosen[source] = train_rows, preparation
    return {source: preparation for source, (_, preparation) in chosen.items()}


def _fact(model: Model, name: str) -> int | None:
    value = None if model.data_set_id is None else model.data_set().adapter.get(name)
    return value if type(value) is int else None
