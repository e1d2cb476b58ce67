"""`forecast`: forecasts of a stored model past the end of its data."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from enstorage import DataPreparation, DataSnapshot, Forecast, Model
from enstorage.calendars.season import usual_season
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import known_targets
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.preparation.split import Part
from entrainer.forecasting.asked.series import Asked, known_series
from entrainer.forecasting.calibration.basis import Basis
from entrainer.forecasting.calibration.intervals import with_intervals
from entrainer.forecasting.calibration.levels import checked_levels, quantiles_of
from entrainer.forecasting.calibration.residuals import Residuals, residuals_by_step
from entrainer.forecasting.calibration.train_values import (
    Floor,
    TrainValues,
    calibration_by,
    checked_floor,
    floors_of,
    residuals_of_several,
)
from entrainer.forecasting.covariates.given import CovariateForecaster, CovariatesAhead
from entrainer.forecasting.hindcast import held_out_rows, hindcast_values, true_steps
from entrainer.forecasting.history import Known
from entrainer.forecasting.recursive import direct_steps, judged_steps
from entrainer.forecasting.steps_ahead import steps_ahead
from entrainer.forecasting.window import learned_series, sees_others, snapshots_for, window_of

_KEY = ["series", "id", "step"]
_ORDER = [*_KEY, "quantile"]


def forecast(
    model: Model,
    horizon: int,
    time_from: TimeLike | None = None,
    *,
    levels: Sequence[float] = (),
    side: str = "both",
    floor: Floor = "found",
    snapshot: DataSnapshot | Sequence[DataSnapshot] | None = None,
    series: Asked = None,
    known: Mapping[str, Any] | None = None,
    others: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Forecast the steps that follow the data of a model. Nothing is stored.

    The series of a pooled set are forecast together, by one call of the object for each block of steps. A model of a pooled
    set also forecasts series that it was not trained on: their gaps are filled and their transform is fitted on what is
    known of them, by the methods that the series of the set have in common.

    The model forecasts the steps within its own horizon directly; for later steps, forecasts take the place of
    values that are not known yet (recursive, in blocks of the model's own horizon). The `step` of the windows, which
    thins samples out, plays no part. A model of `Branches` needs the other series, its covariates, until the last of its
    windows ends: their data may reach that far, or `known` and `others` give them.

    Args:
        model: a stored one with an object and windows of values.
        horizon: how many steps, at least 1.
        time_from: the first time to forecast, the start of a bucket inside or right after the data: only rows before it
            are used. By default the bucket after the last row with a value.
        levels: of intervals, such as 0.95. Their ends are the forecast plus quantiles of signed residuals, by step: of the
            model's out-of-fold forecasts, and of hindcasts of valid rows that it was not trained on. A step with too few
            has residuals of all series, or of the nearest steps, see `Calibration.ends`.
        side: `both`, or `lower` or `upper` for intervals with this end alone.
        floor: the value that no end is below, in units of the source; `found`: 0 for a series whose measured train values
            are never below 0; None for no floor.
        snapshot: a newer one of the same source, to forecast from its end; it is cleaned and transformed by the figures
            that the model's preparation has fitted. For a model of `Branches` also a list, of the series that it sees.
        series: for a model of a pooled set the data sources to forecast, or their ids: one, several in a list, or a
            `Panel`; by default all that it was trained on. Of others also snapshots, and a table of one series as
            `DataSource.write` takes it, or a pair of times and values. Of several series those that are too short are left
            out; a warning says how many.
        known: of a model of `Branches`, covariates that are known ahead, by the names of their data sources: numbers in the
            units of the source, one for each step from the first time to forecast on; or a table with times, also one that
            `forecast` gives. They take the place of stored values of equal times.
        others: who forecasts covariates where they are not known, by the same names: a model of that series, or `naive` for
            its last value. A warning says which were forecast, and for how many steps.

    Returns:
        Columns `series` (data source id; null for a table), `id` (time of the target, ns), `step` (from 1), `quantile` (null
        for the point forecast), `value` (units of the source), `basis` (what the quantile rests on; null for the point
        forecast). Quantiles are those of the levels, or without levels those that the model was trained for, as far as they
        are given directly. Warnings name steps whose quantiles rest on other residuals than their own, and raised ends.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: the samples are no windows, a covariate ends early, a row of the last window has no value, the
            time is not such a one, a forecast is not finite, or there are no residuals for a level.
    """
    check_horizon(horizon)
    wanted, lowest = checked_levels(levels, side), checked_floor(floor)
    window = window_of(model)
    own_snapshot, further = snapshots_for(model, snapshot)
    rows = known_series(model, series, window.lag + window.offset - 1, own_snapshot, time_from)
    ahead = CovariatesAhead(known or {}, forecasters(others or {}), further, is_cut=time_from is not None)
    points, own = steps_ahead(model, window, rows, horizon, ahead, quantiles_of(wanted))
    if wanted:
        learned = learned_series(model)
        direct_step = direct_steps(horizon, judged_steps(model, window.horizon), window.offset)
        residuals = _residuals(model, horizon, direct_step, rows, learned, required=not own)
        train = _train_values(residuals, rows, learned)
        calibration, floors = calibration_by(train, residuals), floors_of(lowest, train)
        # A table has no data source, and no data source has the id 0.
        table, said = _joined(points), _joined(own) if own else None
        found = with_intervals(table, calibration, wanted, floors, said)
        for remark in found.remarks(str(model), floors):
            warnings.warn(remark, stacklevel=2)
        return found.table.with_columns(series=pl.col("series").replace(0, None))
    basis = pl.when(pl.col("quantile").is_not_null()).then(pl.lit(str(Basis.QUANTILES)))
    return pl.concat([*points, *own]).sort(*_ORDER, nulls_last=False, maintain_order=True).with_columns(basis=basis)


