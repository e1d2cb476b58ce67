"""Forecasts of several series by one call of a model, in the units of each source."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage import Model
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.forecasting.asked.series import each_possible
from entrainer.forecasting.covariates.beside import Beside, beside
from entrainer.forecasting.covariates.given import CovariatesAhead
from entrainer.forecasting.history import Known
from entrainer.forecasting.local import local_forecasts
from entrainer.forecasting.recursive import run_ahead
from entrainer.forecasting.window import sees_others
from entrainer.local.specification import LocalSpec
from entrainer.model_output import output_of

NOTHING_AHEAD = CovariatesAhead()
SCHEMA = {"series": pl.Int64, "id": pl.Int64, "step": pl.Int32, "quantile": pl.Float64, "value": pl.Float64}


def steps_ahead(
    model: Model,
    window: Window,
    known: Sequence[Known],
    horizon: int,
    ahead: CovariatesAhead = NOTHING_AHEAD,
    asked: Sequence[float] = (),
) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """Forecast the steps after the known rows of each series. The object of the model sees all series at once.

    Args:
        model: with an object.
        window: the adapter of its data set.
        known: the rows of each series.
        horizon: how many steps.
        ahead: values of covariates past the end of the data, for a model that sees several series.
        asked: quantiles that a local model, which has a distribution, forecasts too.

    Returns:
        For each series the point forecasts, and for each series and quantile that the model was trained for a table of as
        many steps as are given directly; columns as of `entrainer.forecast`. Of several series those that can be forecast,
        with a warning.

    Raises:
        InvalidInputError: no series can be forecast: a row of the last window has no value, or a forecast is not finite.
    """
    training: dict[str, Any] = model.meta("training", default={})
    levels, obj = training.get("quantiles", ()), model.load_object()
    if isinstance(obj, LocalSpec):
        ahead.check(str(model), [])
        local, starts = local_forecasts(obj, model, known, horizon, sorted({*levels, *asked})), list(known)
        # Local models forecast in source units.
        points, quantiles, inverted = local.values, local.quantiles, True
    else:
        windows = each_possible(known, lambda each: (each, _last_window(model, each, window)))
        starts, inverted = [each for each, _ in windows], False
        points, quantiles = run_ahead(
            partial(output_of, obj, targets=window.horizon),
            np.stack([rows for _, rows in windows]),
            window,
            horizon,
            levels,
            _covariates(model, window, known, horizon, ahead),
        )

    def tables_of(place: int) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        start = starts[place]

        def table(prepared: NDArray[np.float64], level: float | None) -> pl.DataFrame:
            return _table(model, start, prepared if inverted else start.invert(prepared), prepared, level)

        return table(points[place], None), [table(values[place], level) for level, values in quantiles.items()]

    found = each_possible(range(len(starts)), tables_of)
    return [table for table, _ in found], [table for _, tables in found for table in tables]


def _covariates(
    model: Model, window: Window, known: Sequence[Known], horizon: int, ahead: CovariatesAhead
) -> Beside | None:
    """The other series that the model sees; None if it sees none."""
    if sees_others(model):
        return beside(model, window, model.data_set().preparations(), known[0], horizon, ahead)
    ahead.check(str(model), [])
    return None


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


def _table(
    model: Model, known: Known, values: NDArray[np.float64], prepared: NDArray[np.float64], quantile: float | None
) -> pl.DataFrame:
    times = known.calendar.after(int(known.times[-1]), len(values))
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InvalidInputError(
            f"The forecast of {model} for step {at + 1}, {known.calendar.label(int(times[at]))}, is {values[at]}, and in "
            f"the prepared scale {prepared[at]:g}; expected finite numbers. Take a shorter horizon, or another time_from if "
            "values are missing that a difference starts from."
        )
    rows = len(values)
    columns = {
        "series": [known.series] * rows,
        "id": times,
        "step": np.arange(1, rows + 1, dtype=np.int32),
        "quantile": [quantile] * rows,
        "value": values,
    }
    return pl.DataFrame(columns, schema=SCHEMA)
