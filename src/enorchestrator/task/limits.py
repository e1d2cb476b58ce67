"""`Limits`: what the child process of a step may take."""

from dataclasses import dataclass

from enstorage.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a child process; beyond them it is killed, and the run fails with the reason.

    Attributes:
        timeout_seconds: for a step; None for none.
        memory_bytes: resident memory of the child and of its own children; None for none.
    """

    timeout_seconds: float | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        for name in ("timeout_seconds", "memory_bytes"):
            bound = getattr(self, name)
            if bound is not None and not bound > 0:
                raise InvalidInputError(f"{name} is {bound!r}; expected a number above 0, or None for no bound.")
