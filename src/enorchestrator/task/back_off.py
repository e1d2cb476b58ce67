"""Trying again after an error that may pass, such as a server of points that is down: later each time, and not for ever."""

from datetime import timedelta

from enorchestrator.task.limits import Timing
from enstorage.errors import CorruptError, StoreError, UpgradeError

#: So often work is executed that ends by such an error.
MOST_TRIES = 4


def may_pass(error: BaseException) -> bool:
    """True for an error that may be gone when the work is executed again."""
    return isinstance(error, StoreError) and not isinstance(error, CorruptError | UpgradeError)


def pause_after(tries: int, timing: Timing, retries: int | None = None) -> timedelta | None:
    """The pause before work is executed again that ended by an error which may pass; None after too many.

    Args:
        tries: number of executions that ended by an error, the last one included.
        timing: with the length of the pauses.
        retries: further executions that are allowed; None for the usual number.
    """
    if tries >= (MOST_TRIES if retries is None else retries + 1):
        return None
    return timedelta(seconds=min(timing.retry_seconds * 4.0 ** (tries - 1), timing.longest_retry_seconds))
