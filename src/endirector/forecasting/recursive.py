"""Recursive forecasts of a method that sees values before the target: later steps see its own forecasts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.members.series_features import series_features
from endirector.methods.base import Combination, Floats, Rows, TargetTimes
from enstorage.calendars.season import usual_season
from entrainer.forecasting.history import Known

Steps = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class GateHistory:
    """The values before a target that a gate sees besides the members' forecasts.

    Attributes:
        known: the rows of the series.
        lag: number of prepared values.
        offset: distance from the last of them to the first target, in steps.
        own_horizon: number of steps forecast from one window.
        sees_features: true if the method sees the features of the series at the origin, and no window.
    """

    known: Known
    lag: int
    offset: int
    own_horizon: int
    sees_features: bool = False


def combine_recursively(
    combination: Combination,
    forecasts: Floats,
    step: Steps,
    history: GateHistory | None,
    rows: int | None = None,
    *,
    series: int,
) -> Floats:
    """Combine step after step, (horizon, members) → (horizon,); the method sees its forecasts of the steps before.

    Args:
        combination: the fitted method.
        forecasts: of the members.
        step: of the fitted weights to use for each forecast step.
        history: the values before the targets; None for a method that sees none.
        rows: number of known rows of the history; by default all.
        series: id of the data source.

    Returns:
        NaN where the method needs a missing value.
    """
    targets = TargetTimes.ahead(series, len(forecasts))
    if history is None:
        return combination.predict(Rows(forecasts, step, targets=targets))
    path = history.known.cleaned[:rows]
    if history.sees_features:
        features = series_features(path, usual_season(history.known.calendar))
        every = np.tile(features, (len(forecasts), 1))
        return combination.predict(Rows(forecasts, step, targets=targets, features=every))
    first, value = len(path), np.full(len(forecasts), np.nan)
    for done in range(len(forecasts)):
        # The window ends where those of the members do, as when the ensemble was fitted, see `windows_before`.
        end = first + done - history.offset - done % history.own_horizon + 1
        window = history.known.transform.apply(path)[max(0, end - history.lag) : end]
        if len(window) == history.lag and np.isfinite(window).all():
            this = np.arange(len(forecasts)) == done
            row = Rows(forecasts[this], step[this], window[np.newaxis], targets.only(this))
            value[done] = combination.predict(row)[0]
        path = np.append(path, value[done])
    return value
