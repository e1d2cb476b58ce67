"""Work on many series, spread over processes where it is long."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from typing import Any, TypeVar

from enstorage.progress import checkpoint

S = TypeVar("S")
T = TypeVar("T")

#: Starting processes that import the library takes a few seconds; shorter work is done in this one.
_WORTH_SECONDS = 8.0
_PARTS_OF_A_CORE = 8
#: Seconds of a part, which goes on in its process when the call is stopped.
_LONGEST_PART = 1.0
#: Seconds between two looks whether to stop.
_PATIENCE = 0.1
#: Each process has one core.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


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
    from joblib import cpu_count
    from joblib.externals.loky import get_reusable_executor

    cores = cpu_count()
    if cores < 2 or seconds < _WORTH_SECONDS:
        for each in many:
            checkpoint()
            yield act(wanted, each)
        return
    size = max(1, min(len(many) // (cores * _PARTS_OF_A_CORE), int(_LONGEST_PART * len(many) / seconds)))
    executor = get_reusable_executor(max_workers=cores, env=dict.fromkeys(_THREADS, "1"))
    parts = [executor.submit(_part, act, wanted, many[start : start + size]) for start in range(0, len(many), size)]
    try:
        for part in parts:
            while not wait([part], timeout=_PATIENCE).done:
                checkpoint()
            yield from part.result()
    finally:
        for part in parts:
            part.cancel()


def _part(act: Callable[[Any, S], T], wanted: Any, part: Sequence[S]) -> list[T]:
    return [act(wanted, each) for each in part]
