"""`forecast`: an ensemble forecasts times past the end of its data."""

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
from numpy.typing import ArrayLike

from endirector.forecasting.calibrate import LEVELS
from endirector.forecasting.members_ahead import Start, gives_quantiles, own_steps, steps_of_ensemble, with_known_rows
from endirector.forecasting.residuals import calibration_of, hindcast_residuals, residuals_of
from endirector.methods.base import Combination
from enstorage import DataSnapshot, Ensemble
from enstorage.calendars.season import usual_season
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.progress import Listener, Progress, listening
from entrainer.forecasting.asked.series import Asked
from entrainer.forecasting.calibration.intervals import with_intervals
from entrainer.forecasting.calibration.levels import checked_levels, quantiles_of
from entrainer.forecasting.calibration.residuals import Residuals, residuals_by_step
from entrainer.forecasting.calibration.train_values import Floor, TrainValues, checked_floor
from entrainer.forecasting.covariates.given import CovariateForecaster, CovariatesAhead
from entrainer.forecasting.forecast import check_horizon, forecasters


def forecast(
    ensemble: Ensemble,
    horizon: int,
    time_from: TimeLike | None = None,
    *,
    levels: Sequence[float] | None = None,
    side: str = "both",
    floor: Floor = "found",
    snapshot: DataSnapshot | Sequence[DataSnapshot] | None = None,
    series: Asked = None,
    given: Mapping[str, ArrayLike] | None = None,
    known: Mapping[str, Any] | None = None,
    others: Mapping[str, Any] | None = None,
    combination: Combination | None = None,
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
        levels: of the intervals, from the residuals that `calibrate` uses; where these are too few, from the quantiles that
            all members forecast themselves, as the method combines them; () for none. By default 0.8 and 0.95; without
            residuals, a warning says how to get some.
        side: `both`, or `lower` or `upper` for intervals with this end alone.
        floor: the value that no end is below, see `entrainer.forecast`.
        snapshot: a newer one of the same source, to forecast from its end.
        series: for members of pooled sets the series to forecast, by default all; see `entrainer.forecast`.
        given: for one series, forecasts of members that have no object, made elsewhere: for the name of each member a
            value for each step, in the units of the source, shape (horizon,).
        known: covariates that are known ahead, for members that see several series; see `entrainer.forecast`.
        others: who forecasts covariates where they are not known; see there; also an ensemble of that series.
        combination: a fitted one of its members to combine by instead of the rendered one, such as with weights that moved.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        Columns as of `entrainer.forecast`. Recursive steps have residuals of their own if hindcasts of rows that no member
        was trained on are possible, else those of the nearest steps; warnings say so.

    Raises:
        CancelledError: the progress function asked to stop.
        NotFoundError: the ensemble was not rendered.
        InvalidInputError: a member cannot forecast past the end of its data, and `given` has no values for it; or levels
            were given and there are neither residuals nor quantiles of all members.
    """
    check_horizon(horizon)
    wanted, lowest = checked_levels(LEVELS if levels is None else levels, side), checked_floor(floor)
    with ensemble.connector as connector, listening(progress) as report, connector.database.remembering():
        report("Forecasts of the members", 0, 3)
        ahead = CovariatesAhead(known or {}, _forecasters(others or {}), is_cut=time_from is not None)
        start = Start(horizon, time_from, snapshot, series, dict(given or {}), ahead, combination=combination)
        start = with_known_rows(ensemble, start)
        direct, reason = _direct_residuals(ensemble) if wanted else (None, None)
        if wanted and direct is None:
            start = replace(start, quantiles=quantiles_of(wanted))
        found, new = steps_of_ensemble(ensemble, start), start.new_series()
        points, own = _apart(found.values())
        table = points.with_columns(basis=pl.lit(None, pl.String), series=_without_zero())
        if reason is not None:
            if levels is not None and own.is_empty():
                raise reason
            warnings.warn(str(reason), stacklevel=2)
        if wanted and (direct is not None or not own.is_empty()):
            report("Residuals", 1, 3)
            residuals = Residuals.none()
            if direct is not None:
                residuals = _every_step(ensemble, found.keys() - new.keys(), horizon, direct, report.within(2, 3, 3))
            train = {
                series or 0: TrainValues.of_values(rows.measured, usual_season(rows.calendar))
                for series, rows in new.items()
            }
            calibration, floors = calibration_of(ensemble, residuals, lowest, train)
            intervals = with_intervals(points, calibration, wanted, floors, own)
            lacking = intervals.of_few(wanted) if direct is not None and own.is_empty() else []
            if lacking and gives_quantiles(
                ensemble
            ):  # asked last: some members simulate them, a tenth of a second a series
                further = steps_of_ensemble(ensemble, start.only(lacking, quantiles_of(wanted)))
                own = _apart(further.values())[1]
                intervals = with_intervals(points, calibration, wanted, floors, own)
            for remark in intervals.remarks(str(ensemble), floors):
                warnings.warn(remark, stacklevel=2)
            table = intervals.table.with_columns(series=_without_zero())
        report("Forecast", 3, 3)
        return table


def _direct_residuals(ensemble: Ensemble) -> tuple[Residuals | None, InvalidInputError | None]:
    """The residuals of steps that are forecast from known values only, or the reason why there are none."""
    try:
        return residuals_of(ensemble), None
    except InvalidInputError as error:
        return None, error


def _apart(tables: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The point forecasts, and those of quantiles. A table has no data source: it is 0, the id that none has."""
    every = pl.concat(tables).with_columns(pl.col("series").fill_null(0))
    return every.filter(pl.col("quantile").is_null()), every.drop_nulls("quantile")


def _without_zero() -> pl.Expr:
    return pl.col("series").replace(0, None)


def _forecasters(others: Mapping[str, Any]) -> dict[str, Any]:
    """The forecasters of covariates, with models and ensembles as functions."""
    ensembles = {name: other for name, other in others.items() if isinstance(other, Ensemble)}
    return forecasters(others) | {name: _as_forecaster(each) for name, each in ensembles.items()}


def _as_forecaster(ensemble: Ensemble) -> CovariateForecaster:
    return CovariateForecaster(
        str(ensemble),
        lambda steps, first, series: forecast(ensemble, steps, first, levels=(), series=series, progress=False),
    )


def _every_step(
    ensemble: Ensemble, learned: Collection[int | None], horizon: int, direct: Residuals, report: Listener
) -> Residuals:
    """The residuals of all steps: those of recursive steps from hindcasts of the series that members were trained on."""
    direct_step, hindcasts = own_steps(ensemble, horizon), []
    for done, series in enumerate(sorted(each for each in learned if each is not None)):
        if len(direct_step) < horizon:
            report("Steps that are made of forecasts", done, len(learned))
            hindcasts.append(hindcast_residuals(ensemble, horizon, series))
    known = [each for each in hindcasts if each is not None]
    return residuals_by_step(horizon, direct, direct_step, Residuals.together(known) if known else None)
