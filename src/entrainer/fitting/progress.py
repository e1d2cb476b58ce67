"""The progress bar of a training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from entrainer.compiled.group import Chunk, Report

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


@contextmanager
def progress_bar(members: int, epochs: int) -> Iterator[Report]:
    """A bar over the epochs of a group; gives the function that is told of each chunk."""
    what = f"Training {members} network{'s together' if members > 1 else ''}"
    with _bar("epochs") as bar:
        task = bar.add_task(what, total=epochs)

        def report(chunk: Chunk) -> None:
            latest = chunk.loss[:, -1]
            shown = f", loss {np.nanmean(latest):.4f}" if np.isfinite(latest).any() else ""
            bar.update(task, completed=chunk.epochs, description=what + shown)

        yield report


@contextmanager
def bar_of_models(models: int, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """A bar over models that are trained elsewhere; gives the function to call with how many more are done."""
    with _bar("models", hidden=hidden) as bar:
        task = bar.add_task("Training", total=models)
        yield lambda more: bar.update(task, advance=more)


def _bar(unit: str, *, hidden: bool = False) -> "Bar":
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    described = TextColumn("{task.description}")
    return Bar(described, BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn(), disable=hidden)
