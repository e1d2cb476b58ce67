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
    """A fresh regressor or classifier; a `random_state` that is not given is 0, also in estimators inside.

    Args:
        name: of the class.
        parameters: of its constructor, as `enstorage.estimators.describe` gives them.
        most_jobs: largest number of processes for `n_jobs`; by default the number of cores.

    Raises:
        InvalidInputError: there is no such estimator, it cannot be made so, or it does not forecast.
        MissingLibraryError: scikit-learn is not installed.
    """
    metamodel = make(name, parameters or {}, most_jobs=most_jobs)
    check_kind(metamodel)
    return metamodel


def check_metamodel(
    given: object, parameters: Mapping[str, Any], classes: int | None = None
) -> tuple[str, dict[str, Any]]:
    """Refuse a metamodel that cannot be fitted to forecasts: it is tried on a few numbers.

    Args:
        given: class name of a scikit-learn regressor, or a regressor that was not fitted; for classes a classifier.
        parameters: of its constructor; with an estimator they are its own.
        classes: number of classes that are forecast; None for values.

    Returns:
        The class name and the parameters that differ from the defaults, of which `make_metamodel` makes it.

    Raises:
        InvalidInputError: it cannot; the message says why.
    """
    if given is None:
        raise InvalidInputError(
            "The method needs a metamodel: the class name of a regressor, such as 'LinearRegression'."
        )
    name, described = _described(given, parameters)
    metamodel = make_metamodel(name, described)
    _check_kind(metamodel, name, classes)
    rows = np.random.default_rng(0).uniform(1, 2, size=(32, 3))  # positive: some take nothing else
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
            f"{given!r:.50} has its parameters itself; received parameters={{'metamodel': {dict(parameters)}}} besides. "
            "Give the class name with parameters, or the estimator alone."
        )
    return describe(given)


def _check_kind(metamodel: Any, name: str, classes: int | None) -> None:
    """Refuse a classifier for values, and for classes what gives no probabilities of them."""
    from sklearn.base import is_classifier

    if classes is None and is_classifier(metamodel):
        raise InvalidInputError(
            f"{name} is a classifier, not a regressor, so it cannot forecast values. Take for example Ridge."
        )
    if classes is not None and not (is_classifier(metamodel) and hasattr(metamodel, "predict_proba")):
        raise InvalidInputError(
            f"The members forecast probabilities of {classes} classes; expected a classifier that gives such as metamodel, "
            f"received {name}. Take for example LogisticRegression."
        )
