"""The progress bar of a training."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from entrainer.batch import Chunk, Report


@contextmanager
def progress_bar(members: int, epochs: int) -> Iterator[Report]:
    """A bar over the epochs of a group; gives the function that is told of each chunk."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeElapsedColumn(),
    )
    what = f"Training {members} network{'s together' if members > 1 else ''}"
    with Bar(*columns) as bar:
        task = bar.add_task(what, total=epochs)

        def report(chunk: Chunk) -> None:
            latest = chunk.loss[:, -1]
            shown = f", loss {np.nanmean(latest):.4f}" if np.isfinite(latest).any() else ""
            bar.update(task, completed=chunk.epochs, description=what + shown)

        yield report
