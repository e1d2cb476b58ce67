"""Fit an estimator to samples, and its output for samples, classes among them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError

_LONGEST = 200


def takes_weights(estimator: Any) -> bool:
    """True if an estimator can be fitted with row weights."""
    from sklearn.utils.validation import has_fit_parameter

    return bool(has_fit_parameter(estimator, "sample_weight"))


def fit_samples(estimator: Any, X: NDArray[Any], y: NDArray[Any], weight: NDArray[np.float64] | None = None) -> Any:
    """Fit a fresh copy of an estimator, each sample as one row of numbers.

    Classes, a column each with a 1 in each row, are given to a classifier of one target as their numbers from 0.

    Args:
        estimator: it stays as it is.
        X: shape (rows, …).
        y: shape (rows,) or (rows, targets).
        weight: of each row, shape (rows,), where the estimator takes weights; None for 1.

    Raises:
        InvalidInputError: it cannot be fitted.
    """
    from sklearn.base import clone

    weights = {} if weight is None else {"sample_weight": weight}
    try:
        targets = y.argmax(axis=1) if _takes_numbers(estimator, y) else y
        return clone(estimator).fit(X.reshape(len(X), -1), targets, **weights)
    except Exception as error:  # estimators fail with errors of every kind
        raise InvalidInputError(f"{type(estimator).__name__} cannot be fitted: {reason_of(error)}") from error


def _takes_numbers(estimator: Any, y: NDArray[Any]) -> bool:
    from sklearn.base import is_classifier
    from sklearn.utils import get_tags

    are_classes = y.ndim == 2 and y.shape[1] > 1 and bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
    return are_classes and is_classifier(estimator) and not get_tags(estimator).target_tags.multi_output


def estimator_output(estimator: Any, X: NDArray[Any], targets: int | None = None) -> NDArray[np.float64]:
    """The output of a fitted estimator, or of anything else with `predict`, for samples.

    Args:
        estimator: a classifier that was fitted on the numbers of classes gives their probabilities; without those 1 for the
            class that it forecasts, else 0.
        X: shape (rows, …); an estimator sees each sample as one row of numbers.
        targets: number of target values of each sample; None if not known.

    """
    rows = X.reshape(len(X), -1) if hasattr(estimator, "n_features_in_") else X
    classes = getattr(estimator, "classes_", None)
    if targets is None or targets < 2 or not isinstance(classes, np.ndarray) or classes.dtype.kind not in "iu":
        return np.asarray(estimator.predict(rows), dtype=np.float64)
    if classes.ndim != 1 or (classes < 0).any() or (classes >= targets).any():
        return np.asarray(estimator.predict(rows), dtype=np.float64)
    forecast = np.asarray(estimator.predict(rows))
    if forecast.size != len(rows):
        return forecast.astype(np.float64)
    if not hasattr(estimator, "predict_proba"):
        return np.eye(targets)[forecast.astype(np.intp).ravel()]
    output = np.zeros((len(rows), targets))
    output[:, classes] = estimator.predict_proba(rows)
    return output


def reason_of(error: Exception) -> str:
    """The first sentence of the message of a library; such messages are long."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
    return line if line.endswith((".", "!", "?")) else f"{line}."
