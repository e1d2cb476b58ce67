"""The outcome of the training of one model."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Stop(StrEnum):
    """The reason why a training ended before its last epoch."""

    EARLY = "early stopping"
    DIVERGED = "the loss was no longer a finite number"
    PRUNED = "pruned"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, eq=False)
class Outcome(Generic[T]):
    """A trained object and the facts of its training.

    Attributes:
        obj: A Keras model or an estimator; for a member of a group, a `TrainedNetwork`.
        loss: Mean training loss of each epoch that was trained, dropout on, (epochs,); None where there are no epochs.
        valid_loss: Loss on the valid rows after each epoch, dropout off, (epochs,); None where there are none.
        best_epoch: The epoch, from 1, whose weights the object has; 0 without epochs.
        stopped: The reason why the training ended before its last epoch; None if it did not.
        alone: The reason why it was not trained in a group; None if it was.
    """

    obj: T
    loss: NDArray[np.float64] | None = None
    valid_loss: NDArray[np.float64] | None = None
    best_epoch: int = 0
    stopped: Stop | None = None
    alone: str | None = None
