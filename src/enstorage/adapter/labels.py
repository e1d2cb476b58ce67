"""Labels of classes: checks and one-hot encoding."""

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError


def one_hot(labels: NDArray[np.integer], classes: int) -> NDArray[np.float32]:
    """A 1 in the column of each label and 0 elsewhere, float32, shape (samples, classes).

    Args:
        labels: from 0 to classes − 1, shape (samples,).
        classes: number of classes.
    """
    coded = np.zeros((len(labels), classes), dtype=np.float32)
    coded[np.arange(len(labels)), labels] = 1
    return coded


def check_in_train(labels: NDArray[np.integer], train: NDArray[np.bool_], names: list[str], remedy: str) -> None:
    """Refuse samples whose train part lacks a class.

    Args:
        labels: the class of each sample, from 0, shape (samples,).
        train: True for train rows, shape (samples,).
        names: the names of all classes.
        remedy: the remedy in the message.

    Raises:
        InvalidInputError: a class is missing; the message names the missing classes.
    """
    counts = np.bincount(labels[train], minlength=len(names))
    missing = [name for name, count in zip(names, counts, strict=True) if not count]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise InvalidInputError(
            f"{len(missing)} of {len(names)} classes are missing in the train part, which has {int(train.sum())} samples: "
            f"{shown}. Expected at least one of each. {remedy}"
        )


def checked_labels(labels: NDArray[np.generic], classes: int) -> NDArray[np.int64]:
    """Labels as integers.

    Raises:
        InvalidInputError: they are not one integer from 0 to classes − 1 for each sample.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise InvalidInputError(
            f"Labels of {classes} classes must be integers from 0 to {classes - 1}, one for each sample; received an array "
            f"of {labels.dtype} and shape {labels.shape}. Number the classes, or leave out classes to keep the labels "
            "unchanged."
        )
    numbers = labels.astype(np.int64)
    outside = numbers[(numbers < 0) | (numbers >= classes)]
    if len(outside):
        raise InvalidInputError(
            f"{len(outside)} labels are not from 0 to {classes - 1}, such as {outside[0]}. Give more classes, or number "
            "them from 0."
        )
    return numbers
