"""`calibrate`: conformal intervals of an ensemble, and their coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment.align import KEY
from endirector.combination.cross_fit import cross_fitted
from endirector.combination.evidence import Evidence
from endirector.combination.gather import out_of_fold
from endirector.combination.kept import as_rendered, stored_combination, stored_evidence
from endirector.forecasting.hindcast import can_be_hindcast, hindcast_held_out, hindcast_test
from endirector.forecasting.members_ahead import own_steps
from endirector.members.leakage import preparations_of, trained_on
from endirector.members.member import TARGET, living_members, models_in, parts_of
from endirector.methods.base import Floats
from enstorage import Ensemble, Forecast
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from enstorage.progress import Progress, listening
from entrainer.forecasting.conformal import Calibration, checked_levels, quantiles_of
from entrainer.forecasting.forecast import check_horizon

#: The default levels of intervals.
LEVELS = (0.8, 0.95)


def calibrate(
    ensemble: Ensemble,
    levels: Sequence[float] = LEVELS,
    *,
    horizon: int | None = None,
    progress: bool | Progress = True,
) -> pl.DataFrame:
    """Calibrate prediction intervals of the ensemble, and store them; `ensemble.intervals()` reads them.

    An interval is the forecast ± a quantile of absolute residuals, one for each step ahead (split conformal
    prediction). Residuals are those of rows that no member was trained on, see `residuals_of`, and never of test rows. On
    the test part the coverage of the intervals is measured, and their quantiles are stored with the point forecasts, in
    place of combined quantiles of members.

    Args:
        ensemble: a rendered one. Rendering it again deletes its intervals.
        levels: of the intervals, such as 0.95; earlier levels of the ensemble are calibrated again too.
        horizon: also calibrate recursive steps up to this one, by hindcasts of held-out rows with the objects of the
            members; steps with too few residuals are left out.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        As `Ensemble.intervals` gives it.

    Raises:
        CancelledError: the progress function asked to stop; nothing was changed.
        NotFoundError: the ensemble was not rendered.
        InvalidInputError: there are no residuals, or too few for a step and level.
    """
    wanted = checked_levels(levels)
    if horizon is not None:
        check_horizon(horizon)
    with ensemble.connector as connector, listening(progress) as report, connector.all_or_nothing():
        report("Residuals", 0, 4)
        earlier = [each["level"] for each in ensemble.rendered_result().intervals or ()]
        wanted = checked_levels([*wanted, *earlier])
        calibration = residuals_of(ensemble)
        calibration.check(wanted)
        report("Coverage of the test part", 1, 4)
        measured = _measured(calibration, wanted, _test_residuals(ensemble))
        report("Steps that are made of forecasts", 2, 4)
        if horizon is not None:
            measured += _measured_ahead(ensemble, horizon, wanted)
        report("Calibrated", 4, 4)
        _save(ensemble, calibration, wanted, measured)
    return ensemble.intervals()


def residuals_of(ensemble: Ensemble) -> Calibration:
    """Absolute residuals of the ensemble on rows that none of its members was trained on.

    Out-of-fold rows where it was fitted on them; else rows that are held out of the training of all members; else
    out-of-fold forecasts of the members. Rows that the method was fitted on are forecast, stretch by
    stretch of time, by the method as fitted on the stretches before.

    Raises:
        InvalidInputError: there are no such rows; the message says how to get some.
    """
    evidence, folds = stored_evidence(ensemble)
    recipe = as_rendered(ensemble)
    if classes_of(ensemble.models()) is not None:
        raise InvalidInputError(
            f"The members of {ensemble} forecast probabilities of classes, which have no intervals; expected members that "
            "forecast values. Look at ensemble.metrics(), which has their log loss."
        )
    if folds is not None:
        return _of("out-of-fold", folds, cross_fitted(recipe, folds))
    members, held_out = living_members(ensemble), held_out_of(ensemble, evidence)
    if held_out.any():
        rows = evidence.only(held_out)
        was_fitted = recipe.fit_on is not None and bool((rows.part == Part.of(recipe.fit_on)).any())
        forecast = cross_fitted(recipe, rows) if was_fitted else stored_combination(ensemble).predict(rows.rows)
        return _of("held-out", rows, forecast)
    missing = [model.name for model in models_in(members) if not Forecast.of(model, OUT_OF_FOLD)]
    if missing:
        raise InvalidInputError(
            f"Every row of {ensemble} is a test row, or one that a member was trained on, so there are no residuals to "
            f"calibrate intervals; and {', '.join(missing)} have no out-of-fold forecasts. Make them with "
            "entrainer.backtest(ensemble.models()), or prepare the data with a valid part that no member is trained on."
        )
    _, folds = out_of_fold(members, recipe)
    return _of("out-of-fold", folds, stored_combination(ensemble).predict(folds.rows))


def hindcast_residuals(ensemble: Ensemble, horizon: int, series: int) -> Calibration | None:
    """Absolute residuals of the steps 1 … horizon from origins in held-out rows; None if there are no such rows."""
    evidence = stored_evidence(ensemble)[0]
    held_out = held_out_of(ensemble, evidence) & (evidence.keys["series"].to_numpy() == series)
    if not held_out.any() or not can_be_hindcast(ensemble):
        return None
    hindcast = hindcast_held_out(ensemble, evidence.only(held_out), horizon, series)
    return Calibration.of("held-out", _steps(hindcast.forecast), hindcast.truth, hindcast.forecast)


def _steps(forecast: Floats) -> NDArray[np.intp]:
    return np.broadcast_to(np.arange(1, forecast.shape[1] + 1), forecast.shape)


def _of(kind: str, evidence: Evidence, forecast: Floats) -> Calibration:
    open_to_all = evidence.part != Part.TEST
    steps = evidence.keys["step"].to_numpy()[open_to_all]
    return Calibration.of(kind, steps, evidence.truth[open_to_all], forecast[open_to_all])


def held_out_of(ensemble: Ensemble, evidence: Evidence) -> NDArray[np.bool_]:
    """Mask of rows outside the test part that no member was trained on; all false after a random split, shape (rows,)."""
    members = living_members(ensemble)
    if any(each.split == "random" for model in models_in(members) for each in preparations_of(model)):
        return np.zeros(len(evidence.part), dtype=bool)
    keys = evidence.keys.select(TARGET).with_row_index("row")
    held_out: NDArray[np.bool_] = evidence.part != Part.TEST
    for member in members:
        for model in member.models:
            seen = parts_of(model).filter(pl.col("part").is_in(trained_on(member)))
            held_out[keys.join(seen, on=TARGET, how="semi")["row"].to_numpy()] = False
    return held_out


def _test_residuals(ensemble: Ensemble) -> dict[int, Floats]:
    test = ensemble.table().filter(pl.col("part") == Part.TEST)
    residual = (test["truth"] - test["ensemble"]).abs().to_numpy()
    return {step: residual[test["step"].to_numpy() == step] for step in test["step"].unique().to_list()}


def _measured_ahead(ensemble: Ensemble, horizon: int, levels: Sequence[float]) -> list[dict[str, Any]]:
    """The same for recursive steps, for an ensemble of one series."""
    series = ensemble.table()["series"].unique().to_list()
    found = hindcast_residuals(ensemble, horizon, series[0]) if len(series) == 1 else None
    direct = own_steps(ensemble, horizon)
    steps = range(len(direct) + 1, horizon + 1)
    if found is None or not steps:
        return []
    possible = set(steps) - set(found.steps_without(levels, horizon))
    test = hindcast_test(ensemble, horizon, series[0])
    known = Calibration.of("test", _steps(test.forecast), test.truth, test.forecast)
    return _measured(found.only(possible), levels, known.residuals)


def _measured(calibration: Calibration, levels: Sequence[float], test: Mapping[int, Floats]) -> list[dict[str, Any]]:
    """For each step and level the width, the number of residuals, and the coverage of test rows."""
    rows = []
    for step, known in sorted(calibration.residuals.items()):
        own = test.get(step, np.empty(0))
        for level in levels:
            radius = calibration.radius(step, level)
            assert radius is not None  # noqa: S101 - checked before
            rows.append(
                {
                    "step": step,
                    "level": level,
                    "calibrated_on": calibration.kind,
                    "rows": len(known),
                    "width": 2 * radius,
                    "coverage": float((own <= radius).mean()) if len(own) else None,
                    "test_rows": len(own),
                }
            )
    return rows


def _save(
    ensemble: Ensemble, calibration: Calibration, levels: Sequence[float], measured: list[dict[str, Any]]
) -> None:
    tests = [each for each in Forecast.of(ensemble) if each.part == Part.TEST.label]
    with ensemble.connector.transaction():
        ensemble.result = replace(ensemble.rendered_result(), intervals=measured).to_json()
        ensemble.save()
        for kept in tests:
            table = kept.table()
            points = table.filter(pl.col("quantile").is_null())
            own = {quantile for level in levels for quantile in quantiles_of(level)}
            others = table.filter(~pl.col("quantile").round(12).is_in(own))
            both = pl.concat([calibration.with_intervals(points, levels), others]).sort(*KEY, "quantile")
            Forecast.store(ensemble, Part.TEST.label, both)
