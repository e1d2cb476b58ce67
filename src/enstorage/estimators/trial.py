"""Try an estimator on a few rows, before anything is trained with it."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import EnstorageError, InvalidInputError, UntrustedError
from enstorage.estimators.describe import describe
from enstorage.estimators.fitting import are_classes, estimator_output, fit_samples, has_probabilities, reason_of
from enstorage.formats.base import dump
from enstorage.formats.fitted.check import SKOPS_TYPES

_ROWS, _OF_EACH_CLASS, _MOST_CLASSES = 40, 6, 50
# Of trees and iterations a trial makes no more: how many there are changes nothing of whether an estimator can be fitted.
_FEWER = {"n_estimators": 3, "max_iter": 10}


def check_kind(estimator: Any) -> None:
    """Refuse an estimator that does not forecast.

    Raises:
        InvalidInputError: it is neither a regressor nor a classifier.
    """
    from sklearn.base import is_classifier, is_regressor

    name = type(estimator).__name__
    try:
        forecasts = is_regressor(estimator) or is_classifier(estimator) or name in plugins.names(SKOPS_TYPES)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"{name} cannot be made with such parameters: {reason_of(error)} An estimator inside of another is "
            "{'estimator': 'Ridge', 'parameters': {…}}."
        ) from error
    if not forecasts:
        raise InvalidInputError(
            f"{name} is neither a regressor nor a classifier, so it cannot forecast. Take for example Ridge."
        )


def try_fit(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
    *,
    allow_pickle: bool = False,
) -> None:
    """Fit a copy to a few rows, and see that it forecasts, and that it can be kept or fitted again.

    An estimator that fails on a few rows is tried on all of them, since it may need more.

    Args:
        estimator: it stays as it is.
        X: train rows, shape (rows, …).
        y: shape (rows,) or (rows, targets).
        weight: of each row, shape (rows,), where the estimator takes weights; None for 1.
        allow_pickle: true if objects that no format stores as data may be pickled.

    Raises:
        InvalidInputError: it cannot be fitted, gives another number of values than the targets have, or can be neither kept
            nor fitted again.
    """
    from threadpoolctl import threadpool_limits

    few = _few(y)

    def fitted(rows: NDArray[np.intp]) -> Any:
        return _forecasting(estimator, X[rows], y[rows], None if weight is None else weight[rows])

    # On few rows threads would wait for each other most of the time.
    with warnings.catch_warnings(), np.errstate(all="ignore"), threadpool_limits(1):
        warnings.simplefilter("ignore")
        try:
            rows, trial = few, fitted(few)
        except InvalidInputError:
            if len(few) == len(y):
                raise
            rows = np.arange(len(y))
            trial = fitted(rows)
        _check_kept(trial, lambda: fitted(rows), X[rows], allow_pickle)


def _few(y: NDArray[Any]) -> NDArray[np.intp]:
    """Some rows: spread over all, with the extremes of each target, and several of each class."""
    chosen = {*np.linspace(0, len(y) - 1, min(_ROWS, len(y))).astype(np.intp).tolist()}
    flat = y.reshape(len(y), -1)
    chosen |= {*flat.argmin(axis=0).tolist(), *flat.argmax(axis=0).tolist()}
    are_classes = flat.shape[1] > 1 and bool(((flat == 0) | (flat == 1)).all())
    labels = flat.argmax(axis=1) if are_classes else flat[:, 0]
    classes = np.unique(labels)
    if len(classes) <= _MOST_CLASSES:
        for each in classes:
            chosen |= {*np.flatnonzero(labels == each)[:_OF_EACH_CLASS].tolist()}
    return np.array(sorted(chosen), dtype=np.intp)


def _quick(estimator: Any) -> Any:
    """A copy in one process, with few trees and iterations."""
    from sklearn.base import clone

    copy = clone(estimator)
    changed: dict[str, int | None] = {}
    for name, value in copy.get_params().items():
        last = name.rpartition("__")[2]
        if last == "n_jobs":
            changed[name] = None
        elif last in _FEWER and type(value) is int and value > _FEWER[last]:
            changed[name] = _FEWER[last]
    return copy.set_params(**changed)


def _forecasting(estimator: Any, X: NDArray[Any], y: NDArray[Any], weight: NDArray[np.float64] | None) -> Any:
    name = type(estimator).__name__
    targets = int(np.prod(y.shape[1:]))
    try:
        fitted = fit_samples(_quick(estimator), X, y, weight)
        output = estimator_output(fitted, X, targets)
    except InvalidInputError as error:
        raise InvalidInputError(f"{error} {_remedy(estimator, targets)}") from error
    if are_classes(y) and _is_classifier(estimator) and not has_probabilities(fitted):
        raise InvalidInputError(
            f"{name} forecasts no probabilities of classes, only the class itself. Take a classifier that does, such as "
            "LogisticRegression, or Estimator('CalibratedClassifierCV', {'estimator': {'estimator': "
            f"{name!r}}}}})."
        )
    if output.size != y.size:
        raise InvalidInputError(
            f"{name} gives an output of shape {output.shape} for {len(X)} samples with {targets} targets each. "
            f"{_remedy(estimator, targets)}"
        )
    return fitted


def _is_classifier(estimator: Any) -> bool:
    from sklearn.base import is_classifier

    return bool(is_classifier(estimator))


def _remedy(estimator: Any, targets: int) -> str:
    if _is_classifier(estimator):
        return "Take other parameters, or another estimator: for classes LogisticRegression, for values Ridge."
    if targets > 1:
        name = type(estimator).__name__
        return (
            "Take an estimator of several targets, or one for each: Estimator('MultiOutputRegressor', {'estimator': "
            f"{{'estimator': {name!r}}}}})."
        )
    return "Take other parameters, or another estimator, for example Ridge."


def _check_kept(trial: Any, again: Callable[[], Any], X: NDArray[Any], allow_pickle: bool) -> None:
    """Refuse what no format keeps and what is another one when it is fitted again."""
    try:
        dump(trial, allow_pickle=allow_pickle)
    except UntrustedError as untrusted:
        from sklearn.base import clone

        try:
            describe(clone(trial))
            same = np.array_equal(trial.predict(X.reshape(len(X), -1)), again().predict(X.reshape(len(X), -1)))
        except EnstorageError as error:
            raise InvalidInputError(f"{untrusted} Nor can it be fitted again when it is needed: {error}") from untrusted
        if not same:
            raise InvalidInputError(
                f"{untrusted} Fitted again it forecasts other values. Give it a random_state, or take another estimator."
            ) from untrusted
