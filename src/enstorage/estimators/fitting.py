"""Fit an estimator to samples, and its output for samples, classes among them."""

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.arrays.missing import unmasked
from enstorage.errors import EnstorageError, InvalidInputError

_LONGEST = 200


def takes_weights(estimator: Any) -> bool:
    """True if an estimator can be fitted with row weights."""
    from sklearn.utils.validation import has_fit_parameter

    return bool(has_fit_parameter(estimator, "sample_weight"))


def fit_samples(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
    *,
    as_labels: bool = True,
) -> Any:
    """Fit a fresh copy of an estimator, each sample as one row of numbers.

    A classifier is given the labels that the targets mean: of classes, a column each with a 1 in each row, their numbers
    from 0, and the values 0 and 1 as integers.

    Args:
        estimator: it stays as it is.
        X: shape (rows, …).
        y: shape (rows,) or (rows, targets).
        weight: of each row, shape (rows,), where the estimator takes weights; None for 1.
        as_labels: false gives a classifier of several targets their columns, and 0 and 1 as floats, as older versions did.

    Raises:
        InvalidInputError: it cannot be fitted.
    """
    from sklearn.base import clone, is_classifier

    weights = {} if weight is None else {"sample_weight": weight}
    try:
        targets = _labels(estimator, y, as_labels) if is_classifier(estimator) else y
        return clone(estimator).fit(X.reshape(len(X), -1), targets, **weights)
    except Exception as error:  # estimators fail with errors of every kind
        raise InvalidInputError(f"{type(estimator).__name__} cannot be fitted: {reason_of(error)}") from error


def are_classes(y: NDArray[Any]) -> bool:
    """True if targets are classes: a column each with a 1 in each row, or the values 0 and 1 alone."""
    if not y.size or not ((y == 0) | (y == 1)).all():
        return False
    return y.ndim == 1 or (y.ndim == 2 and (y.shape[1] == 1 or bool((y.sum(axis=1) == 1).all())))


def _labels(estimator: Any, y: NDArray[Any], as_labels: bool) -> NDArray[Any]:
    from sklearn.utils import get_tags

    if not are_classes(y):
        return y
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1) if as_labels or not get_tags(estimator).target_tags.multi_output else y
    return y.astype(np.int64) if as_labels else y


def estimator_output(estimator: Any, X: NDArray[Any], targets: int | None = None) -> NDArray[np.float64]:
    """The output of a fitted estimator, or of anything else with `predict`, for samples.

    Args:
        estimator: a classifier that was fitted on the numbers of classes gives their probabilities, 0 for a class that it
            has not seen; one of the integers 0 and 1 gives the probability of 1. One without probabilities gives 1 for
            the class that it forecasts, else 0.
        X: shape (rows, …); an estimator sees each sample as one row of numbers.
        targets: number of target values of each sample; None if not known.

    Raises:
        InvalidInputError: it has no `predict`, takes samples of another width, or fails.
    """
    name = type(estimator).__name__
    try:
        has_predict, width = hasattr(estimator, "predict"), getattr(estimator, "n_features_in_", None)
        width = width if width is None else operator.index(width)
    except Exception as error:  # those that hold others ask them
        raise InvalidInputError(
            f"{name} cannot be used: {reason_of(error)} Expected a fitted estimator that is whole. Train it again."
        ) from error
    if not has_predict:
        raise InvalidInputError(
            f"A {name} has no predict, so it cannot forecast; expected a Keras model, a regressor or classifier of "
            "scikit-learn, or an OnnxModel."
        )
    rows = X if width is None else X.reshape(len(X), -1)
    if width is not None and rows.shape[1] != width:
        raise InvalidInputError(
            f"The {name} takes samples of shape (rows, {width}); the samples have shape {X.shape}, "
            f"which are {rows.shape[1]} values each. Use a data set with the lag that it was trained for."
        )
    try:
        return _output(estimator, rows, targets)
    except EnstorageError:
        raise
    except Exception as error:  # estimators fail with errors of every kind
        raise InvalidInputError(
            f"{name} cannot be used: {reason_of(error)} The samples have shape {X.shape}."
        ) from error


def _output(estimator: Any, rows: NDArray[Any], targets: int | None) -> NDArray[np.float64]:
    classes = _known_classes(estimator, targets)
    forecast = unmasked(estimator.predict(rows)) if classes is None or not has_probabilities(estimator) else None
    if classes is None or targets is None:
        return np.asarray(forecast, dtype=np.float64)
    if forecast is None:
        output = np.zeros((len(rows), max(targets, 2)))
        output[:, classes] = estimator.predict_proba(rows)
        return output if targets > 1 else output[:, 1]
    if targets == 1 or forecast.size != len(rows):
        return forecast.astype(np.float64)
    return np.eye(targets)[forecast.astype(np.intp).ravel()]


def _known_classes(estimator: Any, targets: int | None) -> NDArray[np.integer[Any]] | None:
    """The numbers of the classes that an estimator was fitted on; None if it was fitted on something else."""
    classes = getattr(estimator, "classes_", None)
    if targets is None or not isinstance(classes, np.ndarray) or classes.ndim != 1 or classes.dtype.kind not in "iu":
        return None
    return classes if ((classes >= 0) & (classes < max(targets, 2))).all() else None


def has_probabilities(estimator: Any) -> bool:
    """True if a fitted classifier forecasts probabilities."""
    return hasattr(estimator, "predict_proba")


def reason_of(error: Exception) -> str:
    """The first sentence of the message of a library; such messages are long."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
    return line if line.endswith((".", "!", "?")) else f"{line}."
