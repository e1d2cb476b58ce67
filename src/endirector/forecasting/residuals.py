"""Residuals of an ensemble on rows that none of its members was trained on."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment.align import KEY
from endirector.combination.cross_fit import cross_fitted
from endirector.combination.evidence import Evidence
from endirector.combination.gather import out_of_fold
from endirector.combination.kept import as_rendered, stored_combination, stored_evidence
from endirector.forecasting.hindcast import can_be_hindcast, hindcast_held_out
from endirector.members.gate_inputs import preparations_by_series
from endirector.members.leakage import preparations_of, trained_on
from endirector.members.member import TARGET, living_members, models_in, parts_of
from endirector.methods.base import Floats
from enstorage import Ensemble, Forecast
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from entrainer.forecasting.calibration.basis import Calibration
from entrainer.forecasting.calibration.residuals import Residuals
from entrainer.forecasting.calibration.train_values import (
    Floor,
    TrainValues,
    calibration_by,
    floors_of,
    residuals_of_several,
)


def residuals_of(ensemble: Ensemble) -> Residuals:
    """Residuals of the ensemble on rows that none of its members was trained on.

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
        return _of(ensemble, "out-of-fold", folds, cross_fitted(recipe, folds))
    members, held_out = living_members(ensemble), held_out_of(ensemble, evidence)
    if held_out.any():
        rows = evidence.only(held_out)
        was_fitted = recipe.fit_on is not None and bool((rows.part == Part.of(recipe.fit_on)).any())
        forecast = cross_fitted(recipe, rows) if was_fitted else stored_combination(ensemble).predict(rows.rows)
        return _of(ensemble, "held-out", rows, forecast)
    missing = [model.name for model in models_in(members) if not Forecast.of(model, OUT_OF_FOLD)]
    if missing:
        raise InvalidInputError(
            f"Every row of {ensemble} is a test row, or one that a member was trained on, so there are no residuals to "
            f"calibrate intervals; and {', '.join(missing)} have no out-of-fold forecasts. Make them with "
            "entrainer.backtest(ensemble.models()), or prepare the data with a valid part that no member is trained on."
        )
    _, folds = out_of_fold(members, recipe)
    return _of(ensemble, "out-of-fold", folds, stored_combination(ensemble).predict(folds.rows))


def hindcast_residuals(ensemble: Ensemble, horizon: int, series: int) -> Residuals | None:
    """Residuals of the steps 1 … horizon from origins in held-out rows; None if there are no such rows."""
    evidence = stored_evidence(ensemble)[0]
    held_out = held_out_of(ensemble, evidence) & (evidence.keys["series"].to_numpy() == series)
    if not held_out.any() or not can_be_hindcast(ensemble):
        return None
    hindcast = hindcast_held_out(ensemble, evidence.only(held_out), horizon, series)
    return Residuals.of("held-out", steps_ahead(hindcast.forecast), hindcast.truth, hindcast.forecast, series)


def calibration_of(
    ensemble: Ensemble, residuals: Residuals, floor: Floor, new: Mapping[int, TrainValues] = MappingProxyType({})
) -> tuple[Calibration, dict[int, float]]:
    """The residuals with the scales of their series, and the floor of each series that has one.

    Args:
        ensemble: a rendered one.
        residuals: of it.
        floor: see `entrainer.forecast`.
        new: the values of series that no member was trained on.
    """
    train = train_values(ensemble) | dict(new)
    return calibration_by(train, residuals), floors_of(floor, train)


def steps_ahead(forecast: Floats) -> NDArray[np.intp]:
    """The step of each forecast of a hindcast, shape (origins, horizon)."""
    return np.broadcast_to(np.arange(1, forecast.shape[1] + 1), forecast.shape)


def _of(ensemble: Ensemble, kind: str, evidence: Evidence, forecast: Floats) -> Residuals:
    open_to_all = evidence.part != Part.TEST
    keys = evidence.keys.filter(open_to_all)
    series, id, step = (keys[name].to_numpy() for name in KEY)
    train = train_values(ensemble) if keys["series"].n_unique() > 1 else {}
    return residuals_of_several(kind, train, series, id, step, evidence.truth[open_to_all], forecast[open_to_all])


def train_values(ensemble: Ensemble) -> dict[int, TrainValues]:
    """The values of each series of an ensemble that its members were trained on, by data source id."""
    preparations = preparations_by_series(ensemble.models())
    return {series: TrainValues.of(preparation) for series, preparation in preparations.items()}


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
