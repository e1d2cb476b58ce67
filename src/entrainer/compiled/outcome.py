"""What comes of the training of one model."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Stop(StrEnum):
    """Why a training ended before its last epoch."""

    EARLY = "early stopping"
    DIVERGED = "the loss was no longer a finite number"
    PRUNED = "pruned"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, eq=False)
class Outcome:
    """A trained object and what is to be told of its training.

    Attributes:
        obj: A Keras model or an estimator.
        output: Of the object for all rows of the data set, in the prepared scale, (rows, outputs).
        loss: Training loss of each epoch, (epochs,); None where there are no epochs.
        valid_loss: Loss on the valid rows after each epoch; None where there are none.
        best_epoch: The epoch, from 1, whose weights the object has; 0 without epochs.
        stopped: Why the training ended before its last epoch; None where it did not.
        alone: Why it was not part of a group; None where it was.
    """

    obj: Any
    output: NDArray[np.float64]
    loss: NDArray[np.float64] | None = None
    valid_loss: NDArray[np.float64] | None = None
    best_epoch: int = 0
    stopped: Stop | None = None
    alone: str | None = None
