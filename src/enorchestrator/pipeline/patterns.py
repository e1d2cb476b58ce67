"""Patterns: pipelines that are written already, to be saved under a name of one's own, or changed before."""

from dataclasses import dataclass

from enorchestrator.pipeline.definition import PipelineDefinition
from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.terminal import printable


@dataclass(frozen=True, slots=True)
class PipelinePattern:
    """A pipeline without a name.

    Attributes:
        name: of the pattern.
        description: one sentence; also that of the pipeline.
        body: parameters and steps, in YAML.
    """

    name: str
    description: str
    body: str

    def text(self, name: str) -> str:
        """The pipeline in YAML, under a name."""
        return f"name: {name}\ndescription: {self.description}\n{self.body}"


_ALL = (
    PipelinePattern(
        "forecast",
        "Renders an ensemble with the latest forecasts of its members, calibrates its intervals and forecasts ahead.",
        """\
parameters:
  ensemble: {type: ensemble}
  horizon: {type: integer, default: 12}
steps:
  render:
    kind: render
    with: {ensemble: "${ensemble}"}
  calibrate:
    kind: calibrate
    with: {ensemble: "${ensemble}"}
    needs: [render]
  forecast:
    kind: forecast
    with: {ensemble: "${ensemble}", horizon: "${horizon}"}
    needs: [calibrate]
""",
    ),
    PipelinePattern(
        "ensemble",
        "Forms an ensemble of trained models, and writes its report.",
        """\
parameters:
  project: {type: project}
  models: {type: "model[]"}
  metric: {type: string, default: mae}
steps:
  form:
    kind: form
    with: {project: "${project}", models: "${models}", metric: "${metric}"}
  report:
    kind: report
    with: {ensemble: "${form.ensemble}"}
""",
    ),
    PipelinePattern(
        "retrain",
        "Trains models again side by side, forms their ensemble, and writes its report.",
        """\
parameters:
  project: {type: project}
  models: {type: "model[]"}
  metric: {type: string, default: mae}
steps:
  fit:
    kind: fit
    for_each: ${models}
    with: {models: ["${each}"]}
  form:
    kind: form
    with: {project: "${project}", models: "${fit.models}", metric: "${metric}"}
  report:
    kind: report
    with: {ensemble: "${form.ensemble}"}
""",
    ),
    PipelinePattern(
        "watch",
        "Forecasts by the version in production, looks whether it still holds, and trains it again where it does not.",
        """\
parameters:
  name: {type: string}
  horizon: {type: integer, default: 1}
steps:
  issue:
    kind: issue_forecasts
    with: {name: "${name}", horizon: "${horizon}"}
  monitor:
    kind: monitor
    with: {name: "${name}"}
    needs: [issue]
  renew:
    kind: renew
    with: {name: "${name}", proposal: "${monitor.proposal}"}
""",
    ),
    PipelinePattern(
        "evaluate",
        "Verifies an ensemble, measures the contribution of each member, and writes its report.",
        """\
parameters:
  ensemble: {type: ensemble}
steps:
  verify:
    kind: verify
    with: {ensemble: "${ensemble}"}
  diagnose:
    kind: diagnose
    with: {ensemble: "${ensemble}"}
  report:
    kind: report
    with: {ensemble: "${ensemble}"}
    needs: [verify, diagnose]
""",
    ),
    PipelinePattern(
        "backtest",
        "Makes out-of-fold forecasts of models side by side, and forms an ensemble by them.",
        """\
parameters:
  project: {type: project}
  models: {type: "model[]"}
  folds: {type: integer, default: 5}
steps:
  backtest:
    kind: backtest
    for_each: ${models}
    with: {models: ["${each}"], folds: "${folds}"}
  form:
    kind: form
    with: {project: "${project}", models: "${backtest.models}"}
""",
    ),
    PipelinePattern(
        "fan-out",
        "Does the same work for each item of a list, side by side, then what needs all of them.",
        """\
parameters:
  ensembles: {type: "ensemble[]"}
steps:
  each_one:
    kind: render
    for_each: ${ensembles}
    with: {ensemble: "${each}"}
  all_of_them:
    kind: check
    needs: [each_one]
""",
    ),
)
PATTERNS = {pattern.name: pattern for pattern in _ALL}
#: Patterns of other packages: objects `PipelinePattern`, each under its name.
FURTHER = plugins.Kind("enstorage.patterns", "pattern of pipelines")


def all_patterns() -> dict[str, PipelinePattern]:
    """The patterns by name, those of other packages that can be loaded too; they replace none of ours."""
    return {**PATTERNS, **{name: each for name, each in plugins.usable(FURTHER)[0].items() if name not in PATTERNS}}


def find_pattern(name: str) -> PipelinePattern:
    """The pattern of a name.

    Raises:
        InvalidInputError: there is none.
    """
    if name in PATTERNS:
        return PATTERNS[name]
    if plugins.has(FURTHER, name):
        found: PipelinePattern = plugins.load(FURTHER, name)
        return found
    known = ", ".join((*PATTERNS, *plugins.names(FURTHER)))
    raise InvalidInputError(
        f"There is no pattern {printable(str(name))[:60]!r}; expected one of {known}. Correct it.", field="pattern"
    )


def from_pattern(pattern: str, name: str) -> PipelineDefinition:
    """The definition of a pattern under a name; `save_pipeline` stores it.

    Raises:
        InvalidInputError: there is no such pattern, or the name cannot be used.
    """
    definition = PipelineDefinition.read(find_pattern(pattern).text("pattern"))
    return PipelineDefinition.read({**definition.to_json(), "name": name})
