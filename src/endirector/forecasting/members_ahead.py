"""Point forecasts of the members past the end of the data, and of the ensemble."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

import entrainer
from endirector.alignment.align import KEY
from endirector.combination.kept import stored_combination, stored_evidence
from endirector.forecasting.recursive import GateHistory, Steps, combine_recursively
from endirector.members.gate_inputs import preparations_by_series, smallest_offset
from endirector.members.member import Member, living_members, models_in
from endirector.methods.base import Floats
from enstorage import DataSnapshot, DataSource, Ensemble
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike, to_iso
from enstorage.progress import checkpoint
from entrainer.forecasting.history import known_rows
from entrainer.forecasting.recursive import direct_steps
from entrainer.forecasting.window import windows_of

_BY_HAND = "Combine such forecasts by hand, with ensemble.weights() or endirector.what_if(ensemble).metamodel."


@dataclass(frozen=True, slots=True)
class Start:
    """The origin of a forecast, the same for all members.

    Attributes:
        horizon: number of steps.
        time_from: the first time to forecast; None: the first that not all members know.
        snapshot: a newer one, or None.
        series: the data source, or None where there is one only.
        given: forecasts of members without object, by their names.
    """

    horizon: int
    time_from: TimeLike | None
    snapshot: DataSnapshot | None
    series: DataSource | int | None
    given: Mapping[str, ArrayLike]


def points_ahead(ensemble: Ensemble, start: Start) -> pl.DataFrame:
    """Point forecasts of an ensemble for the steps from the start on; columns as of `entrainer.forecast`.

    Raises:
        InvalidInputError: members cannot forecast past the end of their data; the message names them. Or the given
            forecasts have the wrong number of values.
    """
    members = living_members(ensemble)
    _check_given(ensemble, members, start)
    if start.time_from is None:
        start = replace(start, time_from=_first_unknown(members, start))
    tables = {member.name: table for member in members if (table := _points_of(member, start)) is not None}
    points = _same_times(ensemble, tables)
    forecasts = [
        tables[name]["value"].to_numpy() if name in tables else np.asarray(start.given[name], dtype=np.float64)
        for name in (member.name for member in members)
    ]
    value = _combined(ensemble, np.column_stack(forecasts), points["series"][0], start)
    return points.with_columns(pl.Series("value", value))


def own_steps(ensemble: Ensemble, horizon: int) -> dict[int, int]:
    """The step of the fitted weights to use for each forecast step, for steps forecast from known values only."""
    offsets = [model.data_set().adapter.get("offset") for model in ensemble.models() if model.data_set_id is not None]
    own_horizon: int = ensemble.table()["step"].max()  # type: ignore[assignment]
    known = [offset for offset in offsets if type(offset) is int]
    return direct_steps(horizon, own_horizon, min(known) if len(known) == len(ensemble.models()) else 1)


def _same_times(ensemble: Ensemble, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The targets of the members, which must be equal."""
    if not tables:
        raise InvalidInputError(f"No member of {ensemble} has an object that forecasts. {_BY_HAND}")
    first = next(iter(tables.values()))
    others = [name for name, table in tables.items() if not table.select(KEY).equals(first.select(KEY))]
    if others:
        raise InvalidInputError(
            f"{', '.join(others)} forecast other times than {next(iter(tables))}, from {to_iso(first['id'][0])} to "
            f"{to_iso(first['id'][-1])}; expected members of one series with one interval. Give a snapshot= of that series."
        )
    return first


def _check_given(ensemble: Ensemble, members: Iterable[Member], start: Start) -> None:
    lacking = without_object(members)
    missing = [name for name in lacking if name not in start.given]
    if missing:
        raise InvalidInputError(
            f"{', '.join(missing)} of {ensemble} cannot be forecast past the end of the data: only forecasts are kept of "
            "such members, and no object that makes new ones. Give their forecasts of the steps, given={name: values}; "
            "without them it would be another ensemble."
        )
    strange = sorted(start.given.keys() - set(lacking))
    if strange:
        raise InvalidInputError(
            f"Forecasts are given for {', '.join(strange)}; expected the names of members without object, which are: "
            f"{', '.join(lacking) or 'none'}."
        )
    for name, values in start.given.items():
        numbers = np.asarray(values)
        if numbers.shape != (start.horizon,) or numbers.dtype.kind not in "fiu" or not np.isfinite(numbers).all():
            raise InvalidInputError(
                f"The forecasts that are given for {name} are {start.horizon} finite numbers, one for each step; received "
                f"{values!r:.80}."
            )


def without_object(members: Iterable[Member]) -> list[str]:
    """The names of members that keep forecasts only; those inside of an ensemble too."""
    found = []
    for member in members:
        if isinstance(member.entity, Ensemble):
            found += without_object(living_members(member.entity))
        elif member.entity.object_sha256 is None:
            found.append(member.name)
    return found


def _first_unknown(members: Iterable[Member], start: Start) -> int:
    """The first time that not all members with an object know."""
    models = [model for model in models_in(members) if model.object_sha256 is not None]
    if not models:
        raise InvalidInputError(f"No member has an object, so it is not known where the data end. {_BY_HAND}")
    series_of = (windows_of(model, start.series)[1] for model in models)
    preparations = {preparation.id: preparation for preparation in series_of}
    return min(known_rows(each, start.snapshot).next_time for each in preparations.values())


def _points_of(member: Member, start: Start) -> pl.DataFrame | None:
    """The point forecasts of a member; None for one without object."""
    checkpoint()
    if isinstance(member.entity, Ensemble):
        own = without_object(living_members(member.entity))
        given = {name: values for name, values in start.given.items() if name in own}
        return points_ahead(member.entity, replace(start, given=given))
    if member.entity.object_sha256 is None:
        return None
    table = entrainer.forecast(
        member.entity, start.horizon, start.time_from, snapshot=start.snapshot, series=start.series
    )
    return table.filter(pl.col("quantile").is_null())


def steps_of(ensemble: Ensemble, horizon: int) -> Steps:
    """The step of the fitted weights to use for each step 1 … horizon, shape (horizon,)."""
    own_horizon = int(ensemble.table()["step"].to_numpy().max())
    direct_step = own_steps(ensemble, horizon)
    return np.array([direct_step.get(each, own_horizon) for each in range(1, horizon + 1)], dtype=np.int32)


def gate_history_of(ensemble: Ensemble, series: int, start: Start | None = None) -> GateHistory | None:
    """The values that the method uses besides the forecasts; None if it uses none.

    Args:
        ensemble: a rendered one.
        series: id of the data source.
        start: origin of the forecast; None for all rows of the preparation.
    """
    evidence = stored_evidence(ensemble)[0]
    if evidence.rows.window is None:
        return None
    models = ensemble.models()
    preparation = preparations_by_series(models)[series]
    known = known_rows(preparation) if start is None else known_rows(preparation, start.snapshot, start.time_from)
    own_horizon = int(evidence.keys["step"].to_numpy().max())
    return GateHistory(known, evidence.rows.window.shape[1], smallest_offset(models), own_horizon)


def _combined(ensemble: Ensemble, forecasts: Floats, series: int, start: Start) -> Floats:
    history = gate_history_of(ensemble, series, start)
    value = combine_recursively(stored_combination(ensemble), forecasts, steps_of(ensemble, start.horizon), history)
    if history is not None and np.isnan(value).any():
        following = history.known.calendar.label(history.known.next_time)
        raise InvalidInputError(
            f"The method of {ensemble} looks at the {history.lag} values before {following}, and not "
            "all of them are known. Give another time_from, or snapshot= one with more rows."
        )
    return value
