"""`forecast`: forecasts of a stored model past the end of its data."""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage import DataSnapshot, DataSource, Forecast, Model
from enstorage.adapter import Window
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import known_targets
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.preparation.split import Part
from entrainer.forecasting.conformal import Calibration, by_step, checked_levels
from entrainer.forecasting.hindcast import held_out_rows, hindcast_values, true_steps
from entrainer.forecasting.history import Known, known_rows
from entrainer.forecasting.recursive import direct_steps, run_ahead
from entrainer.forecasting.window import windows_of
from entrainer.model_output import output_of

_KEY = ["series", "id", "step"]


def forecast(
    model: Model,
    horizon: int,
    time_from: TimeLike | None = None,
    *,
    levels: Sequence[float] = (),
    snapshot: DataSnapshot | None = None,
    series: DataSource | int | None = None,
) -> pl.DataFrame:
    """Forecast the steps that follow the data of a model. Nothing is stored.

    The model forecasts the steps within its own horizon directly; for later steps, forecasts take the place of
    values that are not known yet (recursive, in blocks of the model's own horizon). The `step` of the windows, which
    thins samples out, plays no part.

    Args:
        model: a stored one with an object and windows of values.
        horizon: how many steps, at least 1.
        time_from: the first time to forecast, the start of a bucket inside or right after the data: only rows before it
            are used. By default the bucket after the last row with a value.
        levels: of intervals, such as 0.95. Their widths are residuals, by step: of the model's out-of-fold forecasts, and of
            hindcasts of valid rows that it was not trained on.
        snapshot: a newer one of the same source, to forecast from its end; it is cleaned and transformed by the figures
            that the model's preparation has fitted.
        series: for a model of a pooled set the data source to forecast, or its id.

    Returns:
        Columns `series` (data source id), `id` (time of the target, ns), `step` (from 1), `quantile` (null for the point
        forecast), `value` (units of the source). Quantiles are those of the levels, or without levels those that the
        model was trained for, as far as they are given directly. A step that has too few residuals has no quantiles;
        a warning names it.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: the samples are no windows, a row of the last window has no value, the time is not such a one, a
            forecast is not finite, or there are no or too few residuals for a level.
    """
    check_horizon(horizon)
    wanted = checked_levels(levels)
    window, preparation = windows_of(model, series)
    known = known_rows(preparation, snapshot, time_from)
    training: dict[str, Any] = model.meta("training", default={})
    points, quantiles = run_ahead(
        partial(output_of, model.load_object(), targets=window.horizon),
        _last_window(model, known, window)[np.newaxis],
        window,
        horizon,
        training.get("quantiles", ()),
    )
    table = _table(model, known, points[0])
    if wanted:
        direct_step = direct_steps(horizon, window.horizon, window.offset)
        found = _residuals(model, horizon, wanted, direct_step, series)
        without = found.steps_without(wanted, horizon)
        if without:
            warnings.warn(no_interval(str(model), without), stacklevel=2)
        return found.with_intervals(table, wanted)
    own = [_table(model, known, values[0]).with_columns(quantile=pl.lit(level)) for level, values in quantiles.items()]
    return pl.concat([table, *own]).sort("id", "quantile", nulls_last=False)


def _residuals(
    model: Model, horizon: int, levels: Sequence[float], direct_step: Mapping[int, int], series: DataSource | int | None
) -> Calibration:
    """Out-of-fold residuals for the steps that the model is made for, and hindcast residuals for the other steps."""
    direct, hindcast = _out_of_fold(model), _hindcast(model, horizon, series)
    if direct is None and hindcast is None:
        raise InvalidInputError(
            f"{model} has no out-of-fold forecasts, whose residuals give the widths of intervals, and no valid rows that it "
            "was not trained on. Make some with entrainer.backtest(model), prepare the data with a valid part, or leave "
            "levels out."
        )
    found = by_step(horizon, direct, direct_step, hindcast)
    found.only(direct_step).check(levels)
    return found


def check_horizon(horizon: object) -> None:
    """Check a number of steps.

    Raises:
        InvalidInputError: it is not an integer from 1.
    """
    if type(horizon) is not int or horizon < 1:
        raise InvalidInputError(f"horizon is how many steps are forecast, an integer from 1; received {horizon!r}.")


def no_interval(who: str, steps: Sequence[int]) -> str:
    """The warning that some steps have no interval."""
    which = f"step {steps[0]}" if len(steps) == 1 else f"{len(steps)} steps, the first of them step {steps[0]}"
    return (
        f"The forecast of {who} has no interval for {which}: forecast recursively, with too few rows held out of the "
        "training for a hindcast. Prepare the data with a larger valid part, or train models with windows of a longer "
        "horizon: Window(lag, horizon=…)."
    )


def _out_of_fold(model: Model) -> Calibration | None:
    """The model's out-of-fold residuals, without test rows."""
    if not Forecast.of(model, OUT_OF_FOLD):
        return None
    forecasts = model.forecasts(OUT_OF_FOLD).filter(pl.col("quantile").is_null()).drop("part", "quantile")
    known = known_targets(model)
    rows = forecasts.join(known, on=[name for name in _KEY if name in known.columns], how="inner")
    rows = rows.filter(pl.col("part") != Part.TEST)
    return Calibration.of("out-of-fold", rows["step"].to_numpy(), rows["truth"].to_numpy(), rows["value"].to_numpy())


def _hindcast(model: Model, horizon: int, series: DataSource | int | None) -> Calibration | None:
    """The residuals of all steps from origins in the valid part; None where that is not held out."""
    preparation = windows_of(model, series)[1]
    times, values = held_out_rows(model, preparation)
    if not len(times):
        return None
    truth = true_steps(preparation, times, times, values, horizon)
    steps = np.broadcast_to(np.arange(1, horizon + 1), truth.shape)
    return Calibration.of("held-out", steps, truth, hindcast_values(model, times, horizon, series))


def _last_window(model: Model, known: Known, window: Window) -> NDArray[np.float64]:
    """The values of the first window, and for an offset above 1 the known rows in later windows."""
    width = window.lag + window.offset - 1
    if len(known.times) < width:
        raise InvalidInputError(
            f"{known.what} has {len(known.times)} known rows; to forecast from their end {model} needs {width} (lag "
            f"{window.lag}, offset {window.offset}). Give a later time_from, or snapshot= one with more rows."
        )
    past = known.prepared[-width:]
    missing = np.flatnonzero(~np.isfinite(past))
    if len(missing):
        first = known.calendar.label(int(known.times[-width:][missing[0]]))
        raise InvalidInputError(
            f"{len(missing)} of the last {width} rows of {known.what} have no value, the first "
            f"{first}; {model} needs all of them. Give another time_from, or "
            "prepare the data with a clean method that fills gaps, such as 'forward'."
        )
    return past


def _table(model: Model, known: Known, prepared: NDArray[np.float64]) -> pl.DataFrame:
    values = known.invert(prepared)
    times = known.calendar.after(int(known.times[-1]), len(values))
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InvalidInputError(
            f"The forecast of {model} for step {at + 1}, {known.calendar.label(int(times[at]))}, is {values[at]}, and in "
            f"the prepared scale {prepared[at]:g}; expected finite numbers. Take a shorter horizon, or another time_from if "
            "values are missing that a difference starts from."
        )
    return pl.DataFrame(
        {
            "series": pl.Series([known.series] * len(values), dtype=pl.Int64),
            "id": times,
            "step": pl.Series(range(1, len(values) + 1), dtype=pl.Int32),
            "quantile": pl.Series([None] * len(values), dtype=pl.Float64),
            "value": values,
        }
    )
