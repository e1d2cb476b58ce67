"""Time that some work takes. Peers use it too, so it needs nothing but Python."""

import subprocess
import sys
import time
from collections.abc import Callable


def seconds(work: Callable[[], object], repeat: int = 1) -> float:
    """Time of some work by the clock, in seconds; the median of several runs."""
    taken = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[len(taken) // 2]


def seconds_of_python(*arguments: str, repeat: int) -> float:
    """Time of a new process of this Python, in seconds, after one that fills the caches; the median of several."""

    def start() -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    start()
    return seconds(start, repeat)
