"""The plan of a tier, carried out: members trained and judged from rolling origins, an ensemble formed, forecasts made."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import polars as pl

from endirector.forecaster.group import ForecastRequest, Group
from endirector.forecaster.live import LiveLeaderboard
from endirector.forecaster.plan import CHOICES, LARGEST_VALUE, ForecastPlan, Tier
from endirector.forecaster.time_limit import MemberWatch, TimeLimit
from endirector.forecaster.understanding.stored import Understood
from endirector.forecasting.forecast import forecast
from endirector.forecasting.later_rows import LaterRows, moved
from endirector.selection.form import form
from enstorage import DataSet, DataSnapshot, DataSource, Ensemble, Model, Panel, Project, create_preparations
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, MissingLibraryError
from enstorage.progress import Listener, listening
from entrainer import backtest, fit
from entrainer import forecast as member_forecast
from entrainer.forecasting.calibration.intervals import ADVICE, ADVICE_ON_FLOOR
from entrainer.forecasting.local import remembering_forecasts

#: Columns of the table of forecasts.
SCHEMA = pl.Schema(
    {"series": pl.String, "time": pl.String, "step": pl.Int32, "quantile": pl.Float64, "value": pl.Float64}
)

_TOO_SHORT = (
    "The time limit leaves no time for a model of {} series: the last value is kept for each step, without interval."
)

#: Metrics that have no value for series without a scale.
_OF_SCALES = ("mase", "rmsse", "mape", "smape")


def run(tier: Tier, found: Understood, request: ForecastRequest, limit: TimeLimit, report: Listener) -> Group:
    """Forecast the series of a tier.

    Args:
        tier: their keys and plan.
        found: the table.
        request: what was asked for.
        limit: members that it leaves no time for are left out.
        report: receives the progress.
    """
    plan = tier.plan
    if plan.members and limit.is_too_short(len(tier.keys), found.seconds):
        plan = replace(plan, members=(), remarks=(_TOO_SHORT.format(len(tier.keys)),))
        tier = replace(tier, plan=plan)
    if not plan.members:
        table = last_values(tier, found.panel, found.snapshots)
        return Group(tier=tier, project=None, ensemble=None, table=table, remarks=plan.remarks)
    name = found.panel.name if tier.name == "all" else f"{found.panel.name} ({tier.name} series)"
    project = Project(name=name, panel=found.panel).save()
    snapshots = [found.snapshots[key] for key in tier.keys]
    with remembering_forecasts():
        training = report.within(0, 80, 100)
        members, remarks, seconds = _train(plan, project, found.panel, snapshots, request, limit, training)
        combined = _combined(plan, members)
        broad = not any(member.is_naive for member in plan.members if member.name in {each.name for each in combined})
        ensemble, judged = _formed(tier, project, combined, request, report.within(80, 90, 100), broad=broad)
        sources = found.panel.sources()
        asked = [sources[key] for key in tier.keys]
        table, notes = ensemble_forecasts(tier, found.panel, ensemble, request, asked, report.within(90, 100, 100))
    remarks = [*plan.remarks, *remarks, *judged, *notes]
    return Group(
        tier=tier,
        project=project,
        ensemble=ensemble,
        table=table,
        remarks=tuple(dict.fromkeys(remarks)),
        seconds=seconds,
    )


def _data_set(plan: ForecastPlan, snapshots: Sequence[DataSnapshot]) -> DataSet:
    """The rows that the members forecast: all are local models, which see the whole history of each."""
    preparations = create_preparations(snapshots, "linear", "none", 1.0, 0.0, 0.0)
    window = Window(plan.start, horizon=plan.horizon, step=plan.step, last=plan.judged)
    return DataSet.from_preparations(preparations, window)


def _first_origin(plan: ForecastPlan, snapshots: Sequence[DataSnapshot]) -> int:
    """The time of the first origin, counted from the end of the series that ends last."""
    times = max((snapshot.read()[0] for snapshot in snapshots), key=lambda each: int(each[-1]))
    return int(times[-plan.judged :][0])


def _train(
    plan: ForecastPlan,
    project: Project,
    panel: Panel,
    snapshots: Sequence[DataSnapshot],
    request: ForecastRequest,
    limit: TimeLimit,
    report: Listener,
) -> tuple[list[Model], list[str], dict[str, float]]:
    """Train the members one after the other, the cheap ones first, until the time is over.

    Returns:
        The finished models, a remark for each member that is not among them, and the seconds of each that is, by name.
    """
    histories, first = _data_set(plan, snapshots), _first_origin(plan, snapshots)
    research = project.create_research("Members")
    finished: list[Model] = []
    remarks: list[str] = []
    board = LiveLeaderboard(request.watch, request.metric, project.name, [member.name for member in plan.members])
    for place, member in enumerate(plan.members):
        if finished and not limit.allows(member.network.seconds_to_load):
            remarks.append(f"{member.name} was not trained: {limit.reason}.")
            continue
        model = None
        try:
            member.network.check()  # loads its library, which says nothing about the time that the member takes
            board.started()
            model = research.create_model(member.name, member.network)
            model.data_set(histories)
            with (
                limit.within(report, f"Training {member.name}", place, len(plan.members)) as watch,
                _as_remarks(remarks, panel),
            ):
                fit([model], seeds=request.seed, progress=watch)
                watch.trained()
                backtest([model], folds=plan.origins, first=first, seeds=request.seed, progress=watch)
                if limit.is_set and not member.is_naive:
                    _look_ahead(model, plan.horizon, watch)
                finished.append(model)
                board.finished(model)
                if len(finished) == 1:
                    limit.first_took(board.seconds[model.name], len(snapshots))
                limit.keep_for_member()
            if watch.is_over:
                remarks.append(f"{member.name} was stopped by the time limit.")
        except (InvalidInputError, MissingLibraryError) as error:
            remarks.append(f"{member.name} takes no part: {error}")
        except KeyboardInterrupt:  # enough: what is finished is combined; the next one stops that too
            if not finished:
                raise
            limit.end("Ctrl-C")
            remarks.append(f"{member.name} was stopped by Ctrl-C: the finished members are combined.")
        if model is not None and model not in finished:
            model.delete(cascade=True)
    return finished, remarks, board.seconds


def _look_ahead(model: Model, horizon: int, watch: MemberWatch) -> None:
    """Make the forecasts of a model past the end, which are remembered, within its time."""
    with listening(watch), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the ensemble tells it, if it takes the member
        member_forecast(model, horizon)


@contextmanager
def _as_remarks(remarks: list[str], panel: Panel) -> Iterator[None]:
    """Warnings of the library in the block become remarks; others stay warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for each in caught:
        if each.category is UserWarning:
            remarks.append(of_series(str(each.message), panel))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _combined(plan: ForecastPlan, members: Sequence[Model]) -> Sequence[Model]:
    """The members that may be combined: without the naive ones, where there are two others."""
    naive = {member.name for member in plan.members if member.is_naive}
    others = [model for model in members if model.name not in naive]
    return others if len(others) > 1 else members


