"""The steps of `autoforecast` as a Python program."""

from endirector.forecaster.group import ForecastRequest
from endirector.forecaster.plan import CHOICES, Tier
from enstorage import Panel

_HEAD = """\
import endirector
import entrainer
from endirector import Choice
from enstorage import DataSet, Panel, Project, create_preparations
from enstorage.adapter import Window
from entrainer.local import (
    CovariateRegression,
    Drift,
    Mean,
    Naive,
    PooledAutoregression,
    SeasonalNaive,
    Statistical,
)

panel = Panel.get({panel})
keys = {keys!r}
snapshots = [snapshot for key, snapshot in zip(panel.sources(), panel.create_snapshots(), strict=True) if key in keys]
project = Project(name={name!r}, panel=panel).save()
"""
_SET = """
preparations = create_preparations(snapshots, "linear", "none", 1.0, 0.0, 0.0)
histories = DataSet.from_preparations(preparations, Window({start}, horizon={horizon}, step={step}, last={judged}))
research = project.create_research("Members")
"""
_MEMBER = "research.create_model({name!r}, {network!r}).data_set(histories)\n"
_FORMED = """
entrainer.fit(project.models(), seeds={seed})
times = max((snapshot.read()[0] for snapshot in snapshots), key=lambda each: each[-1])
for model in project.models():
    entrainer.backtest(model, folds={origins}, first=int(times[-{judged}:][0]), seeds={seed})
methods = {methods!r}
naive = {naive!r}
members = [model for model in project.models() if model.name not in naive]
ensemble = endirector.form(project, members, methods, metric={metric!r}, folds={origins}, by={by!r}, broad=True)
"""
_FORECAST = """
forecast = endirector.forecast(ensemble, {horizon}, levels={levels!r}, series=[panel.sources()[key] for key in keys])
print(panel.with_keys(forecast))
"""


def code_of(panel: Panel, tier: Tier, name: str, request: ForecastRequest) -> str:
    """A program that does for the series of a tier, in the store that is open, what `autoforecast` did.

    Args:
        panel: of the series.
        tier: the series, and their plan.
        name: of the project.
        request: what was asked for.
    """
    plan = tier.plan
    specs = [member.network for member in plan.members]
    classes = {type(spec) for each in specs for spec in (each, getattr(each, "network", each))}
    further = sorted(
        f"from {each.__module__} import {each.__name__}\n" for each in classes if each.__name__ not in _HEAD
    )
    lines = [*further, _HEAD.format(panel=panel.id, keys=[*tier.keys], name=name)]
    lines.append(_SET.format(start=plan.start, step=plan.step, horizon=plan.horizon, judged=plan.judged))
    lines += [_MEMBER.format(name=member.name, network=member.network) for member in plan.members]
    naive = [member.name for member in plan.members if member.is_naive]
    lines.append(
        _FORMED.format(
            seed=request.seed,
            origins=plan.origins,
            judged=plan.judged,
            metric=request.metric,
            by=request.by,
            methods=request.methods or CHOICES,
            naive=naive,
        )
    )
    lines.append(_FORECAST.format(horizon=plan.horizon, levels=request.levels))
    return "".join(lines)
