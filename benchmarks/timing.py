"""How long some work takes. Peers use it too, so it needs nothing but Python."""

import time
from collections.abc import Callable


def seconds(work: Callable[[], object], repeat: int = 1, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """How long some work takes by a clock; of several runs the median."""
    taken = []
    for _ in range(repeat):
        started = clock()
        work()
        taken.append(clock() - started)
    return sorted(taken)[len(taken) // 2]
