"""The content of a report, in words and numbers: read from the store once, for the template and the plots."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from math import isnan
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment.align import KEY
from endirector.rendering.leaderboard import Leaderboard, leaderboard
from endirector.reporting.coverage_by_step import StepCoverage, coverage_by_step, in_words, levels_of
from endirector.reporting.language import sentence, text, word
from endirector.reporting.page import period, squared
from endirector.reporting.plots import same_precision
from endirector.selection.form import method_in_words
from enstorage import DataSource, Ensemble
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.zone import to_local
from enstorage.entity._record import Record
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.ensemble_result import EnsembleResult, judged_by
from enstorage.entity.ensemble_search import EnsembleSearch
from enstorage.entity.targets import targets_are_values
from enstorage.errors import NotFoundError
from enstorage.metrics.catalogue import find_metric
from enstorage.metrics.metric import Need
from enstorage.preparation.split import PARTS, Part

#: Largest number of targets in a plot; the last ones are drawn.
_DRAWN = 300
#: Largest number of records of one kind that the lineage lists.
_LISTED = 8

_STEPS = {
    "DataSource": "source",
    "DataSnapshot": "snapshot",
    "DataPreparation": "preparation",
    "DataSet": "data sets",
    "Model": "members",
    "Forecast": "forecasts",
    "Ensemble": "ensemble",
}


@dataclass(frozen=True, slots=True)
class Intervals:
    """Quantile forecasts of the ensemble on the test part, and the share of true values inside them.

    Attributes:
        drawn: the rows that are drawn, with the columns `id`, `truth`, `ensemble`, and `low_<share>` and `high_<share>` of
            each interval.
        coverage: measured coverage by the nominal coverage of the interval.
        rows: number of rows that the coverage was measured on.
    """

    drawn: pl.DataFrame
    coverage: dict[float, float]
    rows: int


@dataclass(frozen=True, slots=True)
class Content:
    """All data that the page shows.

    Attributes:
        ensemble: the ensemble.
        clock: the calendar of the series; of a panel that of the first.
        project: name of the project.
        names: of the combined members.
        label: name of the ensemble in tables and plots.
        judged: the part on which the ensemble is evaluated: test if there is one.
        unit: of the targets; empty for none.
        squared: the unit of squared errors.
        classes: true if probabilities of classes are forecast.
        period: the first and the last time of that part; None if targets have no times, such as those from arrays.
        result: the result of rendering.
        alignment: see `Ensemble.alignment`.
        metrics: see `Ensemble.metrics`.
        board: the leaderboard of the judged part.
        weights: by name; None if there are no weights, or if they differ by step or row.
        step_weights: by step and name; empty unless they differ by step.
        row_weights: the rows of `drawn` with the columns `id` and `weight_…`; None unless weights differ by row.
        drawn: the drawn targets of the judged part, of one series and step: `id`, `truth`, `member_…`, `ensemble`.
        of_all: number of all targets of that part.
        intervals: None if no quantile forecasts of test rows are stored.
        steps: their coverage by step; empty if there are no intervals.
        diagnosis: see `diagnose`.
        dropped: members that were left out, with reasons.
        remarks: what too few rows did not allow, and how it was selected, in sentences.
        warnings: leakage that lowers the errors, and changes since rendering, in sentences.
        search: the search that selected the ensemble; None if it was created by hand.
        lineage: for each step its name, records (entity, id, detail), and the number of records not listed.
    """

    ensemble: Ensemble
    clock: Calendar
    project: str
    names: list[str]
    label: str
    judged: str
    unit: str
    squared: str
    classes: bool
    period: str | None
    result: EnsembleResult
    alignment: dict[str, Any]
    metrics: dict[str, Any]
    board: Leaderboard
    weights: dict[str, float] | None
    step_weights: dict[int, dict[str, float]]
    row_weights: pl.DataFrame | None
    drawn: pl.DataFrame
    of_all: int
    intervals: Intervals | None
    steps: list[StepCoverage]
    diagnosis: dict[str, Any]
    dropped: dict[str, str]
    remarks: list[str]
    warnings: list[str]
    search: EnsembleSearch | None
    lineage: list[tuple[str, list[tuple[str, int, str]], int]]

    def on_axis(self, ids: NDArray[np.int64]) -> NDArray[np.int64] | NDArray[np.float64]:
        """Times as plots take them: of the local clock, or the numbers of an integer axis."""
        return on_axis(ids, self.clock)

    @property
    def shown_label(self) -> str:
        """The name of the ensemble in tables and plots, in the language of the page."""
        return self.label if (shown := word(self.label)) in self.names else shown

    @property
    def measure(self) -> str:
        """The key in `metrics` of the error by which the page compares forecasts."""
        return judged_by(self.metrics)[0]

    @property
    def measure_name(self) -> str:
        """The name of this error in words."""
        return judged_by(self.metrics)[1]

    @property
    def search_metric(self) -> str:
        """The name in words of the metric of the search that selected it; empty without a search."""
        return "" if self.search is None else find_metric(self.search.metric).error_label

    @property
    def method(self) -> str:
        """The method, with the parameters that differ from the defaults."""
        return method_in_words(self.ensemble.method, None, self.ensemble.parameters or {})

    @property
    def is_below_every_member(self) -> bool:
        """True if the ensemble has a smaller error than each of its members on the judged part."""
        errors, measure = self.metrics[self.judged], self.measure
        return bool(errors["ensemble"][measure] < min(own[measure] for own in errors["members"].values()))

    @property
    def best(self) -> str:
        """The member with the smallest error on the judged part."""
        errors = self.metrics[self.judged]["members"]
        return min(self.names, key=lambda name: errors[name][self.measure])

    def error_heads(self) -> list[str]:
        """The heads of the table of errors: the compared error of each part, then metrics of the judged part."""
        others = [f"{find_metric(name).label}, {word(self.judged)}" for name in self._others]
        return [*(f"{word(self.measure_name)}, {word(part)}" for part in self.metrics), *others]

    def error_rows(self) -> list[dict[str, Any]]:
        """The table of errors: `name` and `figures`, each column with decimals of its own; the ensemble comes last."""
        measured = {row["name"]: row for row in self.board.table.iter_rows(named=True)}
        rows = [measured[name] for name in (*self.names, self.label)]
        figures = [
            same_precision(
                [self.metrics[part]["members"][name][self.measure] for name in self.names]
                + [self.metrics[part]["ensemble"][self.measure]]
            )
            for part in self.metrics
        ]
        figures += [_figures([row[name] for row in rows]) for name in self._others]
        names = (*self.names, self.shown_label)
        return [{"name": name, "figures": own} for name, *own in zip(names, *figures, strict=True)]

    def metric_remarks(self) -> list[str]:
        """Sentences on metrics of the table that have no value, and on those that have."""
        by_reason: dict[str, list[str]] = {}
        for name, reason in self.board.undefined.items():
            if find_metric(name).needs == {Need.SCALE}:
                by_reason.setdefault(reason, []).append(find_metric(name).label)
        lacking = [
            text("No {metrics}: {reason}", metrics=text(" and ").join(labels), reason=sentence(reason))
            for reason, labels in by_reason.items()
        ]
        return [*lacking, *self.board.remarks]

    @property
    def _others(self) -> list[str]:
        """Metrics of the judged part that the table has beside the error by which the page compares forecasts."""
        shown = ("accuracy",) if self.classes else ("mae", "mase", "rmsse", "smape", "wql")
        return [name for name in self.board.table.columns if name in shown or name.startswith("coverage_")]

    def worth_rows(self) -> list[dict[str, Any]]:
        """The table of changes of the error without each member: per cent by part, and the upper limit that decided."""
        parts, suggestion = self.diagnosis["parts"], self.diagnosis["suggestion"]
        decided = parts.get(suggestion["decided_on"], {"error": 0.0})["error"]
        rows = []
        for name in self.names:
            changes = [(part["leave_one_out"][name]["change"], part["error"]) for part in parts.values()]
            limit = suggestion["changes"].get(name)
            changes.append((None if limit is None else limit["upper_limit"], decided))
            rows.append({"name": name, "figures": [_per_cent(change, error) for change, error in changes]})
        return rows

    def tried_rows(self) -> list[dict[str, Any]]:
        """The best trials of the search and the selected one: `name`, `members`, `error`, `standard_error`, `selected`.

        There are none where the search had no rows to judge on.
        """
        trials = [] if self.search is None or not self.search.rows else list(enumerate(self.search.trials))
        chosen = 0 if self.search is None else self.search.selected
        listed = trials[:_LISTED] + ([trials[chosen]] if chosen >= _LISTED else [])
        tried = [each for _, each in listed]
        errors = same_precision([each.error for each in tried])
        spread = ["–" if (own := each.standard_error) is None or isnan(own) else f"{own:.3g}" for each in tried]
        return [
            {
                "name": method_in_words(each.method, each.metamodel, each.parameters or {}),
                "members": len(each.members),
                "error": error,
                "standard_error": own,
                "selected": number == chosen,
            }
            for (number, each), error, own in zip(listed, errors, spread, strict=True)
        ]

    def step_heads(self) -> list[str]:
        """The levels of intervals, as heads of the table of coverage by step."""
        return [in_words(level) for level in levels_of(self.steps)]

    def step_rows(self) -> list[tuple[StepCoverage, list[str]]]:
        """The table of coverage by step: for each level the share of test rows inside."""
        levels = levels_of(self.steps)
        shares = [[each.shares.get(level) for level in levels] for each in self.steps]
        return [
            (each, ["–" if share is None else f"{share:.1%}" for share in own])
            for each, own in zip(self.steps, shares, strict=True)
        ]

    def ambiguity_figures(self, ambiguity: Mapping[str, Any]) -> list[str]:
        """Member error, ambiguity and ensemble error, with the same decimals."""
        return same_precision([ambiguity[key] for key in ("member_error", "ambiguity", "ensemble_error")])


def _figures(values: list[float | None]) -> list[str]:
    """Values with the same decimals; a dash for one that is missing."""
    known = iter(same_precision([value for value in values if value is not None]))
    return ["–" if value is None else next(known) for value in values]


def _per_cent(change: float | None, error: float) -> str:
    if change is None or not error:
        return "–"
    formatted = f"{100 * change / error:+.1f}".replace("-", "−")
    return formatted.strip("+−") if formatted in ("+0.0", "−0.0") else formatted


def on_axis(ids: NDArray[np.int64], clock: Calendar) -> NDArray[np.int64] | NDArray[np.float64]:
    """See `Content.on_axis`."""
    return ids.astype(np.float64) if clock.is_counter else to_local(ids, clock.time_zone)


def content_of(ensemble: Ensemble, diagnosis: dict[str, Any]) -> Content:
    """Read the stored data of a rendered ensemble."""
    metrics, alignment = ensemble.metrics(), ensemble.alignment()
    own, names = ensemble.table().drop_nulls("ensemble"), list(alignment["lost"])
    judged = next(part for part in reversed(PARTS) if part in metrics)
    rows = own.filter(pl.col("part") == Part.of(judged))
    unit = _unit(ensemble, own)
    clock = DataSource.get(ensemble.project.source_ids()[0], connector=ensemble.connector).clock
    return Content(
        ensemble=ensemble,
        clock=clock,
        project=ensemble.project.name,
        names=names,
        label="ensemble" if "ensemble" not in names else "this ensemble",
        judged=judged,
        unit=unit,
        squared=squared(unit),
        classes=classes_of(ensemble.models()) is not None,
        period=period(on_axis(np.unique(rows["id"].to_numpy()), clock)) if _has_times(ensemble) else None,
        result=ensemble.rendered_result(),
        alignment=alignment,
        metrics=metrics,
        board=leaderboard(ensemble, part=judged),
        weights=_weights(ensemble),
        step_weights=_step_weights(ensemble, names),
        row_weights=_one_curve(rows).tail(_DRAWN) if any(name.startswith("weight_") for name in own.columns) else None,
        drawn=_one_curve(rows).tail(_DRAWN),
        of_all=rows.height,
        intervals=_intervals(ensemble, rows if judged == Part.TEST.label else rows.clear()),
        steps=coverage_by_step(ensemble),
        diagnosis=diagnosis,
        dropped=ensemble.dropped(),
        remarks=ensemble.remarks(),
        warnings=ensemble.warnings(),
        search=None if ensemble.formed is None else ensemble.search(),
        lineage=_lineage(ensemble),
    )


def _one_curve(rows: pl.DataFrame) -> pl.DataFrame:
    """The targets of the first series and the first step, in time order."""
    first = rows.select(pl.col("series").min(), pl.col("step").min())
    return rows.join(first, on=["series", "step"], how="semi").sort("id")


def _has_times(ensemble: Ensemble) -> bool:
    data_sets = [model.data_set() for model in ensemble.models() if model.data_set_id is not None]
    return all(data_set.preparations() for data_set in data_sets)


def _unit(ensemble: Ensemble, table: pl.DataFrame) -> str:
    if not _has_times(ensemble) or not all(
        model.data_set_id is None or targets_are_values(model.data_set()) for model in ensemble.models()
    ):
        return ""
    sources = DataSource.get_list(sorted(table["series"].unique().to_list()), connector=ensemble.connector)
    units = {source.unit or "" for source in sources}
    return units.pop() if len(units) == 1 else ""


def _weights(ensemble: Ensemble) -> dict[str, float] | None:
    try:
        return ensemble.weights()
    except NotFoundError:
        return None


def _step_weights(ensemble: Ensemble, names: list[str]) -> dict[int, dict[str, float]]:
    results = [item.rendered_result() for item in ensemble.items()]
    living = [own.step_weights or {} for own in results if own.dropped is None]
    steps = sorted({step for own in living for step in own})
    if len(steps) < 2:
        return {}
    return {step: {name: own[step] for name, own in zip(names, living, strict=True)} for step in steps}


def _intervals(ensemble: Ensemble, rows: pl.DataFrame) -> Intervals | None:
    """The central intervals between stored quantiles, with their coverage on these rows."""
    quantiles = ensemble.forecasts().filter(pl.col("quantile").is_not_null())
    levels = sorted(quantiles["quantile"].unique().to_list())
    pairs = [(low, high) for low in levels for high in levels if low < 0.5 and abs(low + high - 1) < 1e-9]
    if not pairs:
        return None
    joined = rows.select(*KEY, "truth", "ensemble")
    shares: dict[float, tuple[str, str]] = {}
    for low, high in pairs:
        share = round(high - low, 9)
        shares[share] = f"low_{share}", f"high_{share}"
        for level, name in zip((low, high), shares[share], strict=True):
            ends = quantiles.filter(pl.col("quantile") == level).select(*KEY, pl.col("value").alias(name))
            joined = joined.join(ends.unique(KEY), on=KEY, how="inner", maintain_order="left")
    if not joined.height:
        return None
    covered = {
        share: float(joined.select(pl.col("truth").is_between(low, high).mean()).item())
        for share, (low, high) in shares.items()
    }
    return Intervals(_one_curve(joined).tail(_DRAWN), covered, joined.height)


def _lineage(ensemble: Ensemble) -> list[tuple[str, list[tuple[str, int, str]], int]]:
    steps = []
    for entity, group in groupby(ensemble.lineage().records, lambda record: type(record).__name__):
        records = list(group)
        if entity == "Forecast":
            continue  # three of each member, which the page shows elsewhere
        listed = [(entity, record.id, _detail(record)) for record in records[:_LISTED]]
        steps.append((_STEPS[entity], listed, max(0, len(records) - _LISTED)))
    return steps


def _detail(record: Record) -> str:
    facts = record.as_dictionary()
    match type(record).__name__:
        case "DataSource":
            return f"{facts['name']}, {facts['unit']}" if facts["unit"] else str(facts["name"])
        case "DataSnapshot":
            interval = facts["time_interval"] or text("event")
            return text("{rows} rows, {aggregate} by {interval}", **facts | {"interval": interval})
        case "DataPreparation":
            return text("{method}, {share} train", method=facts["transform_method"], share=f"{facts['train_part']:.0%}")
        case _:
            return str(facts["name"])
