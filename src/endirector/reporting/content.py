"""The content of a report, in words and numbers: read from the store once, for the template and the plots."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.reporting.page import period, squared
from endirector.reporting.plots import same_precision
from endirector.selection.form import method_in_words
from enstorage import DataSource, Ensemble
from enstorage.entity._record import Record
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.ensemble_result import EnsembleResult, judged_by
from enstorage.entity.ensemble_search import EnsembleSearch
from enstorage.entity.targets import targets_are_values
from enstorage.errors import NotFoundError
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
    """Quantile forecasts of the ensemble on the judged part, and the share of true values inside them.

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
        weights: by name; None if there are no weights, or if they differ by step or row.
        step_weights: by step and name; empty unless they differ by step.
        row_weights: the rows of `drawn` with the columns `id` and `weight_…`; None unless weights differ by row.
        drawn: the drawn targets of the judged part, of one series and step: `id`, `truth`, `member_…`, `ensemble`.
        of_all: number of all targets of that part.
        intervals: None if no quantile forecasts are stored.
        diagnosis: see `diagnose`.
        dropped: members that were left out, with reasons.
        warnings: leakage that lowers the errors, and changes since rendering, in sentences.
        search: the search that selected the ensemble; None if it was created by hand.
        lineage: for each step its name, records (entity, id, detail), and the number of records not listed.
    """

    ensemble: Ensemble
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
    weights: dict[str, float] | None
    step_weights: dict[int, dict[str, float]]
    row_weights: pl.DataFrame | None
    drawn: pl.DataFrame
    of_all: int
    intervals: Intervals | None
    diagnosis: dict[str, Any]
    dropped: dict[str, str]
    warnings: list[str]
    search: EnsembleSearch | None
    lineage: list[tuple[str, list[tuple[str, int, str]], int]]

    @property
    def measure(self) -> str:
        """The key in `metrics` of the error by which the page compares forecasts."""
        return judged_by(self.metrics)[0]

    @property
    def measure_name(self) -> str:
        """The name of this error in words."""
        return judged_by(self.metrics)[1]

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

    def error_rows(self) -> list[dict[str, Any]]:
        """The table of errors: `name` and `figures`, each column with decimals of its own; the ensemble comes last."""
        columns = [(part, self.measure) for part in self.metrics]
        columns.append((self.judged, "accuracy" if self.classes else "mae"))
        figures = [
            same_precision(
                [self.metrics[part]["members"][name][measure] for name in self.names]
                + [self.metrics[part]["ensemble"][measure]]
            )
            for part, measure in columns
        ]
        rows = zip([*self.names, self.label], zip(*figures, strict=True), strict=True)
        return [{"name": name, "figures": own} for name, own in rows]

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
        """The best trials of the search that selected this ensemble: `name`, `members`, `error`, `standard_error`."""
        tried = [] if self.search is None else self.search.trials[:_LISTED]
        errors = same_precision([each.error for each in tried])
        spread = ["–" if (own := each.standard_error) is None else f"{own:.3g}" for each in tried]
        return [
            {
                "name": method_in_words(each.method, each.metamodel, each.parameters or {}),
                "members": len(each.members),
                "error": error,
                "standard_error": own,
            }
            for each, error, own in zip(tried, errors, spread, strict=True)
        ]

    def ambiguity_figures(self, ambiguity: Mapping[str, Any]) -> list[str]:
        """Member error, ambiguity and ensemble error, with the same decimals."""
        return same_precision([ambiguity[key] for key in ("member_error", "ambiguity", "ensemble_error")])


def _per_cent(change: float | None, error: float) -> str:
    if change is None or not error:
        return "–"
    formatted = f"{100 * change / error:+.1f}".replace("-", "−")
    return formatted.strip("+−") if formatted in ("+0.0", "−0.0") else formatted


def content_of(ensemble: Ensemble, diagnosis: dict[str, Any]) -> Content:
    """Read the stored data of a rendered ensemble."""
    metrics, alignment = ensemble.metrics(), ensemble.alignment()
    own, names = ensemble.table().drop_nulls("ensemble"), list(alignment["lost"])
    judged = next(part for part in reversed(PARTS) if part in metrics)
    rows = own.filter(pl.col("part") == Part.of(judged))
    unit = _unit(ensemble, own)
    return Content(
        ensemble=ensemble,
        project=ensemble.project.name,
        names=names,
        label="ensemble" if "ensemble" not in names else "this ensemble",
        judged=judged,
        unit=unit,
        squared=squared(unit),
        classes=classes_of(ensemble.models()) is not None,
        period=period(np.unique(rows["id"].to_numpy())) if _has_times(ensemble) else None,
        result=ensemble.rendered_result(),
        alignment=alignment,
        metrics=metrics,
        weights=_weights(ensemble),
        step_weights=_step_weights(ensemble, names),
        row_weights=_one_curve(rows).tail(_DRAWN) if any(name.startswith("weight_") for name in own.columns) else None,
        drawn=_one_curve(rows).tail(_DRAWN),
        of_all=rows.height,
        intervals=_intervals(ensemble, rows),
        diagnosis=diagnosis,
        dropped=ensemble.dropped(),
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
            return f"{facts['rows']} rows, {facts['aggregate']} by {facts['time_interval'] or 'event'}"
        case "DataPreparation":
            return f"{facts['transform_method']}, {facts['train_part']:.0%} train"
        case _:
            return str(facts["name"])
