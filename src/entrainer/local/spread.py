"""Work on many series, spread over processes where it is long."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from enstorage.progress import checkpoint

S = TypeVar("S")
T = TypeVar("T")

#: Starting processes that import the library takes a few seconds; shorter work is done in this one.
_WORTH_SECONDS = 8.0
_PARTS_OF_A_CORE = 8


def forecast_spread(act: Callable[[Any, S], T], wanted: Any, many: Sequence[S], seconds: float) -> Iterator[T]:
    """Call `act(wanted, each)` for each series; the results in their order.

    Processes of loky are used, which do not run the user's script again and inherit no threads; they stay for later calls.

    Args:
        act: a function of a module.
        wanted: its first argument.
        many: its second arguments.
        seconds: rough time of all calls on one core.

    Raises:
        CancelledError: the progress function of the call around this asked to stop.
    """
    from joblib import Parallel, cpu_count, delayed

    cores = cpu_count()
    if cores < 2 or seconds < _WORTH_SECONDS:
        for each in many:
            checkpoint()
            yield act(wanted, each)
        return
    size = max(1, len(many) // (cores * _PARTS_OF_A_CORE))
    parts = [many[start : start + size] for start in range(0, len(many), size)]
    call = delayed(_part)
    for found in Parallel(n_jobs=cores, return_as="generator")(call(act, wanted, part) for part in parts):
        checkpoint()
        yield from found


def _part(act: Callable[[Any, S], T], wanted: Any, part: Sequence[S]) -> list[T]:
    return [act(wanted, each) for each in part]