def _formed(
    tier: Tier,
    project: Project,
    members: Sequence[Model],
    request: ForecastRequest,
    report: Listener,
    *,
    broad: bool,
) -> tuple[Ensemble, list[str]]:
    """The ensemble by the metric that was asked for; by the mean absolute error where it has no value.

    Of models the broadest mean that is nearly as good as the best is taken; yardsticks among them may be much worse.
    """
    folds = tier.plan.origins

    def formed(metric: str, progress: Listener) -> Ensemble:
        methods = request.methods or CHOICES
        return form(project, members, methods, metric, folds=folds, by=request.by, broad=broad, progress=progress)

    if request.metric not in _OF_SCALES:
        return formed(request.metric, report), []
    try:
        return formed(request.metric, report.within(0, 50, 100)), []
    except InvalidInputError as error:  # such as that of values that are all equal, which have no scale
        return formed("mae", report.within(50, 100, 100)), [
            f"The members are judged by the mean absolute error instead: {error}"
        ]


def last_values(tier: Tier, panel: Panel, snapshots: Mapping[str, DataSnapshot]) -> pl.DataFrame:
    """The last measured value of each series for each step after its snapshot, without intervals.

    It is the last one with which models can reckon, where there is one: a single huge value is rather a mistake.
    """
    sources, steps = panel.sources(), range(1, tier.plan.horizon + 1)
    tables = []
    for key in tier.keys:
        times, values = snapshots[key].read()
        measured = values[np.isfinite(values)]
        usual = measured[np.abs(measured) <= LARGEST_VALUE]
        measured = usual if len(usual) else measured
        ahead = sources[key].clock.after(int(times[-1]), tier.plan.horizon).tolist()
        columns = {"series": key, "time": [sources[key].label(time) for time in ahead], "step": list(steps)}
        last = {"quantile": None, "value": float(measured[-1]) if len(measured) else None}
        tables.append(pl.DataFrame(columns | last, schema=SCHEMA))
    return pl.concat(tables)


def ensemble_forecasts(
    tier: Tier,
    panel: Panel,
    ensemble: Ensemble,
    request: ForecastRequest,
    asked: Sequence[DataSource] | Sequence[DataSnapshot],
    report: Listener,
    later: LaterRows | None = None,
) -> tuple[pl.DataFrame, list[str]]:
    """The forecasts by key and step, and the notes.

    Args:
        tier: the series, and their plan.
        panel: of the series.
        ensemble: of the tier.
        request: what was asked for.
        asked: the series, as the members learned them, or newer snapshots of them.
        report: receives the progress.
        later: rows by which the weights of the ensemble moved.
    """
    sources = panel.sources()
    combination = None if later is None else moved(ensemble, later)
    notes: list[str] = []
    with _as_remarks(notes, panel):
        found = forecast(
            ensemble,
            tier.plan.horizon,
            levels=request.levels,
            series=[*asked],
            combination=combination,
            progress=report,
        )
    found = panel.with_keys(found)
    times = found.select("key", "id").unique()
    labels = pl.Series("time", [sources[key].label(time) for key, time in times.rows()], pl.String)
    labelled = found.join(times.with_columns(labels), on=["key", "id"], how="left", maintain_order="left")
    table = labelled.select(pl.col("key").alias("series"), "time", "step", "quantile", "value").cast(SCHEMA)
    who = "all series" if tier.name == "all" else f"the {tier.name} series"
    notes = [note.removesuffix(ADVICE).removesuffix(ADVICE_ON_FLOOR) for note in notes]
    return table, [note.replace(str(ensemble), who) for note in notes]


def of_series(note: str, panel: Panel) -> str:
    """A note on a model and a snapshot, with the names that the reader knows."""
    found = re.match(r"Model\(\d+, '(.*?)'\), DataSnapshot\((\d+)\): ", note)
    if found is None:
        return note
    source = DataSnapshot.get(int(found[2]), connector=panel.connector).data_source_id
    key = next((key for key, each in panel.sources().items() if each.id == source), f"DataSnapshot({found[2]})")
    return f"{found[1]}, {key}: {note[found.end() :]}"
