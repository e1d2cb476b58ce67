"""Signs of a leak in what a member was made from, and in its errors. They are warnings: each has innocent causes too."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.members.member import Member, parts_of
from enstorage import DataSet, Model
from enstorage.adapter.samples import fully_measured
from enstorage.entity.ensemble_result import PartErrors
from enstorage.preparation.split import Part

#: Rows below which a correlation or a mean says little.
_FEWEST = 20
#: As many rows are looked at, evenly spread: those of images are many.
_MOST = 10_000
_EQUAL = 0.9999
_FAR_BELOW = 0.01
#: Share of the rows after which the part changes, above which ids count as shuffled.
_SHUFFLED = 0.1
_EXACT = 1e-6
#: Adapters whose features are earlier values of the series itself, which may be as smooth as they like.
_OWN_PAST = {"window", "bins", "interval"}
#: Ids below are numbers of samples, such as those of images, and no times.
_NUMBERS_NS = 10**12


def signs_in_errors(id: int, metrics: Mapping[str, PartErrors]) -> Iterator[str]:
    """Signs in the errors of a member on test rows, as sentences without a subject.

    Args:
        id: of its item.
        metrics: errors by part.
    """
    if "test" not in metrics:
        return
    errors = {each: own["rmse"] for each, own in metrics["test"].members.items()}
    own, others = errors[id], [error for each, error in errors.items() if each != id]
    if own == 0:
        yield "has a test error of exactly 0, as forecasts have that know the truth."
    elif others and own < _FAR_BELOW * min(others):
        yield f"has a test error below 1 % of that of the next best member ({own:.3g} and {min(others):.3g})."


def signs_in_data(member: Member) -> Iterator[str]:
    """Signs in the data sets and forecasts of the models of a member, as sentences without a subject."""
    for model in member.models:
        of = "" if model is member.entity else f"has in it {model.name}, which "
        data_set = None if model.data_set_id is None else model.data_set()
        signs = [*_of_order(model, data_set)]
        if data_set is not None and data_set.adapter["name"] not in _OWN_PAST:
            signs += _of_features(data_set)
            if data_set.data_preparation_id is None:
                signs += _of_scale(data_set)
        yield from (f"{of}{sign}" for sign in signs)


def _of_order(model: Model, data_set: DataSet | None) -> Iterator[str]:
    if data_set is not None and data_set.data_preparation_id is not None:
        return  # split here: in time, or at random, which the mark says
    if data_set is not None:
        ids = data_set.ids()
        if len(ids) and np.abs(ids).max() < _NUMBERS_NS:
            return
        changes = int((np.diff(data_set.parts()) != 0).sum())  # samples are kept in the order of their ids
        if len(ids) >= _FEWEST and changes > _SHUFFLED * len(ids):
            yield f"has ids along which the part changes {changes} times in {len(ids)} rows, as if shuffled against time."
            return
    ends = (
        parts_of(model)
        .group_by("series")
        .agg(
            pl.col("id").filter(pl.col("part") == Part.TEST).min().alias("test"),
            pl.col("id").filter(pl.col("part") == Part.TRAIN).max().alias("train"),
        )
    )
    if ends.filter(pl.col("test") < pl.col("train")).height:
        yield "has test rows before the end of its train part, so it was trained on their future."


def _of_features(data_set: DataSet) -> Iterator[str]:
    rows = np.unique(np.linspace(0, data_set.rows - 1, min(data_set.rows, _MOST)).astype(np.int64))
    _, X, y = data_set.arrays(rows)
    measured = fully_measured(y)
    X, y = X[measured], y[measured]
    if X.dtype.kind not in "fiub" or len(X) < _FEWEST:
        return
    if data_set.adapter["name"] == "branches":
        own = [place for place, each in enumerate(data_set.preparations()) if each.id == data_set.data_preparation_id]
        X = np.delete(X, own, axis=2)
    features, targets = _normed(X), _normed(y)
    found = np.argwhere(np.abs(features.T @ targets) > _EQUAL)
    if len(found):
        yield f"has {len(set(found[:, 0].tolist()))} features that equal a target (|r| > {_EQUAL} on {len(X)} rows)."


def _normed(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Columns of mean 0 and norm 1; those of constants and with missing values are 0."""
    columns = np.asarray(values, np.float64).reshape(len(values), -1)
    centred = columns - columns.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    usable = np.isfinite(norms) & (norms > 1e-9 * np.abs(columns).max(axis=0))
    return np.where(usable, centred, 0.0) / np.where(usable, norms, 1.0)


def _of_scale(data_set: DataSet) -> Iterator[str]:
    """A scale that a person fitted before making the set: figures come out exactly on all rows, and not on train rows."""
    _, X, _ = data_set.arrays()
    train = data_set.parts() == Part.TRAIN
    if X.dtype.kind != "f" or train.sum() < _FEWEST or train.all():
        return
    columns = X.reshape(len(X), -1)
    varying = columns[:, columns.std(axis=0) > 0]
    if not varying.size:
        return
    is_standard = _near(varying.mean(axis=0), 0) & _near(varying.std(axis=0), 1)
    is_standard &= ~(_near(varying[train].mean(axis=0), 0) & _near(varying[train].std(axis=0), 1))
    ends = _near(varying.min(axis=0), 0) & _near(varying.max(axis=0), 1)
    inside = ~(_near(varying[train].min(axis=0), 0) & _near(varying[train].max(axis=0), 1))
    if is_standard.any() or (ends.all() and inside.any()):
        yield "has features that are scaled by figures of all rows, test rows among them."


def _near(values: NDArray[np.generic], wanted: float) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(np.asarray(values, np.float64) - wanted) < _EXACT
    return near
