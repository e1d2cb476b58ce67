"""How long some work takes. Peers use it too, so it needs nothing but Python."""

import time
from collections.abc import Callable


def seconds(work: Callable[[], object], repeat: int = 1) -> float:
    """How long some work takes; of several runs the median."""
    taken = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[len(taken) // 2]
