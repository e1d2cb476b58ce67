"""How long some work takes. Peers use it too, so it needs nothing but Python."""

import subprocess
import sys
import time
from collections.abc import Callable


def seconds(work: Callable[[], object], repeat: int = 1) -> float:
    """How long some work takes by the clock; of several runs the median."""
    taken = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[len(taken) // 2]


def seconds_of_python(*arguments: str, repeat: int) -> float:
    """How long a new process of this Python takes, after one that fills the caches; of several the median."""

    def start() -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    start()
    return seconds(start, repeat)
