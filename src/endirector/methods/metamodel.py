"""Metamodels: scikit-learn estimators by class name and parameters; regressors, or classifiers for classes."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from endirector.methods.estimators import find_estimator, make_estimator, tell_estimator
from enstorage import plugins
from enstorage.errors import InvalidInputError


def make_metamodel(name: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """A fresh regressor or classifier of that class; a `random_state` that is not given is 0, also in estimators inside.

    Args:
        name: of the class.
        parameters: of its constructor, by name; by default none. An estimator among them is told by
            `{"estimator": its class name, "parameters": {…}}`.

    Raises:
        InvalidInputError: there is no such estimator; the message names those that come close. Or it has no such parameter.
        MissingLibraryError: scikit-learn is not installed.
    """
    try:
        from sklearn.base import is_classifier, is_regressor
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "A metamodel", extra="ensemble") from error
    if find_estimator(name) is None:
        close = get_close_matches(name, _names(), n=3) or ["LinearRegression", "Ridge", "RandomForestRegressor"]
        raise InvalidInputError(
            f"There is no metamodel {name!r}; expected the class name of a scikit-learn regressor or classifier, for "
            f"example {', '.join(close)}."
        )
    try:
        metamodel = make_estimator(name, parameters or {})
        can_forecast = is_regressor(metamodel) or is_classifier(metamodel)
    except InvalidInputError:
        raise
    except (AttributeError, IndexError, TypeError, ValueError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidInputError(
            f"{name} cannot be made with the parameters {parameters!r:.100}: {reason} An estimator inside of another is "
            "told as {'estimator': 'Ridge', 'parameters': {…}}."
        ) from error
    if not can_forecast:
        raise InvalidInputError(
            f"{name} is neither a regressor nor a classifier, so it cannot forecast. Take for example Ridge."
        )
    return metamodel


def check_metamodel(
    given: object, parameters: Mapping[str, Any], classes: int | None = None
) -> tuple[str, dict[str, Any]]:
    """Refuse a metamodel that cannot be fitted to forecasts: it is tried on a few numbers.

    Args:
        given: class name of a scikit-learn regressor, or a regressor that was not fitted; for classes a classifier.
        parameters: of its constructor, as JSON; with an estimator they are its own.
        classes: how many classes are forecast; None for values.

    Returns:
        The class name and the parameters that differ from the defaults, of which `make_metamodel` makes it.

    Raises:
        InvalidInputError: it cannot; the message says why.
    """
    if given is None:
        raise InvalidInputError(
            "The method needs a metamodel: the class name of a regressor, such as 'LinearRegression'."
        )
    name, parameters = (given, dict(parameters)) if isinstance(given, str) else _taken_apart(given, parameters)
    metamodel = make_metamodel(name, parameters)
    _check_kind(metamodel, name, classes)
    rows = np.random.default_rng(0).uniform(1, 2, size=(32, 3))  # positive: some take nothing else
    try:
        metamodel.fit(rows, rows.sum(axis=1) if classes is None else np.arange(32) % classes)
    except (TypeError, ValueError) as error:
        told = f" with {dict(parameters)}" if parameters else ""
        reason = str(error).splitlines()[0]
        raise InvalidInputError(
            f"{name}{told} cannot be a metamodel: {reason} Take for example "
            f"{'LinearRegression or Ridge' if classes is None else 'LogisticRegression'}."
        ) from error
    return name, parameters


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


def _taken_apart(estimator: object, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The class name of an estimator, and its parameters that differ from the defaults."""
    from sklearn.base import BaseEstimator

    if not isinstance(estimator, BaseEstimator) or find_estimator(type(estimator).__name__) is not type(estimator):
        raise InvalidInputError(
            f"A metamodel is the class name of a regressor of scikit-learn, such as 'Ridge', or such a regressor that was "
            f"not fitted, such as Ridge(alpha=0.5); received {estimator!r:.50}."
        )
    if parameters:
        raise InvalidInputError(
            f"{estimator!r:.50} has its parameters itself; received parameters={{'metamodel': {dict(parameters)}}} besides. "
            "Give the class name with parameters, or the estimator alone."
        )
    return tell_estimator(estimator)


def _names() -> list[str]:
    from sklearn.utils.discovery import all_estimators

    return [name for name, _ in all_estimators(type_filter=["regressor", "classifier"])]
