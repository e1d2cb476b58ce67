"""Conversion between rows, one for each class of a sample, and the samples of classifiers."""

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Floats, Rows
from enstorage.errors import InvalidInputError


def by_sample(rows: Rows) -> Floats:
    """Arrange the forecasts of all members by sample.

    Args:
        rows: consecutive rows hold the classes of one sample, in the same order for every sample.

    Returns:
        Shape (samples, classes · members), the members of the first class first.

    Raises:
        InvalidInputError: a sample lacks one of its classes.
    """
    classes = count_of(rows)
    steps = np.ones(len(rows.forecasts), dtype=np.int32) if rows.step is None else rows.step
    if len(steps) % classes or not (steps.reshape(-1, classes) == np.arange(1, classes + 1)).all():
        raise InvalidInputError(
            f"Members share only some of the {classes} classes of some samples. Give every member forecasts of all classes "
            "of the samples that it forecasts."
        )
    return rows.forecasts.reshape(len(steps) // classes, -1)


def labels_of(rows: Rows, truth: Floats) -> NDArray[np.intp]:
    """The class of each sample, from 0, shape (samples,); `truth`, shape (rows,), is 1 for the true class, else 0."""
    classes = count_of(rows)
    if classes == 1:
        return truth.astype(np.intp)
    labels: NDArray[np.intp] = truth.reshape(-1, classes).argmax(axis=1)
    return labels


def as_rows(probabilities: Floats, known: NDArray[np.intp], classes: int) -> Floats:
    """Convert the class probabilities of samples to rows.

    Args:
        probabilities: shape (samples, known classes).
        known: numbers of these classes; the others are missing from the fitted rows, and get probability 0.
        classes: number of rows of a sample: 1 if only the second of two classes is forecast.

    Returns:
        Shape (samples · classes,).
    """
    every = np.zeros((len(probabilities), max(classes, 2)))
    every[:, known] = probabilities
    return every[:, 1] if classes == 1 else every.ravel()


def count_of(rows: Rows) -> int:
    """Number of rows of a sample."""
    return 1 if rows.step is None or not len(rows.step) else int(rows.step.max())
