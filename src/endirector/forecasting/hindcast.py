"""Hindcasts of an ensemble: forecasts over several steps from origins in the past, with the objects of its members."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.combination.cross_fit import STRETCHES
from endirector.combination.evidence import Evidence
from endirector.combination.kept import as_rendered, stored_combination, stored_evidence
from endirector.forecasting.members_ahead import gate_history_of, steps_of, without_object
from endirector.forecasting.recursive import combine_recursively
from endirector.members.gate_inputs import preparations_by_series
from endirector.members.leakage import leaks
from endirector.members.member import living_members
from endirector.methods.base import Combination, Floats
from enstorage import Ensemble
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.preparation.split import Part
from enstorage.progress import checkpoint
from entrainer.forecasting.hindcast import hindcast_values, true_steps
from entrainer.forecasting.window import sees_others

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hindcast:
    """Forecasts and true values, both of shape (origins, horizon); NaN where that is not known.

    Attributes:
        origins: the first time of each forecast, ns, shape (origins,).
        forecast: in the units of the source.
        truth: the same.
    """

    origins: Times
    forecast: Floats
    truth: Floats


def can_be_hindcast(ensemble: Ensemble) -> bool:
    """True if all members have objects and none could see values after the origin, of its own series or of covariates."""
    models = ensemble.models()
    if without_object(living_members(ensemble)) or any(map(leaks, models)):
        return False
    return not any(map(sees_others, models))


def hindcast_held_out(ensemble: Ensemble, held_out: Evidence, horizon: int, series: int) -> Hindcast:
    """From each of the held-out targets on. A method that was fitted on such rows is fitted anew on what lies before.

    Args:
        ensemble: one for which `can_be_hindcast`.
        held_out: targets that no member was trained on; at least one.
        horizon: number of steps.
        series: id of the data source.
    """
    times, truth = _by_time(held_out, series)
    forecast = np.full((len(times), horizon), np.nan)
    members = _members(ensemble, times, horizon, series)
    for own, combination in _as_fitted_before(ensemble, held_out, times):
        forecast[own] = _combined(ensemble, combination, times[own], members[own], series)
    return Hindcast(times, forecast, _truth(ensemble, times, truth, horizon, series))


def hindcast_test(ensemble: Ensemble, horizon: int, series: int) -> Hindcast:
    """Hindcast from each test row with the stored ensemble, to measure its errors only."""
    evidence = stored_evidence(ensemble)[0]
    times, truth = _by_time(evidence.only(evidence.part == Part.TEST), series)
    if not len(times):
        return Hindcast(times, np.empty((0, horizon)), np.empty((0, horizon)))
    return Hindcast(times, _forecast(ensemble, times, horizon, series), _truth(ensemble, times, truth, horizon, series))


def _by_time(evidence: Evidence, series: int) -> tuple[Times, Floats]:
    rows = evidence.keys.with_columns(truth=evidence.truth).filter(pl.col("series") == series)
    rows = rows.unique("id").sort("id")
    return rows["id"].to_numpy(), rows["truth"].to_numpy()


def _truth(ensemble: Ensemble, times: Times, truth: Floats, horizon: int, series: int) -> Floats:
    preparation = preparations_by_series(ensemble.models())[series]
    return true_steps(preparation, times, times, truth, horizon)


def _as_fitted_before(ensemble: Ensemble, held_out: Evidence, times: Times) -> Iterator[tuple[slice, Combination]]:
    """Stretches of the times, each with the method as fitted on what lies before it; see `cross_fitted`."""
    recipe, folds = as_rendered(ensemble), stored_evidence(ensemble)[1]
    if recipe.fit_on == OUT_OF_FOLD and folds is not None:
        source = folds
    elif recipe.fit_on is not None and (held_out.part == Part.of(recipe.fit_on)).any():
        source = held_out
    else:
        yield slice(None), stored_combination(ensemble)
        return
    fitted_at = source.keys["id"].to_numpy()
    borders = np.linspace(0, len(times), STRETCHES + 1).astype(np.intp)
    for first, end in pairwise(borders.tolist()):
        before = fitted_at < times[first] if end > first else np.zeros(len(fitted_at), dtype=bool)
        if before.any():
            yield slice(first, end), recipe.fit(source.only(before))[0]


def _members(ensemble: Ensemble, times: Times, horizon: int, series: int) -> Floats:
    """The forecasts of each member, shape (origins, horizon, members)."""
    forecasts = [
        _forecast(member.entity, times, horizon, series)
        if isinstance(member.entity, Ensemble)
        else hindcast_values(member.entity, times, horizon, series)
        for member in living_members(ensemble)
    ]
    return np.stack(forecasts, axis=-1)


def _forecast(ensemble: Ensemble, times: Times, horizon: int, series: int) -> Floats:
    members = _members(ensemble, times, horizon, series)
    return _combined(ensemble, stored_combination(ensemble), times, members, series)


def _combined(ensemble: Ensemble, combination: Combination, times: Times, members: Floats, series: int) -> Floats:
    """Shape (origins, horizon, members) → (origins, horizon); NaN where a member has none."""
    origins, horizon, count = members.shape
    step, history = steps_of(ensemble, horizon), gate_history_of(ensemble, series)
    forecast = np.full((origins, horizon), np.nan)
    whole = np.isfinite(members).all(axis=(1, 2))
    if history is not None:
        rows = np.searchsorted(history.known.times, times)
        for place in np.flatnonzero(whole):
            checkpoint()
            known = int(rows[place])
            forecast[place] = combine_recursively(combination, members[place], step, history, known, series=series)
    elif whole.any():
        flat = members[whole].reshape(-1, count)
        steps = np.tile(step, int(whole.sum()))
        forecast[whole] = combine_recursively(combination, flat, steps, None, series=series).reshape(-1, horizon)
    return forecast
