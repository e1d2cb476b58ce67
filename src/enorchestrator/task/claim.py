"""`Claim`: the right to execute a step once; `WorkOutcome` and `ProcessEnd`: its end as the work and the process tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that was claimed.

    Attributes:
        run_id: its run.
        step_id: the step.
        fence: number of the claim; a later claim of the step makes this one void.
        parent_id: the step of which the step is a part; None for none.
        timeout_seconds: longest time of the execution; None for that of the executor.
        memory_bytes: resident memory of the execution; None for that of the executor.
        created_by: who asked for the run; empty where no user did.
    """

    run_id: int
    step_id: int
    fence: int
    parent_id: int | None
    timeout_seconds: float | None = None
    memory_bytes: float | None = None
    created_by: str = ""

    @property
    def external_id(self) -> str:
        """The name under which an executor knows it."""
        return f"{self.step_id}:{self.fence}"


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """The end of the work of a claim.

    Attributes:
        reason: "succeeded", "error" or "cancelled".
        outputs: JSON that the work gave.
        error: a problem document; None without an error.
        may_pass: true for an error that may be gone when the work is executed again.
    """

    reason: str
    outputs: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """The end of a process that executed a step.

    Attributes:
        reason: "returned", "killed", "lost", "timeout", "memory", "cancelled", "denied", or "stopped" with the
            executor.
        detail: a sentence about it, for people.
        log: the last part of what the process printed.
        peak_bytes: its largest resident memory; None if unknown.
        outcome: of the work; None if the process did not tell it, or has committed it by itself.
        pid: of the process; None if unknown.
        began_at: when the work started; None if unknown.
    """

    reason: str
    detail: str = ""
    log: str = ""
    peak_bytes: int | None = None
    outcome: WorkOutcome | None = None
    pid: int | None = None
    began_at: datetime | None = None
