"""`leaderboard`: a rendered ensemble and its members, the best first, by any metric, from stored forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.members.member import living_members, models_in
from endirector.methods.base import Floats
from enstorage import Ensemble, Forecast, Model
from enstorage.entity.ensemble_members import classes_of
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import (
    METRICS,
    OF_CLASSES,
    OF_INTERVALS,
    OF_POINTS,
    OF_QUANTILES,
    at_level,
    find_metric,
    measure_all,
)
from enstorage.metrics.interval import interval_levels
from enstorage.metrics.judged import Judged
from enstorage.metrics.metric import Metric
from enstorage.metrics.scale import remarks_on
from enstorage.preparation.split import PARTS, Part, check_part
from enstorage.views.scales import scales_of

#: Metrics that it can be sorted by.
RANKING = (*OF_POINTS, *OF_QUANTILES, *OF_INTERVALS, *OF_CLASSES)
#: The first of these that has a value sorts it by default.
_USUAL = ("log_loss", "mase", "rmse")


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A rendered ensemble and its members, measured on one part.

    Attributes:
        table: a row for each, the best first; with steps, by step: `step` if asked for, `rank` (from 1; null without a
            value), `name`, `is_ensemble`, `rows` (measured targets), and a column for each metric that has a value.
        metric: the name of the metric that it is sorted by.
        part: `train`, `valid` or `test`.
        undefined: the reason, a sentence, for each metric that has no value for any row.
        remarks: sentences on the figures, such as on a season that the train rows do not allow.
    """

    table: pl.DataFrame
    metric: str
    part: str
    undefined: Mapping[str, str]
    remarks: Sequence[str]

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A forecaster on the rows of the part, with all its quantiles and with those that all have that have any."""

    name: str
    is_ensemble: bool
    judged: Judged
    comparable: Judged


def leaderboard(
    ensemble: Ensemble, metric: str | None = None, part: str | None = None, *, by_step: bool = False
) -> Leaderboard:
    """Measure an ensemble and its members by all metrics that have a value; nothing is stored, and no model is opened.

    Errors are in source units. WQL and CRPS are of the levels that all have that forecast quantiles, so that they can be
    compared. Test rows are described here, and decide nothing.

    Args:
        ensemble: a rendered ensemble.
        metric: the one to sort by, see `docs/reference/metrics.md`; by default MASE, else RMSE; for classes log loss.
        part: `train`, `valid` or `test`; by default the last one that has rows.
        by_step: measure each forecast step by itself.

    Raises:
        InvalidInputError: there is no such metric or part, or the metric has no value for any of them; the message has the
            reason.
        NotFoundError: the ensemble was not rendered.
    """
    chosen = None if metric is None else find_metric(metric, RANKING)
    with ensemble.connector:
        table = ensemble.table().drop_nulls("ensemble")
        rows, part = _rows_of(table, part, ensemble)
        entries, remarks = _entries(ensemble, rows)
        steps = rows["step"].to_numpy()
        metrics = _metrics(entries)
        groups = (
            [(int(step), steps == step) for step in np.unique(steps)] if by_step else [(0, np.ones(len(steps), bool))]
        )
        measured = []
        undefined: dict[str, str] = {}
        for step, own in groups:
            for entry in entries:
                values, missing = _measured(entry, metrics, own)
                undefined |= missing
                head = {"step": step} if by_step else {}
                facts = {"name": entry.name, "is_ensemble": entry.is_ensemble, "rows": int(own.sum())}
                measured.append(head | facts | {each.name: values.get(each.name) for each in metrics})
    known = {each.name for each in metrics if any(row[each.name] is not None for row in measured)}
    chosen = _chosen(chosen, known, undefined)
    names = [each.name for each in metrics if each.name in known]
    heads = [*(["step"] if by_step else []), "rank", "name", "is_ensemble", "rows"]
    ranked = _ranked(pl.DataFrame(measured, infer_schema_length=None), chosen, by_step=by_step)
    reasons = {name: reason for name, reason in undefined.items() if name not in known}
    remarks = [remark for remark in remarks if remark not in reasons.values()]
    return Leaderboard(ranked.select(*heads, *names), chosen.name, part, reasons, remarks)


def _rows_of(table: pl.DataFrame, part: str | None, ensemble: Ensemble) -> tuple[pl.DataFrame, str]:
    present = [each for each in PARTS if (table["part"] == Part.of(each)).any()]
    if part is None:
        part = present[-1]
    check_part(part)
    if part not in present:
        raise InvalidInputError(
            f"{ensemble} has no common targets in the part {part!r}; it has some in {', '.join(present)}. Name one of these."
        )
    return table.filter(pl.col("part") == Part.of(part)), part


def _entries(ensemble: Ensemble, rows: pl.DataFrame) -> tuple[list[_Entry], list[str]]:
    members = living_members(ensemble)
    models, names = models_in(members), ensemble.labels()
    series, classes = rows["series"].to_numpy(), classes_of(models)
    scales = scales_of(models, series)
    truth, keys = rows["truth"].to_numpy(), rows.select(KEY)
    label = "ensemble" if "ensemble" not in names.values() else "this ensemble"
    forecasters: list[tuple[str, Model | Ensemble, str]] = [
        (names[member.item_id], member.entity, f"member_{member.key}")
        for member in members
        if member.item_id is not None
    ]
    judged = [
        Judged(
            truth,
            rows[column].to_numpy(),
            series,
            scales,
            _quantiles(entity, keys),
            None if classes is None else int(rows["step"].to_numpy().max(initial=1)),
        )
        for _, entity, column in (*forecasters, (label, ensemble, "ensemble"))
    ]
    shared = _shared_levels(judged)
    entries = [
        _Entry(name, entity is ensemble, own, own.with_levels(shared))
        for (name, entity, _), own in zip((*forecasters, (label, ensemble, "ensemble")), judged, strict=True)
    ]
    remarks = remarks_on(scales.values()) if classes is None else []
    if any(set(own.quantiles) - shared for own in judged):
        levels = ", ".join(f"{level:g}" for level in sorted(shared))
        remarks.append(
            f"WQL and CRPS are of the quantiles that all have: {levels}."
            if shared
            else "Those that forecast quantiles share no level, so WQL and CRPS cannot be compared."
        )
    return entries, remarks


def _quantiles(entity: Model | Ensemble, keys: pl.DataFrame) -> dict[float, Floats]:
    """The stored quantile forecasts of these targets by level, NaN where there is none; without levels of no target."""
    tables = [kept.table().filter(pl.col("quantile").is_not_null()) for kept in Forecast.of(entity)]
    if not tables:
        return {}
    kept = pl.concat(tables).join(keys, on=KEY, how="semi").unique([*KEY, "quantile"], keep="last", maintain_order=True)
    found = {}
    for (level,), own in kept.group_by("quantile", maintain_order=True):
        values = keys.join(own.select(*KEY, "value"), on=KEY, how="left", maintain_order="left")["value"]
        found[round(float(level), 12)] = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return dict(sorted(found.items()))


def _shared_levels(judged: Sequence[Judged]) -> set[float]:
    levels = [set(own.quantiles) for own in judged if own.quantiles]
    return set.intersection(*levels) if levels else set()


def _metrics(entries: Sequence[_Entry]) -> list[Metric]:
    if entries[0].judged.classes is not None:
        return [METRICS[name] for name in (*OF_CLASSES, "mse", "rmse", "mae")]
    quantiles = {level for entry in entries for level in entry.judged.quantiles}
    of_levels = [at_level(METRICS[name], level) for level in interval_levels(quantiles) for name in OF_INTERVALS]
    return [*(METRICS[name] for name in (*OF_POINTS, *OF_QUANTILES)), *of_levels]


def _measured(
    entry: _Entry, metrics: Sequence[Metric], rows: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[dict[str, float], dict[str, str]]:
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    for compared in (True, False):
        own = [each for each in metrics if (each.name in OF_QUANTILES) == compared]
        found, reasons = measure_all(own, (entry.comparable if compared else entry.judged).only(rows))
        values |= found
        missing |= reasons
    return values, missing


def _chosen(metric: Metric | None, known: set[str], undefined: Mapping[str, str]) -> Metric:
    if metric is None:
        return METRICS[next(name for name in _USUAL if name in known)]
    if metric.name not in known:
        reason = undefined.get(metric.name, "No forecast has it.")
        raise InvalidInputError(
            f"{metric.label} has no value here: {reason} Choose another metric, such as {', '.join(sorted(known))}."
        )
    return metric


def _ranked(table: pl.DataFrame, metric: Metric, *, by_step: bool) -> pl.DataFrame:
    badness = pl.col(metric.name).map_elements(metric.badness, return_dtype=pl.Float64)
    order = ["step", "_badness"] if by_step else ["_badness"]
    rank = pl.col("_badness").rank("min")
    return (
        table.with_columns(badness.alias("_badness"))
        .with_columns((rank.over("step") if by_step else rank).cast(pl.Int64).alias("rank"))
        .sort(*order, nulls_last=True, maintain_order=True)
    )
