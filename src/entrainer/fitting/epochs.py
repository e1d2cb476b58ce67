"""The progress of a training: counted in epochs of single models, where an estimator counts as one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from enstorage.progress import Listener
from entrainer.compiled.group import Chunk
from entrainer.fitting.job import Job


def epochs_of(job: Job) -> int:
    """The share of one model in the training."""
    return 1 if job.member is None else job.training.epochs


class Epochs:
    """Reports the progress of the groups to the listener of a long call.

    Args:
        report: the listener.
        total: how many epochs of single models there are.
    """

    def __init__(self, report: Listener, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    @contextmanager
    def group(self, models: int, epochs: int) -> Iterator[Callable[[Chunk], None]]:
        """Train a group inside the block; yields the function that takes each chunk."""
        what = f"Training {models} models together" if models > 1 else "Training 1 model"
        self._report(what, self._done, self._total)

        def report_chunk(chunk: Chunk) -> None:
            latest = chunk.loss[:, -1]
            shown = f", loss {np.nanmean(latest):.4f}" if np.isfinite(latest).any() else ""
            self._report(what + shown, self._done + models * chunk.epochs, self._total)

        yield report_chunk
        self._done += models * epochs

    def add(self, epochs: int) -> None:
        """Report epochs that other processes trained; 0 only checks whether to stop."""
        self._done += epochs
        self._report("Training by other processes", self._done, self._total)

    def end(self) -> None:
        """Report that all epochs are done, including those of other processes and of models that stopped early."""
        self._report("Trained all", self._total, self._total)
