"""`IntentPlan`: what a sentence asks for, to be looked at before anything starts."""

from dataclasses import asdict, dataclass, field
from typing import Any

from enorchestrator.pipeline.definition import PipelineDefinition


@dataclass(frozen=True, slots=True)
class Conflict:
    """A wish that cannot be met.

    Attributes:
        fact: the reason, one sentence.
        relaxations: changes of the sentence, any of which would do.
    """

    fact: str
    relaxations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """Times at which the pipeline is to run.

    Attributes:
        cron: minute, hour, day of the month, month, day of the week.
        time_zone: in which they are meant.
    """

    cron: str
    time_zone: str


@dataclass(slots=True)
class IntentPlan:
    """The tasks that a sentence means. Nothing of it is stored yet.

    Attributes:
        sentence: as it was given.
        intent: its syntax tree, as JSON.
        requirements: what is to be made, one sentence each.
        constraints: bounds of time, errors and resources, one sentence each.
        behaviour: how the data are to behave: `interval`, `minimum`, `maximum`, `whole`, and beside them what the data show.
        profile: of the model: members, origins, season and the like.
        pipeline: to be saved; None while something is missing.
        schedule: None for a single run.
        channels: that are told of the end of each run.
        priority: of the runs.
        questions: what is missing; nothing starts before they are answered by another sentence.
        conflicts: what cannot be met.
        remarks: one sentence each.
    """

    sentence: str
    intent: dict[str, Any]
    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    behaviour: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    pipeline: PipelineDefinition | None = None
    schedule: PlannedSchedule | None = None
    channels: tuple[str, ...] = ()
    priority: int = 0
    questions: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """True if it can be started."""
        return self.pipeline is not None and not self.questions and not self.conflicts

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON, with `ready`."""
        found = {name: getattr(self, name) for name in ("sentence", "intent", "requirements", "constraints")}
        found |= {name: getattr(self, name) for name in ("behaviour", "profile", "priority", "questions", "remarks")}
        return found | {
            "ready": self.is_ready,
            "pipeline": None if self.pipeline is None else self.pipeline.to_json(),
            "schedule": None if self.schedule is None else asdict(self.schedule),
            "channels": list(self.channels),
            "conflicts": [asdict(each) for each in self.conflicts],
        }
