"""`forecast`: an ensemble forecasts times past the end of its data."""

import warnings
from collections.abc import Mapping, Sequence

import polars as pl
from numpy.typing import ArrayLike

from endirector.forecasting.calibrate import LEVELS, hindcast_residuals, residuals_of
from endirector.forecasting.members_ahead import Start, own_steps, points_ahead
from enstorage import DataSnapshot, DataSource, Ensemble
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.progress import Progress, listening
from entrainer.forecasting.conformal import by_step, checked_levels
from entrainer.forecasting.forecast import check_horizon, no_interval


def forecast(
    ensemble: Ensemble,
    horizon: int,
    time_from: TimeLike | None = None,
    *,
    levels: Sequence[float] | None = None,
    snapshot: DataSnapshot | None = None,
    series: DataSource | int | None = None,
    given: Mapping[str, ArrayLike] | None = None,
    progress: bool | Progress = True,
) -> pl.DataFrame:
    """Forecast the steps that follow the data of an ensemble: with every member, combined as it was rendered.

    Each member forecasts recursively, see `entrainer.forecast`, and the forecasts of each step are combined. Weights
    that differ by step are those of the last step that they were fitted for, where the horizon goes beyond it. The gate of
    a mixture sees forecasts of the ensemble where values are not known yet. Nothing is stored.

    Args:
        ensemble: a rendered one.
        horizon: number of steps, at least 1.
        time_from: the first time to forecast, see `entrainer.forecast`. By default the first time that not all members
            know.
        levels: of the intervals, from the residuals that `calibrate` uses; () for none. By default 0.8 and 0.95; without
            residuals, a warning says how to get some.
        snapshot: a newer one of the same source, to forecast from its end.
        series: for members of pooled sets the data source to forecast, or its id.
        given: forecasts of members that have no object, made elsewhere: for the name of each member a value for each
            step, in the units of the source, shape (horizon,).
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        Columns as of `entrainer.forecast`. Recursive steps have quantiles if hindcasts of rows that no member was trained
        on are possible; a warning names the steps without.

    Raises:
        CancelledError: the progress function asked to stop.
        NotFoundError: the ensemble was not rendered.
        InvalidInputError: a member cannot forecast past the end of its data, and `given` has no values for it; or levels
            were given and there are no or too few residuals.
    """
    check_horizon(horizon)
    with ensemble.connector, listening(progress) as report:
        report("Forecasts of the members", 0, 3)
        points = points_ahead(ensemble, Start(horizon, time_from, snapshot, series, dict(given or {})))
        wanted = LEVELS if levels is None else checked_levels(levels)
        if not wanted:
            report("Forecast", 3, 3)
            return points
        report("Residuals", 1, 3)
        try:
            direct = residuals_of(ensemble)
        except InvalidInputError as error:
            if levels is not None:
                raise
            warnings.warn(str(error), stacklevel=2)
            report("Forecast", 3, 3)
            return points
        report("Steps that are made of forecasts", 2, 3)
        direct_step = own_steps(ensemble, horizon)
        hindcast = None
        if len(direct_step) < horizon:
            hindcast = hindcast_residuals(ensemble, horizon, points["series"][0])
        found = by_step(horizon, direct, direct_step, hindcast)
        if levels is not None:
            found.only(direct_step).check(wanted)
        without = found.steps_without(wanted, horizon)
        if without:
            warnings.warn(no_interval(str(ensemble), without), stacklevel=2)
        report("Forecast", 3, 3)
        return found.with_intervals(points, wanted)
