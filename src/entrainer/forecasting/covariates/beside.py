"""The covariates of a model of several series, from its first window to the last one of a forecast."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage import DataPreparation, DataSnapshot, Model
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from enstorage.series.base import Points
from entrainer.forecasting.covariates.given import NAIVE, CovariateForecaster, CovariatesAhead, known_points
from entrainer.forecasting.history import Known, rows_up_to

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Beside:
    """Prepared values of the covariates.

    Attributes:
        values: from the first row of the first window on, shape (rows, series − 1).
        column: place of the own series among the series of X.
    """

    values: Floats
    column: int

    def windows(self, own: Floats, first: int) -> Floats:
        """Windows of the own series with those of the covariates beside them.

        Args:
            own: prepared values, shape (1, lag).
            first: the row in which they begin.

        Returns:
            Shape (1, lag, series).
        """
        others = self.values[np.newaxis, first : first + own.shape[1]]
        return np.insert(others, self.column, own, axis=2)


def beside(
    model: Model,
    window: Window,
    preparations: Sequence[DataPreparation],
    known: Known,
    horizon: int,
    ahead: CovariatesAhead,
) -> Beside:
    """The covariates of a forecast, from what is known, given or forecast of them.

    Args:
        model: with samples of `Branches`.
        window: lag, offset and horizon of these.
        preparations: of all series that the model sees, in order.
        known: the rows of the own series.
        horizon: how many steps.
        ahead: values of covariates past the end of the data.

    Raises:
        InvalidInputError: a covariate ends early; the message says until when it is known, how many steps are missing, and
            what to do. Or what is given of it cannot be used.
    """
    others = [(each, each.data_snapshot) for each in preparations]
    column = next(place for place, (_, snapshot) in enumerate(others) if snapshot.data_source_id == known.series)
    del others[column]
    names = {snapshot.id: snapshot.data_source.name for _, snapshot in others}
    ahead.check(str(model), list(names.values()))
    width = window.lag + window.offset - 1
    further = max(0, (horizon - 1) // window.horizon * window.horizon - window.offset + 1)
    times = np.concatenate([known.times[-width:], known.calendar.after(int(known.times[-1]), further)])
    found, told, missing = [], [], []
    for preparation, snapshot in others:
        name = names[snapshot.id]
        newer = next((each for each in ahead.snapshots if each.data_source_id == snapshot.data_source_id), None)
        own = rows_up_to(preparation, newer, known.next_time if ahead.is_cut else None)
        points = _given(name, own, snapshot, known.next_time, ahead)
        path = _path(own, points)
        lacking = int((times > path[0][-1]).sum())
        if lacking and name in ahead.others:
            points = _forecast(model, name, ahead.others[name], own, path, lacking, times)
            told.append(f"{name} for {lacking} steps by {ahead.others[name]}")
            path = _joined(path, points)
        elif lacking:
            until = own.calendar.label(int(path[0][-1]))
            first = own.calendar.label(int(times[-lacking]))
            missing.append(f"{name} is known until {until}; {lacking} steps from {first} on are missing")
        found.append(_prepared(own, path, times))
    if missing:
        raise InvalidInputError(
            f"{model} sees other series, and for {horizon} steps it needs them until "
            f"{known.calendar.label(int(times[-1]))}. {'; '.join(missing)}. Give their values, known={{name: values}}, or "
            f"who forecasts them, others={{name: a model, or {NAIVE!r}}}; or take a shorter horizon."
        )
    if told:
        warnings.warn(f"Covariates of {model} are forecast, not known: {'; '.join(told)}.", stacklevel=4)
    values = np.column_stack(found)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        which = [name for name, column in zip(names.values(), values.T, strict=True) if not np.isfinite(column).all()]
        raise InvalidInputError(
            f"{', '.join(which)} has no value at {known.calendar.label(int(times[place]))}, and {model} needs it. Give its "
            "values in known=, another time_from, or prepare it with a clean method that fills gaps, such as 'forward'."
        )
    return Beside(values, column)


def _given(name: str, own: Known, snapshot: DataSnapshot, first: int, ahead: CovariatesAhead) -> Points | None:
    return known_points(ahead.known[name], name, own, snapshot, first) if name in ahead.known else None


def _path(own: Known, points: Points | None) -> Points:
    """The cleaned rows of a covariate, with what is given of it."""
    rows: Points = own.times, own.cleaned
    return rows if points is None else _joined(rows, points)


def _joined(rows: Points, later: Points) -> Points:
    """Rows in which the later ones take the place of those of equal times."""
    times = np.concatenate([rows[0][~np.isin(rows[0], later[0])], later[0]])
    values = np.concatenate([rows[1][~np.isin(rows[0], later[0])], later[1]])
    order = np.argsort(times, kind="stable")
    return times[order], values[order]


def _prepared(own: Known, path: Points, times: NDArray[np.int64]) -> Floats:
    """The prepared values at some times, NaN where there is none."""
    grid = own.calendar.range(int(path[0][0]), int(max(path[0][-1], times[-1])) + 1)
    values = np.full(len(grid), np.nan)
    at = np.searchsorted(grid, path[0])
    inside = (at < len(grid)) & (grid[np.minimum(at, len(grid) - 1)] == path[0])
    values[at[inside]] = path[1][inside]
    prepared = own.transform.apply(values)
    place = np.minimum(np.searchsorted(grid, times), len(grid) - 1)
    return np.where(grid[place] == times, prepared[place], np.nan)


def _forecast(
    model: Model,
    name: str,
    other: CovariateForecaster | str,
    own: Known,
    path: Points,
    lacking: int,
    times: NDArray[np.int64],
) -> Points:
    """The last steps of a covariate, as another forecasts them."""
    first = int(own.calendar.after(int(path[0][-1]), 1)[0])
    if isinstance(other, str):
        return times[-lacking:], np.full(lacking, path[1][-1])
    steps = len(own.calendar.range(first, int(times[-1]) + 1))
    points = other.forecast(steps, first, own.series)
    points = points.filter(pl.col("quantile").is_null()).sort("id")
    if points["id"].to_list()[-lacking:] != times[-lacking:].tolist():
        raise InvalidInputError(
            f"{other} forecasts other times than those that {model} needs of {name}; expected a forecast of this "
            "series from its end on."
        )
    return points["id"].to_numpy(), points["value"].to_numpy()
