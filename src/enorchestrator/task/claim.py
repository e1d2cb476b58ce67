"""`Claim`: the right to execute a step once, and to commit its result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that was claimed.

    Attributes:
        run_id: its run.
        step_id: the step.
        fence: number of the claim; a later claim of the step makes this one void.
        timeout_seconds: longest time of the execution; None for that of the executor.
    """

    run_id: int
    step_id: int
    fence: int
    timeout_seconds: float | None = None

    @property
    def external_id(self) -> str:
        """The name under which an executor knows it."""
        return f"{self.step_id}:{self.fence}"
