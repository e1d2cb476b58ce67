"""A bar for what takes longer than two seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 2.0


@contextmanager
def progress_bar(*, hidden: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error, where somebody looks at it.

    Gives the function to call now and then: with what is being done, how much of it is done, and how much there is.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)
    task, since = bar.add_task(""), time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        bar.update(task, description=what, completed=done, total=total)
        if not bar.live.is_started and time.monotonic() - since > PATIENCE_SECONDS:
            bar.start()

    try:
        yield report
    finally:
        bar.stop()
