"""`Limits`: what the child process of a step may take; `Timing`: the times by which the orchestrator works."""

from dataclasses import dataclass, fields
from typing import Self

from enstorage.errors import InvalidInputError
from enstorage.settings import time_of

#: No pause before a repetition is longer, so one that seems to be tells that the clock was set back.
LONGEST_PAUSE_SECONDS = 3_600.0


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


@dataclass(frozen=True, slots=True)
class Timing:
    """The times by which the orchestrator works, all in seconds.

    Attributes:
        lease_seconds: a claim expires unless it is renewed within this time.
        renew_seconds: between two renewals of the claims, and between two looks for claims of others that were lost.
        poll_seconds: between two looks at what other processes submitted, where nothing tells that they wrote.
        busy_poll_seconds: the same, and between two looks at what was cancelled, while something runs.
        pause_seconds: after an error of the store, such as a database that is down.
        report_seconds: between two reports of a child that has something to tell; also how soon it learns to stop.
        grace_seconds: for work that stops by itself once it is cancelled, as `fit` does after it has kept what is finished.
        retry_seconds: the first pause after an error that may pass; each further one is four times as long.
        longest_retry_seconds: the longest of these pauses.
        idle_seconds: a process that has had nothing to execute for so long is ended, but for the last one.
        priority_seconds: a run of a priority higher by one goes before those that were submitted up to this time earlier.
        schedule_seconds: between two looks at the schedules.
        late_seconds: a time of a schedule counts as missed when it is over for longer than this.
    """

    lease_seconds: float = 45.0
    renew_seconds: float = 10.0
    poll_seconds: float = 0.5
    busy_poll_seconds: float = 0.25
    pause_seconds: float = 1.0
    report_seconds: float = 0.25
    grace_seconds: float = 30.0
    retry_seconds: float = 2.0
    longest_retry_seconds: float = 300.0
    idle_seconds: float = 60.0
    priority_seconds: float = 60.0
    schedule_seconds: float = 1.0
    late_seconds: float = 60.0

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) > 0:
                raise InvalidInputError(f"{each.name} is {getattr(self, each.name)!r}; expected a number above 0.")
        if self.longest_retry_seconds > LONGEST_PAUSE_SECONDS:
            raise InvalidInputError(
                f"longest_retry_seconds is {self.longest_retry_seconds:g}; expected at most {LONGEST_PAUSE_SECONDS:g}. "
                "Lower it."
            )
        if self.lease_seconds < 2 * self.renew_seconds:
            raise InvalidInputError(
                f"lease_seconds is {self.lease_seconds:g} and renew_seconds {self.renew_seconds:g}; expected a lease of at "
                "least twice the time between renewals. Raise the first, or lower the second."
            )

    @classmethod
    def read(cls) -> Self:
        """The times of the environment, such as `ENSTORAGE_LEASE_SECONDS`, else of `enstorage.toml`, else the defaults.

        Raises:
            InvalidInputError: one is no number above 0, or the lease is too short.
        """
        return cls(**{each.name: time_of(each.name) for each in fields(cls)})