def _joined(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(tables).with_columns(pl.col("series").fill_null(0))


def forecasters(others: Mapping[str, Any]) -> dict[str, Any]:
    """The forecasters of covariates, with models as functions."""
    return {name: _as_forecaster(other) if isinstance(other, Model) else other for name, other in others.items()}


def _as_forecaster(model: Model) -> CovariateForecaster:
    return CovariateForecaster(str(model), lambda steps, first, series: forecast(model, steps, first, series=series))


def _train_values(
    residuals: Residuals, rows: Sequence[Known], learned: Mapping[int, DataPreparation]
) -> dict[int, TrainValues]:
    """The train values of the series that are forecast, and of those whose residuals may be used for them.

    Those of a series that the model was not trained on are what is known of it.
    """
    asked = {each.series or 0: each for each in rows}
    of_others = {other for known in residuals.by_step.values() for other in known}
    train = {each: TrainValues.of(own) for each, own in learned.items() if each in asked or each in of_others}
    new = {
        each: TrainValues.of_values(own.measured, usual_season(own.calendar))
        for each, own in asked.items()
        if each not in learned
    }
    return train | new


def _residuals(
    model: Model,
    horizon: int,
    direct_step: Mapping[int, int],
    rows: Sequence[Known],
    learned: Mapping[int, DataPreparation],
    *,
    required: bool,
) -> Residuals:
    """Out-of-fold residuals for the steps that the model is made for, and hindcast residuals for the other steps.

    Those of the series that are forecast; for series that the model was not trained on those of all others.
    """
    direct = _out_of_fold(model, learned)
    asked = [each.series for each in rows if each.series is not None and each.series in learned] or list(learned)
    found = [own for each in asked if (own := _hindcast(model, horizon, each, learned[each])) is not None]
    if direct is None and not found and required:
        raise InvalidInputError(
            f"{model} has no out-of-fold forecasts, whose residuals give the widths of intervals, and no valid rows that it "
            "was not trained on. Make some with entrainer.backtest(model), prepare the data with a valid part, or leave "
            "levels out."
        )
    return residuals_by_step(horizon, direct, direct_step, Residuals.together(found) if found else None)


def check_horizon(horizon: object) -> None:
    """Check a number of steps.

    Raises:
        InvalidInputError: it is not an integer from 1.
    """
    if type(horizon) is not int or horizon < 1:
        raise InvalidInputError(f"horizon is how many steps are forecast, an integer from 1; received {horizon!r}.")


def _out_of_fold(model: Model, learned: Mapping[int, DataPreparation]) -> Residuals | None:
    """The model's out-of-fold residuals, without test rows."""
    if not Forecast.of(model, OUT_OF_FOLD):
        return None
    forecasts = model.forecasts(OUT_OF_FOLD).filter(pl.col("quantile").is_null()).drop("part", "quantile")
    known = known_targets(model)
    rows = forecasts.join(known, on=[name for name in _KEY if name in known.columns], how="inner")
    rows = rows.filter(pl.col("part") != Part.TEST)
    id, step, truth, value, source = (rows[name].to_numpy() for name in ("id", "step", "truth", "value", "series"))
    train = {each: TrainValues.of(learned[each]) for each in learned} if rows["series"].n_unique() > 1 else {}
    return residuals_of_several("out-of-fold", train, source, id, step, truth, value)


def _hindcast(model: Model, horizon: int, series: int, preparation: DataPreparation) -> Residuals | None:
    """The residuals of all steps from origins in the valid part; None where that is not held out."""
    if sees_others(model):  # their later values would be known to a hindcast, but not to a forecast
        return None
    times, values = held_out_rows(model, preparation)
    if not len(times):
        return None
    truth = true_steps(preparation, times, times, values, horizon)
    steps = np.broadcast_to(np.arange(1, horizon + 1), truth.shape)
    forecasts = hindcast_values(model, times, horizon, series, preparation)
    return Residuals.of("held-out", steps, truth, forecasts, series)
