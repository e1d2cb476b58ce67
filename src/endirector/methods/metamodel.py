"""Metamodels: estimators that are fitted to the members' forecasts; regressors, or classifiers for classes."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.estimators.describe import describe, plain_parameters
from enstorage.estimators.fitting import fit_samples, reason_of
from enstorage.estimators.make import make
from enstorage.estimators.trial import check_kind


def make_metamodel(name: str, parameters: Mapping[str, Any] | None = None, most_jobs: int | None = None) -> Any:
    """Make an unfitted regressor or classifier; a missing `random_state` becomes 0, also in nested estimators.

    Args:
        name: class name.
        parameters: parameters of the constructor, as `enstorage.estimators.describe` returns them.
        most_jobs: largest number of processes for `n_jobs`; by default the number of cores.

    Raises:
        InvalidInputError: the estimator is unknown, cannot be made with these parameters, or is neither a regressor
            nor a classifier.
        MissingLibraryError: scikit-learn is not installed.
    """
    metamodel = make(name, parameters or {}, most_jobs=most_jobs)
    check_kind(metamodel)
    return metamodel


def check_metamodel(
    given: object, parameters: Mapping[str, Any], classes: int | None = None
) -> tuple[str, dict[str, Any]]:
    """Check that a metamodel can be fitted to forecasts, by a fit to a few numbers.

    Args:
        given: class name of a scikit-learn regressor, or an unfitted regressor; for classes a classifier.
        parameters: parameters of the constructor; empty if an estimator is given, which has its own.
        classes: number of classes that are forecast; None for values.

    Returns:
        The class name, and the parameters that differ from the defaults, as `make_metamodel` takes them.

    Raises:
        InvalidInputError: it cannot be fitted; the message gives the reason.
    """
    if given is None:
        raise InvalidInputError(
            "The method needs a metamodel: the class name of a regressor, such as 'LinearRegression'."
        )
    name, described = _described(given, parameters)
    metamodel = make_metamodel(name, described)
    _check_kind(metamodel, name, classes)
    rows = np.random.default_rng(0).uniform(1, 2, size=(32, 3))  # some take only positive values
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit_samples(metamodel, rows, rows.sum(axis=1) if classes is None else np.arange(32) % classes)
    except InvalidInputError as error:
        given_with = f" with {described}" if described else ""
        reason = reason_of(error.__cause__) if isinstance(error.__cause__, Exception) else str(error)
        raise InvalidInputError(
            f"{name}{given_with} cannot be a metamodel: {reason} Take for example "
            f"{'LinearRegression or Ridge' if classes is None else 'LogisticRegression'}."
        ) from error
    return name, described


def _described(given: object, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if isinstance(given, str):
        return given, plain_parameters(given, parameters)
    if parameters and hasattr(given, "get_params"):
        raise InvalidInputError(
            f"{given!r:.50} already has its parameters; also received parameters={{'metamodel': {dict(parameters)}}}. "
            "Give the class name with parameters, or only the estimator."
        )
    return describe(given)


def _check_kind(metamodel: Any, name: str, classes: int | None) -> None:
    """Refuse a classifier for values, and for classes an estimator without class probabilities."""
    from sklearn.base import is_classifier

    if classes is None and is_classifier(metamodel):
        raise InvalidInputError(
            f"{name} is a classifier, not a regressor, so it cannot forecast values. Take for example Ridge."
        )
    if classes is not None and not (is_classifier(metamodel) and hasattr(metamodel, "predict_proba")):
        raise InvalidInputError(
            f"The members forecast probabilities of {classes} classes; expected a classifier with predict_proba as "
            f"metamodel, received {name}. Take for example LogisticRegression."
        )
