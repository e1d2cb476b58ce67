"""The verb `forecast`: a source or panel, a number of steps ahead."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from endirector.forecaster.plan import tiers_of
from endirector.forecaster.understanding.seasons import find_season
from enorchestrator.intent.behaviour import Behaviour, Values, add_behaviour, buckets
from enorchestrator.intent.clauses import ErrorLimit, Span
from enorchestrator.intent.feasible import check_length, check_limit
from enorchestrator.intent.horizon import steps_of
from enorchestrator.intent.plan import IntentPlan
from enorchestrator.intent.shared import add_shared, seconds
from enorchestrator.intent.subjects import subject
from enorchestrator.pipeline.definition import PipelineDefinition
from enstorage import Connector, DataSource, Panel

_LONGEST_NAME = 255


class ForecastIntent(Behaviour):
    """Forecast a source or a panel, once or at times of the calendar."""

    grammar: ClassVar[str] = r"""
    forecast: _FORECAST name? (horizon | limit | levels | between | above | below | whole | times | notify | within
        | urgent)*
    _FORECAST.3: /(forecast|predict|спрогнозируй(те)?|спрогнозировать|предскажи(те)?|прогноз(ируй(те)?)?)\b/i
    """
    examples: ClassVar[Mapping[str, str]] = {
        "en": 'forecast "Solar activity" 11 years ahead with RMSE below 20 every january, notify ops',
        "ru": "спрогнозируй «Солнечная активность» на 11 лет вперёд с RMSE ниже 20, каждый январь, сообщи ops",
    }

    horizon: Span | None = None
    limit: ErrorLimit | None = None
    levels: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(max_length=20)] = (0.8, 0.95)

    def fill(self, plan: IntentPlan, store: Connector) -> None:
        """See the base class."""
        known: list[DataSource | Panel] = [*DataSource.get_list(connector=store), *_panels(store)]
        record = subject(plan, self.name, "source or panel", known)
        sources = [] if record is None else [record] if isinstance(record, DataSource) else [*record.sources().values()]
        add_shared(plan, self, sources[0].time_zone if sources else "UTC")
        limit = seconds(plan, self.within)
        if self.horizon is None:
            plan.questions.append(
                f"How far ahead is {self.name or 'it'} to be forecast? Say such as: 12 steps ahead, or 1 year ahead."
            )
        if record is None or self.horizon is None or not _is_usable(plan, sources):
            return
        values = {source.name: buckets(source) for source in sources}
        if not any(np.isfinite(each).any() for each in values.values()):
            plan.questions.append(f"Where are the values of {record.name}? It has none: import some first.")
            return
        steps = steps_of(plan, sources[0], self.horizon)
        if steps is None:
            return
        self._describe(plan, record, sources, steps, limit)
        add_behaviour(plan, self, sources, values)
        plan.profile = _profile(values, steps, sources[0]) | {"levels": list(self.levels), "judged_by": self._metric()}
        check_length(plan, values, steps)
        if self.limit is not None:
            check_limit(plan, values, steps, self.limit)
        plan.pipeline = self._pipeline(plan, record, steps, limit)

    def _metric(self) -> str:
        return "mase" if self.limit is None else self.limit.metric

    def _describe(
        self,
        plan: IntentPlan,
        record: DataSource | Panel,
        sources: Sequence[DataSource],
        steps: int,
        limit: float | None,
    ) -> None:
        kind = "panel" if isinstance(record, Panel) else "source"
        many = f" with {len(sources)} series" if isinstance(record, Panel) else ""
        plan.requirements.append(
            f"Forecast the {kind} {record.name}{many}: {steps} steps of {sources[0].time_interval} ({self.horizon} ahead)."
        )
        shown = " and ".join(f"{level * 100:g} %" for level in self.levels)
        plan.requirements.append(f"Intervals of {shown} at each step, and a report.")
        if self.limit is not None:
            unit = f" {sources[0].unit}" if sources[0].unit and self.limit.metric in ("rmse", "mae") else ""
            bound = f"{self.limit.metric.upper()} on rolling origins of at most {self.limit.at_most:g}{unit}"
            plan.constraints.append(f"{bound}; else the run fails.")
        if limit is not None:
            plan.constraints.append(f"At most {limit:g} s for training; members that it has no time for are left out.")

    def _pipeline(
        self, plan: IntentPlan, record: DataSource | Panel, steps: int, limit: float | None
    ) -> PipelineDefinition:
        target = {"panel" if isinstance(record, Panel) else "source": record.id}
        work: dict[str, Any] = {
            "horizon": steps,
            "levels": list(self.levels),
            "metric": self._metric(),
        }
        if limit is not None:
            work["time_limit"] = limit
        made: dict[str, Any] = {
            "check": {"kind": "check_values", "with": target | self.checks()},
            "forecast": {"kind": "autoforecast", "with": target | work, "needs": ["check"]},
        }
        if self.limit is not None:
            bound = {"value": "${forecast.error}", "name": self.limit.metric.upper(), "at_most": self.limit.at_most}
            made["judge"] = {"kind": "require", "with": bound}
        return PipelineDefinition.read(
            {
                "name": f"forecast {record.name}"[:_LONGEST_NAME],
                "description": plan.sentence,
                "steps": made,
            }
        )


def _panels(store: Connector) -> list[Panel]:
    """The panels, without those that were made of one source, which has the same name, to forecast it."""
    return [
        panel
        for panel in Panel.get_list(connector=store)
        if [source.name for source in panel.sources().values()] != [panel.name]
    ]


def _is_usable(plan: IntentPlan, sources: Sequence[DataSource]) -> bool:
    intervals = {source.time_interval for source in sources}
    if None in intervals:
        plan.questions.append(
            "What is the interval of the series? Their points are not grouped: set time_interval, such as 1d."
        )
    if len(intervals) > 1:
        plan.questions.append("Which of the series are meant? They have several intervals, and are forecast apart.")
    return intervals != {None} and len(intervals) == 1


def _profile(values: Values, steps: int, source: DataSource) -> dict[str, Any]:
    """The forecast plan of such series: members, origins, season."""
    clock = source.clock
    assert clock is not None  # noqa: S101 - checked before
    season = find_season(clock, values)
    tiers = tiers_of(values, steps, season.buckets)
    plan = max(tiers, key=lambda tier: len(tier.keys)).plan
    return {
        "kind": "ensemble",
        "members": [member.name for member in plan.members],
        "origins": plan.origins,
        "horizon": steps,
        "season": season.buckets,
        "series": len(values),
        "values": max(map(len, values.values())),
    }
