"""Work on many arrays at once: NumPy lets other threads work while it does."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def of_each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Results of `work` for each item, in the order of the items; the first error is raised."""
    with ThreadPoolExecutor() as threads:
        return list(threads.map(work, items))
