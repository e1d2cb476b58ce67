"""The verbs `retrain`, `evaluate` and `backtest`: patterns of pipelines for a project or an ensemble that is named."""

from collections.abc import Mapping
from typing import Any, ClassVar

from enorchestrator.intent.plan import IntentPlan
from enorchestrator.intent.shared import add_shared, seconds
from enorchestrator.intent.subjects import subject
from enorchestrator.intent.verb import IntentVerb
from enorchestrator.pipeline.definition import PipelineDefinition
from enorchestrator.pipeline.patterns import find_pattern
from enstorage import Connector, Ensemble, Project

_LONGEST_NAME = 255


class RetrainIntent(IntentVerb):
    """Train the models of a project again, and form their ensemble."""

    grammar: ClassVar[str] = r"""
    retrain: _RETRAIN _OF_PROJECT* name? (times | within | notify | urgent)*
    _RETRAIN.3: /(retrain|train again|переобучи(те)?|переобучить|обучи(те)? (заново|снова))\b/i
    _OF_PROJECT.3: /(all|the|models?|of|project|все|модел(и|ь)|проекта?)\b/i
    """
    examples: ClassVar[Mapping[str, str]] = {
        "en": 'retrain "Sunspots" every month',
        "ru": "переобучи модели проекта «Пятна» каждый месяц",
    }

    def fill(self, plan: IntentPlan, store: Connector) -> None:
        """See the base class."""
        _fill_for_models(
            self, plan, store, "retrain", {}, "Train {} again side by side, form their ensemble, and report."
        )


class BacktestIntent(IntentVerb):
    """Make out-of-fold forecasts of the models of a project, and form an ensemble by them."""

    grammar: ClassVar[str] = r"""
    backtest: _BACKTEST _OF_PROJECT* name? (folds | times | within | notify | urgent)*
    _BACKTEST.3: /(backtest|проверь(те)? на истории)\b/i
    """
    examples: ClassVar[Mapping[str, str]] = {
        "en": 'backtest "Sunspots" with 5 folds',
        "ru": "проверь на истории «Пятна» на 5 отрезках",
    }

    folds: int | None = None

    def fill(self, plan: IntentPlan, store: Connector) -> None:
        """See the base class."""
        told = {} if self.folds is None else {"folds": self.folds}
        _fill_for_models(
            self, plan, store, "backtest", told, "Make out-of-fold forecasts of {}, and form their ensemble."
        )


class EvaluateIntent(IntentVerb):
    """Verify an ensemble, measure the contribution of each member, and report."""

    grammar: ClassVar[str] = r"""
    evaluate: _EVALUATE _ENSEMBLE? name? (times | within | notify | urgent)*
    _EVALUATE.3: /(evaluate|verify|оцени(те)?|проверь(те)?(?! на истории))\b/i
    _ENSEMBLE.3: /(ensemble|ансамбль)\b/i
    """
    examples: ClassVar[Mapping[str, str]] = {
        "en": 'evaluate "Both" every monday, notify ops',
        "ru": "оцени ансамбль «Оба» каждый понедельник, сообщи ops",
    }

    def fill(self, plan: IntentPlan, store: Connector) -> None:
        """See the base class."""
        found = subject(plan, self.name, "ensemble", Ensemble.get_list(connector=store))
        add_shared(plan, self, "UTC")
        if found is None:
            return
        plan.requirements.append(f"Verify the ensemble {found.name}, measure what each member adds, and report.")
        plan.profile = {"kind": "ensemble", "method": found.method, "members": len(found.items())}
        _add_pattern(plan, "evaluate", found.name or str(found.id), {"ensemble": found.id}, _limit(self, plan))


def _fill_for_models(
    intent: IntentVerb, plan: IntentPlan, store: Connector, pattern: str, told: dict[str, Any], requirement: str
) -> None:
    project = subject(plan, intent.name, "project", Project.get_list(connector=store))
    add_shared(plan, intent, "UTC")
    if project is None:
        return
    models = [model for model in project.models() if model.network is not None]
    if not models:
        plan.questions.append(
            f"Which models of {project.name} are meant? It has none that can be trained: create some first."
        )
        return
    plan.requirements.append(requirement.format(f"the {len(models)} models of {project.name}"))
    plan.profile = {"kind": "ensemble", "members": [model.name for model in models], **told}
    values = {"project": project.id, "models": [model.id for model in models], **told}
    _add_pattern(plan, pattern, project.name, values, _limit(intent, plan))


def _limit(intent: IntentVerb, plan: IntentPlan) -> float | None:
    limit = seconds(plan, intent.within)
    if limit is not None:
        plan.constraints.append(f"Each run ends within {limit:g} s, or is cancelled.")
    return limit


def _add_pattern(plan: IntentPlan, pattern: str, name: str, values: dict[str, Any], limit: float | None) -> None:
    """Add a pattern as the pipeline, with values for its parameters."""
    body = PipelineDefinition.read(find_pattern(pattern).text("pattern")).to_json()
    for parameter, value in values.items():
        body["parameters"][parameter]["default"] = value
    body |= {"name": f"{pattern} {name}"[:_LONGEST_NAME], "description": plan.sentence}
    if limit is not None:
        body["deadline_seconds"] = limit
    plan.pipeline = PipelineDefinition.read(body)
