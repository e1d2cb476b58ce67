"""The timeline of a run: when each of its steps was executed."""

from dataclasses import dataclass

from enorchestrator.dispatch.read import RunDetails


@dataclass(frozen=True)
class StepTime:
    """A step of a run.

    Attributes:
        name: of the step.
        spans: of its executions, the oldest first: start and end in seconds since the run started, and true if it succeeded.
    """

    name: str
    spans: tuple[tuple[float, float, bool], ...]


def timeline_of(found: RunDetails) -> tuple[StepTime, ...]:
    """The steps that were executed, in their order in the pipeline."""
    known = [each for each in found.attempts if each.started_at is not None and each.finished_at is not None]
    if not known:
        return ()
    begin = min(each.started_at for each in known if each.started_at is not None)
    spans: dict[int, list[tuple[float, float, bool]]] = {}
    for each in known:
        if each.started_at is None or each.finished_at is None:
            continue
        start, end = ((at - begin).total_seconds() for at in (each.started_at, each.finished_at))
        spans.setdefault(each.step_id, []).append((start, end, each.exit_reason == "succeeded"))
    return tuple(StepTime(step.name, tuple(spans[step.id])) for step in found.steps if step.id in spans)
