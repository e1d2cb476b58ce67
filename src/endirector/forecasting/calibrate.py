"""`calibrate`: conformal intervals of an ensemble, and their coverage."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.forecasting.hindcast import hindcast_test
from endirector.forecasting.members_ahead import own_steps
from endirector.forecasting.residuals import calibration_of, hindcast_residuals, residuals_of, steps_ahead
from enstorage import Ensemble, Forecast
from enstorage.preparation.split import Part
from enstorage.progress import Listener, Progress, listening
from entrainer.forecasting.calibration.basis import Basis, Calibration
from entrainer.forecasting.calibration.coverage import coverage
from entrainer.forecasting.calibration.intervals import with_intervals
from entrainer.forecasting.calibration.levels import Level, checked_levels, quantiles_of
from entrainer.forecasting.calibration.residuals import Residuals
from entrainer.forecasting.calibration.train_values import Floor, checked_floor
from entrainer.forecasting.forecast import check_horizon

#: The default levels of intervals.
LEVELS = (0.8, 0.95)


def calibrate(
    ensemble: Ensemble,
    levels: Sequence[float] = LEVELS,
    *,
    horizon: int | None = None,
    side: str = "both",
    floor: Floor = "found",
    progress: bool | Progress = True,
) -> pl.DataFrame:
    """Calibrate prediction intervals of the ensemble, and store them; `ensemble.intervals()` reads them.

    The ends of an interval are the forecast plus quantiles of signed residuals of its step ahead (split conformal
    prediction), or of other residuals where these are too few, see `Calibration.ends`. Residuals are those of rows that no
    member was trained on, see `residuals_of`, and never of test rows. On the test part the coverage of the intervals is
    measured, and their quantiles are stored with the point forecasts, in place of combined quantiles of members.

    Args:
        ensemble: a rendered one. Rendering it again deletes its intervals.
        levels: of the intervals, such as 0.95; earlier levels of the ensemble are calibrated again too.
        horizon: also calibrate recursive steps up to this one. In an ensemble whose members have objects, they have
            residuals of hindcasts of held-out rows of each series.
        side: `both`, or `lower` or `upper` for intervals with this end alone.
        floor: the value that no end is below, in units of the source; `found`: 0 for a series whose measured train values
            are never below 0; None for no floor.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        As `Ensemble.intervals` gives it.

    Raises:
        CancelledError: the progress function asked to stop; nothing was changed.
        NotFoundError: the ensemble was not rendered.
        InvalidInputError: there are no residuals.
    """
    asked, lowest = checked_levels(levels, side), checked_floor(floor)
    if horizon is not None:
        check_horizon(horizon)
    with ensemble.connector as connector, listening(progress) as report, connector.all_or_nothing():
        report("Residuals", 0, 4)
        earlier = ensemble.rendered_result().intervals or ()
        wanted = tuple(sorted({*asked, *(Level(each["level"], each["side"]) for each in earlier)}))
        direct, points = residuals_of(ensemble), _test_points(ensemble)
        report("Steps that are made of forecasts", 1, 4)
        hindcast, points_ahead = None, points.clear()
        if horizon is not None:
            hindcast, points_ahead = _ahead(ensemble, horizon, report.within(1, 2, 4))
        later = {} if hindcast is None else hindcast.by_step
        residuals = direct if hindcast is None else direct.and_of_other_steps(hindcast)
        calibration, floors = calibration_of(ensemble, residuals, lowest)
        report("Coverage of the test part", 2, 4)
        both = pl.concat([points, points_ahead])
        found = with_intervals(both.drop("truth"), calibration, wanted, floors).table
        measured = coverage(found, both, wanted)
        steps = {*points["step"].unique().to_list(), *direct.by_step, *_steps_ahead(ensemble, horizon)}
        rows = _rows(ensemble, calibration, sorted(steps), wanted, measured)
        for row in rows:
            from_hindcast = hindcast is not None and row["step"] in later.keys() - direct.by_step.keys()
            row["calibrated_on"] = hindcast.kind if hindcast is not None and from_hindcast else direct.kind
            row["floor"] = _one(floors.values())
        report("Calibrated", 4, 4)
        _save(ensemble, found.join(points.select(KEY), on=KEY, how="semi").drop("basis"), wanted, rows)
    return ensemble.intervals()


def _test_points(ensemble: Ensemble) -> pl.DataFrame:
    """The point forecasts of the test part, with the truth."""
    test = ensemble.table().filter(pl.col("part") == Part.TEST).drop_nulls("ensemble")
    none = pl.lit(None, pl.Float64).alias("quantile")
    return test.select(*KEY, none, pl.col("ensemble").alias("value"), "truth")


def _steps_ahead(ensemble: Ensemble, horizon: int | None) -> range:
    """The steps that are made of forecasts."""
    return range(0) if horizon is None else range(len(own_steps(ensemble, horizon)) + 1, horizon + 1)


def _ahead(ensemble: Ensemble, horizon: int, report: Listener) -> tuple[Residuals | None, pl.DataFrame]:
    """Residuals of steps that are made of forecasts, and their forecasts from test rows, of all series."""
    every, steps = ensemble.table()["series"].unique().sort().to_list(), _steps_ahead(ensemble, horizon)
    found, points = [], [_test_points(ensemble).clear()]
    for done, series in enumerate(every if steps else ()):
        report("Steps that are made of forecasts", done, len(every))
        residuals = hindcast_residuals(ensemble, horizon, series)
        if residuals is not None:
            found.append(residuals.only(steps))
            points.append(_test_points_ahead(ensemble, horizon, series, steps).select(points[0].columns))
    return Residuals.together(found) if found else None, pl.concat(points)


def _test_points_ahead(ensemble: Ensemble, horizon: int, series: int, steps: range) -> pl.DataFrame:
    """Forecasts of a series from each of its test rows, with the truth."""
    test = hindcast_test(ensemble, horizon, series)
    points = pl.DataFrame(
        {
            "series": series,
            "id": np.repeat(test.origins, horizon),
            "step": steps_ahead(test.forecast).ravel().astype(np.int32),
            "quantile": None,
            "value": test.forecast.ravel(),
            "truth": test.truth.ravel(),
        },
        schema_overrides={"series": pl.Int64, "id": pl.Int64, "quantile": pl.Float64},
    )
    return points.filter(pl.col("step").is_in(list(steps)) & pl.col("value").is_finite())


def _rows(
    ensemble: Ensemble, calibration: Calibration, steps: Sequence[int], levels: Sequence[Level], measured: pl.DataFrame
) -> list[dict[str, Any]]:
    """For each step and level the ends, the mean of all series, and the coverage."""
    series = ensemble.table()["series"].unique().sort().to_list()
    covered = {(step, level, side): own for step, level, side, *own in measured.rows()}
    rows = []
    for step in steps:
        ends = [calibration.ends(each, step, levels) for each in series]
        for level in levels:
            found = [each[level] for each in ends if level in each]
            share, test_rows = covered.get((step, level.level, level.side), (None, 0))
            lower, upper = (_mean([getattr(each, name) for each in found]) for name in ("lower", "upper"))
            rows.append(
                {
                    "step": step,
                    "level": level.level,
                    "side": level.side,
                    "basis": ", ".join(each for each in Basis if each in {own.basis for own in found}) or None,
                    "calibrated_on": None,
                    "rows": min((each.rows for each in found), default=0),
                    "lower": lower,
                    "upper": upper,
                    "width": None if lower is None or upper is None else upper - lower,
                    "floor": None,
                    "coverage": share,
                    "test_rows": test_rows,
                }
            )
    return rows


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return fmean(known) if known else None


def _one(values: Iterable[float]) -> float | None:
    """The value that all have; None if there is none."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _save(ensemble: Ensemble, test: pl.DataFrame, levels: Sequence[Level], rows: list[dict[str, Any]]) -> None:
    """Store the rows, and the quantiles of the test part."""
    tests = [each for each in Forecast.of(ensemble) if each.part == Part.TEST.label]
    with ensemble.connector.transaction():
        ensemble.result = replace(ensemble.rendered_result(), intervals=rows).to_json()
        ensemble.save()
        for kept in tests:
            others = kept.table().filter(~pl.col("quantile").round(12).is_in(quantiles_of(levels)))
            Forecast.store(ensemble, Part.TEST.label, pl.concat([test, others]).sort(*KEY, "quantile"))
