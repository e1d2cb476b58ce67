"""`remake`: trains stored models again with the same settings and stores nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from enstorage import Model
from enstorage.entity.forecast import OUT_OF_FOLD, point_forecasts
from enstorage.instant import to_ns
from enstorage.preparation.split import Part
from enstorage.progress import Listener, Progress, listening
from entrainer.compiled.outcome import Stop
from entrainer.experiments.backtest import open_rows, walked
from entrainer.experiments.groups import GroupFolds
from entrainer.experiments.origins import Origins
from entrainer.fitting.epochs import Epochs, epochs_of
from entrainer.fitting.fit import groups_of, outcomes_of
from entrainer.fitting.job import Job, jobs_of
from entrainer.model_output import Output, in_source_units
from entrainer.settings.training import Training

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Remade:
    """A model that was trained again.

    Attributes:
        model: the stored one, as it was.
        forecasts: those of the new model, with the columns of `Model.forecasts`; of out-of-fold rows too where the stored
            ones were made by `backtest`. None where it could not be trained again.
        reason: why it could not; None where it could.
    """

    model: Model
    forecasts: "pl.DataFrame | None"
    reason: str | None = None


def remake(models: Sequence[Model], *, progress: bool | Progress = True) -> list[Remade]:
    """Train models again from their stored data set, network, settings of the training and seed.

    Nothing is stored. On the machine and with the library versions of the first training the results are equal;
    elsewhere they are close. A model that `fit` did not train, or of which only forecasts are kept, is left out with a
    reason.

    Args:
        models: stored models.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        One for each model, in their order.

    Raises:
        CancelledError: the progress function asked to stop.
    """
    with listening(progress) as report:
        report("Training again", 0, 100)
        reasons = [_why_not(model) for model in models]
        again = [model for model, reason in zip(models, reasons, strict=True) if reason is None]
        made = _trained(again, report) if again else {}
        report("Trained all again", 100, 100)
    return [Remade(model, made.get(model.id), reason) for model, reason in zip(models, reasons, strict=True)]


def _why_not(model: Model) -> str | None:
    if model.data_set_id is None:
        return "It has no data set: only its forecasts are kept."
    if model.meta("training", default=None) is None:
        return "It was not trained by entrainer.fit, so it is not known how."
    stopped = model.meta("stopped", default=None)
    if stopped in (Stop.PRUNED, Stop.INTERRUPTED):
        return f"Its training was {stopped} before its last epoch."
    if model.network is None and model.meta("trained_alone", default=None) is not None:
        return "It was built by hand, and kept only as it is after the training."
    return None


def _trained(models: Sequence[Model], report: Listener) -> "dict[int, pl.DataFrame]":
    import polars as pl

    facts = [model.metas() for model in models]
    jobs = jobs_of(
        models,
        [Training.from_json(own["training"]) for own in facts],
        [own["seed"] for own in facts],
        [own.get("row_weights") for own in facts],
    )
    tables: dict[int, list[pl.DataFrame]] = {}
    epochs = Epochs(report.within(0, 50, 100), sum(map(epochs_of, jobs)))
    for group in groups_of(jobs):
        with epochs.group(len(group), epochs_of(group[0])) as report_chunk:
            outcomes = outcomes_of(group, report_chunk)
        for job, (_, output) in zip(group, outcomes, strict=True):
            tables[job.model.id] = _by_part(job, output)
    for job, forecast in _out_of_fold(
        [(model, own["backtest"]) for model, own in zip(models, facts, strict=True) if "backtest" in own],
        report.within(50, 100, 100),
    ):
        tables[job.model.id].append(_table(job, OUT_OF_FOLD, forecast))
    return {id: pl.concat(own) for id, own in tables.items()}


def _by_part(job: Job, output: Output) -> "list[pl.DataFrame]":
    parts, quantiles = job.loaded.data_set.parts(), job.training.quantiles
    found = []
    for code in sorted(set(parts.tolist())):
        rows = np.flatnonzero(parts == code)
        found.append(_table(job, Part(code).label, in_source_units(job.loaded.data_set, output[rows], rows, quantiles)))
    return found


def _table(job: Job, part: str, forecast: dict[str, Any]) -> "pl.DataFrame":
    import polars as pl

    series = forecast["series"]
    if series is None:  # one for all samples; those from arrays have none of their own
        (series,) = job.loaded.data_set.series_ids() or job.model.research.project.source_ids()
    table = point_forecasts(series, forecast["id"], forecast["values"], forecast.get("step"))
    return table.select(pl.lit(part).alias("part"), pl.all())


def _out_of_fold(
    backtests: Sequence[tuple[Model, dict[str, Any]]], report: Listener
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Out-of-fold forecasts from the stored origins; models with the same origins are trained together."""
    groups: dict[tuple[bool, int | None, tuple[int, ...], bool], list[tuple[Model, dict[str, Any]]]] = {}
    for model, fact in backtests:
        if "end" in fact:  # older backtests did not store their end, and had no rows that are partly known
            times = tuple(map(_time_of, (*fact["origins"], fact["end"])))
            key = fact.get("partly_known", False), fact.get("horizon"), times, False
            groups.setdefault(key, []).append((model, fact))
        elif "fold_of_row" in fact:
            groups.setdefault((False, None, tuple(fact["fold_of_row"]), True), []).append((model, fact))
    for done, ((partly_known, horizon, numbers, is_grouped), group) in enumerate(groups.items()):
        jobs = jobs_of(
            [model for model, _ in group],
            [Training.from_json(fact["training"]) for _, fact in group],
            [fact["seed"] for _, fact in group],
            None,
        )
        own = report.within(done, done + 1, len(groups))
        rows = open_rows(jobs, partly_known=partly_known, horizon=horizon)
        folds = np.array(numbers, dtype=np.int64)
        asked = group[0][1].get("asked", 0)
        yield from walked(jobs, rows, GroupFolds(folds, asked) if is_grouped else Origins(folds, asked), own)


def _time_of(label: str) -> int:
    """The time of a label: ISO 8601, or an integer on an integer axis."""
    return to_ns(label) if "T" in label else int(label)
