"""The progress bar of a training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from entrainer.batch import Progress


@contextmanager
def progress_bar(members: int, epochs: int) -> Iterator[Progress]:
    """A bar over the epochs of a group; gives the function to call with the epochs done and the losses."""
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

        def report(done: int, loss: NDArray[np.floating[Any]]) -> None:
            bar.update(task, completed=done, description=f"{what}, loss {np.mean(loss):.4f}")

        yield report
