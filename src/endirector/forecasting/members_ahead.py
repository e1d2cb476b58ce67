"""Forecasts of the members past the end of the data, and of the ensemble."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from endirector.alignment.align import KEY
from endirector.combination.combine import combined_quantiles
from endirector.combination.evidence import Evidence
from endirector.combination.kept import as_rendered, stored_combination, stored_evidence
from endirector.forecasting.recursive import GateHistory, Steps, combine_recursively
from endirector.members.gate_inputs import preparations_by_series, smallest_offset
from endirector.members.member import Member, living_members, models_in
from endirector.methods.base import Combination, Floats, Rows, TargetTimes
from enstorage import Connector, DataPreparation, DataSnapshot, Ensemble, Model
from enstorage.arrays.missing import unmasked
from enstorage.entity._labels import label_at
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.progress import checkpoint
from entrainer.forecasting.asked.series import Asked, known_series
from entrainer.forecasting.covariates.given import CovariatesAhead
from entrainer.forecasting.history import Known, known_rows
from entrainer.forecasting.recursive import direct_steps, judged_steps
from entrainer.forecasting.steps_ahead import steps_ahead
from entrainer.forecasting.window import learned_series, sees_others, snapshots_for, window_of
from entrainer.local import LocalSpec
from entrainer.networks.specification import spec_from_json

_BY_HAND = "Combine such forecasts by hand, with ensemble.weights() or endirector.what_if(ensemble).metamodel."


@dataclass(frozen=True, slots=True)
class Start:
    """The origin of a forecast, the same for all members.

    Attributes:
        horizon: number of steps.
        time_from: the first time to forecast; None: for each series the first that not all members know.
        snapshot: a newer one, or None.
        series: the series, see `entrainer.forecast`; None for all that the members were trained on.
        given: forecasts of members without object, by their names.
        ahead: values of covariates past the end of the data, for members that see several series.
        known: by the id of each model with an object the known rows of each series, found by `steps_of_ensemble`.
        quantiles: those that members with a distribution forecast too; others forecast those they were trained for.
        combination: in place of the rendered one; None for that.
    """

    horizon: int
    time_from: TimeLike | None
    snapshot: DataSnapshot | Sequence[DataSnapshot] | None
    series: Asked
    given: Mapping[str, ArrayLike]
    ahead: CovariatesAhead = field(default_factory=CovariatesAhead)
    known: Mapping[int, Mapping[int | None, Known]] = field(default_factory=dict)
    quantiles: Sequence[float] = ()
    combination: Combination | None = None

    def new_series(self) -> dict[int | None, Known]:
        """The series that a member was not trained on."""
        every = {series: rows for known in self.known.values() for series, rows in known.items()}
        return {series: rows for series, rows in every.items() if len(rows.measured)}

    def only(self, series: Collection[int], quantiles: Sequence[float]) -> "Start":
        """The same for some of the series, by their ids (0 for a table), with quantiles."""
        known = {id: {each: rows[each] for each in rows if (each or 0) in series} for id, rows in self.known.items()}
        return replace(self, known=known, quantiles=quantiles)

    def snapshot_of(self, series: int | None) -> DataSnapshot | None:
        """The newer snapshot of a series; None if there is none."""
        given = [*_listed(self.snapshot), *_listed(self.series)]
        newer = (each for each in given if isinstance(each, DataSnapshot) and each.data_source_id == series)
        return next(newer, None)


def _listed(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else (given,)


def steps_of_ensemble(ensemble: Ensemble, start: Start) -> dict[int | None, pl.DataFrame]:
    """Forecasts of an ensemble for the steps from the start on, by series; columns as of `entrainer.forecast`.

    After the point forecasts come those of the quantiles that all members forecast themselves, if the method combines
    quantiles and sees nothing besides the forecasts.

    Raises:
        InvalidInputError: as `member_steps`.
    """
    found = member_steps(ensemble, start)
    return {
        series: pl.concat(
            found.points[series]
            .head(len(values))
            .with_columns(pl.Series("value", values), pl.lit(level, pl.Float64).alias("quantile"))
            for level, values in levels.items()
        )
        for series, levels in _combined(ensemble, found.forecasts, found.own, found.start).items()
    }


@dataclass(frozen=True, slots=True)
class MemberSteps:
    """Forecasts of the members of an ensemble, each by series.

    Attributes:
        start: with the known rows.
        names: of the members.
        points: targets, columns as of `entrainer.forecast`.
        forecasts: point forecasts, shape (horizon, members) each.
        own: quantiles that all members forecast, see `_common_quantiles`.
    """

    start: Start
    names: Sequence[str]
    points: Mapping[int | None, pl.DataFrame]
    forecasts: Mapping[int | None, Floats]
    own: Mapping[int | None, Mapping[float, Floats]]


def member_steps(ensemble: Ensemble, start: Start) -> MemberSteps:
    """Forecasts of the members of an ensemble for the steps from the start on.

    Raises:
        InvalidInputError: members cannot forecast past the end of their data; the message names them. Or the given
            forecasts have the wrong number of values.
    """
    members = living_members(ensemble)
    _check_given(ensemble, members, start)
    if not start.known:
        start = with_known_rows(ensemble, start)
    if start.quantiles and not all(map(_gives_quantiles, models_in(members))):
        start = replace(start, quantiles=())  # some simulate them, and they would not be used
    every = {member.name: tables for member in members if (tables := _steps_of(member, start)) is not None}
    found = {
        name: {series: table.filter(pl.col("quantile").is_null()) for series, table in tables.items()}
        for name, tables in every.items()
    }
    if not found:
        raise InvalidInputError(f"No member of {ensemble} has an object that forecasts. {_BY_HAND}")
    first = next(iter(found.values()))
    common = [series for series in first if all(series in tables for tables in found.values())]
    if start.given and len(common) > 1:
        raise InvalidInputError(
            f"given= has forecasts of one series, and {len(common)} are forecast. Name the series, series=."
        )
    points = {
        series: _same_times({name: tables[series] for name, tables in found.items()}, ensemble.connector)
        for series in common
    }
    forecasts = {
        series: np.column_stack(
            [
                found[name][series]["value"].to_numpy() if name in found else unmasked(start.given[name], float)
                for name in (member.name for member in members)
            ]
        )
        for series in common
    }
    own = {
        series: _common_quantiles([every.get(member.name, {}).get(series) for member in members]) for series in common
    }
    return MemberSteps(start, [member.name for member in members], points, forecasts, own)


def with_known_rows(ensemble: Ensemble, start: Start) -> Start:
    """The start with the known rows of each series for each model.

    Raises:
        InvalidInputError: no member has an object, or cannot forecast the series.
    """
    members = living_members(ensemble)
    _check_given(ensemble, members, start)
    return replace(start, known=_known_rows(members, start))


def own_steps(ensemble: Ensemble, horizon: int) -> dict[int, int]:
    """The step of the fitted weights to use for each step that was judged, or is forecast from known values."""
    offsets = [model.data_set().adapter.get("offset") for model in ensemble.models() if model.data_set_id is not None]
    own_horizon = _judged_steps(ensemble)
    known = [offset for offset in offsets if type(offset) is int]
    return direct_steps(horizon, own_horizon, min(known) if len(known) == len(ensemble.models()) else 1)


def _judged_steps(ensemble: Ensemble) -> int:
    """The number of steps that all members have forecast from one origin: of the parts, or out of fold."""
    own_horizon = int(ensemble.table()["step"].to_numpy().max())
    return min(judged_steps(model, own_horizon) for model in ensemble.models())


def _same_times(tables: Mapping[str, pl.DataFrame], connector: Connector) -> pl.DataFrame:
    """The targets of the members, which must be equal."""
    first = next(iter(tables.values()))
    others = [name for name, table in tables.items() if not table.select(KEY).equals(first.select(KEY))]
    if others:
        begin, end = (label_at(connector, first["series"][at], first["id"][at]) for at in (0, -1))
        raise InvalidInputError(
            f"{', '.join(others)} forecast other times than {next(iter(tables))}, from {begin} to {end}; "
            "expected members of one series with one interval. Give a snapshot= of that series."
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
        numbers = unmasked(values)
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


def _known_rows(members: Iterable[Member], start: Start) -> dict[int, dict[int | None, Known]]:
    """The known rows of each series for each model with an object, up to the same time for all models."""
    models = {model.id: model for model in models_in(members) if model.object_sha256 is not None}
    if not models:
        raise InvalidInputError(f"No member has an object, so it is not known where the data end. {_BY_HAND}")
    learned = {id: learned_series(model) for id, model in models.items()}
    found: dict[int, dict[int | None, Known]] = {}
    same: dict[object, dict[int | None, Known]] = {}
    for id, model in models.items():
        # Members of the same series, prepared in the same way, know the same rows, which are read once.
        key = tuple(each.id for each in learned[id].values())
        if key not in same:
            same[key] = _known(model, start, start.series, start.time_from, learned[id])
        found[id] = dict(same[key])
    if start.time_from is not None:
        return found
    ends: dict[int | None, int] = {}
    for known in found.values():
        for series, rows in known.items():
            ends[series] = min(rows.next_time, ends.get(series, rows.next_time))
    for id, known in found.items():
        for series in [series for series, rows in known.items() if rows.next_time != ends[series]]:
            asked = start.series if series is None else series
            found[id] |= _known(models[id], start, asked, ends[series], learned[id])
    return found


def _known(
    model: Model, start: Start, asked: Asked, time_from: TimeLike | None, learned: Mapping[int, DataPreparation]
) -> dict[int | None, Known]:
    window, snapshot = window_of(model), snapshots_for(model, start.snapshot)[0]
    known = known_series(model, asked, window.lag + window.offset - 1, snapshot, time_from, learned)
    return {each.series: each for each in known}


def _steps_of(member: Member, start: Start) -> dict[int | None, pl.DataFrame] | None:
    """The forecasts of a member, by series, also of the quantiles that it has; None for one without object."""
    checkpoint()
    if isinstance(member.entity, Ensemble):
        own = without_object(living_members(member.entity))
        given = {name: values for name, values in start.given.items() if name in own}
        return steps_of_ensemble(member.entity, replace(start, given=given, combination=None))
    model = member.entity
    if model.object_sha256 is None:
        return None
    ahead = CovariatesAhead()
    if sees_others(model):
        ahead = replace(start.ahead, snapshots=snapshots_for(model, start.snapshot)[1])
    known = list(start.known[model.id].values())
    points, quantiles = steps_ahead(model, window_of(model), known, start.horizon, ahead, start.quantiles)
    by_series: dict[int | None, list[pl.DataFrame]] = {table["series"][0]: [table] for table in points}
    for table in quantiles:
        by_series[table["series"][0]].append(table)
    return {series: pl.concat(tables) for series, tables in by_series.items()}


def gives_quantiles(ensemble: Ensemble) -> bool:
    """True if all members can forecast quantiles."""
    return all(map(_gives_quantiles, models_in(living_members(ensemble))))


def _gives_quantiles(model: Model) -> bool:
    """True if a model can forecast quantiles; those of an ensemble are combined of quantiles that all members forecast."""
    spec = None if model.network is None else spec_from_json(model.network)
    if isinstance(spec, LocalSpec):
        return spec.gives_quantiles
    training: dict[str, Any] = model.meta("training", default={})
    return bool(training.get("quantiles"))


def _common_quantiles(tables: Sequence[pl.DataFrame | None]) -> dict[float, Floats]:
    """The quantiles of one series that all members forecast, by level, each for the first steps, shape (steps, members)."""
    own = [None if table is None else table.drop_nulls("quantile").sort("step") for table in tables]
    of_each = [
        {} if table is None else dict(table.group_by(pl.col("quantile").round(12)).agg("value").rows()) for table in own
    ]
    levels = sorted(set.intersection(*(set(found) for found in of_each)))
    steps = min((len(found[level]) for found in of_each for level in levels), default=0)
    return {level: np.column_stack([found[level][:steps] for found in of_each]) for level in levels}


def steps_of(ensemble: Ensemble, horizon: int) -> Steps:
    """The step of the fitted weights to use for each step 1 … horizon, shape (horizon,)."""
    own_horizon, direct_step = _judged_steps(ensemble), own_steps(ensemble, horizon)
    return np.array([direct_step.get(each, own_horizon) for each in range(1, horizon + 1)], dtype=np.int32)


def gate_history_of(
    ensemble: Ensemble, series: int | None, start: Start | None = None, evidence: Evidence | None = None
) -> GateHistory | None:
    """The values that the method uses besides the forecasts; None if it uses none.

    Args:
        ensemble: a rendered one.
        series: id of the data source; None for a table.
        start: origin of the forecast; None for all rows of the preparation.
        evidence: the stored one, if it has been read.
    """
    evidence = stored_evidence(ensemble)[0] if evidence is None else evidence
    window, sees_features = evidence.rows.window, evidence.rows.features is not None
    if window is None and not sees_features:
        return None
    models = ensemble.models()
    own_horizon = int(evidence.keys["step"].to_numpy().max())
    rows = None if start is None else next(known[series] for known in start.known.values())
    preparation = None if series is None else preparations_by_series(models).get(series)
    if preparation is None:  # a series that no member was trained on: as the first of them sees it
        assert rows is not None  # noqa: S101 - it has no hindcasts
    elif start is None or rows is None:
        rows = known_rows(preparation)
    else:
        rows = known_rows(preparation, start.snapshot_of(series), rows.next_time)
    lag = 0 if window is None else window.shape[1]
    return GateHistory(rows, lag, smallest_offset(models), own_horizon, sees_features)


def _combined(
    ensemble: Ensemble,
    forecasts: Mapping[int | None, Floats],
    own: Mapping[int | None, Mapping[float, Floats]],
    start: Start,
) -> dict[int | None, dict[float | None, Floats]]:
    """The forecasts of the ensemble of each series, by the level of the quantile; None for the point forecast.

    Args:
        ensemble: a rendered one.
        forecasts: of the members, shape (horizon, members) each.
        own: quantiles of the members, see `_common_quantiles`.
        start: of the forecast.
    """
    combination, steps = start.combination or stored_combination(ensemble), steps_of(ensemble, start.horizon)
    found: dict[int | None, dict[float | None, Floats]] = {}
    evidence, method = stored_evidence(ensemble)[0], as_rendered(ensemble).method
    for series, each in forecasts.items():
        history = gate_history_of(ensemble, series, start, evidence)
        # A table has no data source, and no data source has the id 0.
        value = combine_recursively(combination, each, steps, history, series=series or 0)
        if history is not None and np.isnan(value).any():
            following = history.known.calendar.label(history.known.next_time)
            raise InvalidInputError(
                f"The method of {ensemble} looks at the {history.lag} values before {following}, and not "
                "all of them are known. Give another time_from, or snapshot= one with more rows."
            )
        found[series] = {None: value}
        if own[series] and history is None:
            first = next(iter(own[series].values()))
            rows = Rows(first, steps[: len(first)], targets=TargetTimes.ahead(series or 0, len(first)))
            for level, values in combined_quantiles(method, combination, rows, own[series]).items():
                found[series][level] = values
    return found
