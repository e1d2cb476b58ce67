"""Metamodels: scikit-learn estimators by class name and parameters; regressors, or classifiers for classes."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np

from enstorage import plugins
from enstorage.database.types import to_json_text
from enstorage.errors import InvalidInputError, UntrustedError

# Looked through in this order before the list of all estimators is made, which imports all of scikit-learn.
_USUAL_PLACES = ("linear_model", "ensemble", "neighbors", "svm", "tree", "neural_network", "isotonic", "dummy")


def make_metamodel(name: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """A fresh regressor or classifier of that class; where it has a `random_state` and none is given, that is 0.

    Args:
        name: of the class.
        parameters: of its constructor, by name; by default none.

    Raises:
        InvalidInputError: there is no such estimator; the message names those that come close. Or it has no such parameter.
        MissingLibraryError: scikit-learn is not installed.
    """
    try:
        from sklearn.base import is_classifier, is_regressor
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "A metamodel", extra="ensemble") from error
    found, parameters = _find(name), parameters or {}
    if found is None:
        close = get_close_matches(name, _all_estimators(), n=3)
        close = close or ["LinearRegression", "Ridge", "RandomForestRegressor"]
        raise InvalidInputError(
            f"There is no metamodel {name!r}; expected the class name of a scikit-learn regressor or classifier, for "
            f"example {', '.join(close)}."
        )
    strange = sorted(parameters.keys() - set(found._get_param_names()))
    if strange:
        raise InvalidInputError(
            f"{name} has no parameter {', '.join(map(repr, strange))}; known are {', '.join(found._get_param_names())}."
        )
    try:
        metamodel = found(**parameters)
    except TypeError as error:
        raise InvalidInputError(
            f"{name} needs parameters of its own, so its name is not enough: {error}. Take Ridge."
        ) from error
    if not is_regressor(metamodel) and not is_classifier(metamodel):
        raise InvalidInputError(
            f"{name} is neither a regressor nor a classifier, so it cannot forecast. Take for example Ridge."
        )
    if metamodel.get_params().get("random_state", 0) is None:
        metamodel.set_params(random_state=0)
    return metamodel


def check_metamodel(
    given: object, parameters: Mapping[str, Any], classes: int | None = None
) -> tuple[str, dict[str, Any]]:
    """Refuse a metamodel that cannot be fitted to forecasts, or not be kept without code: it is tried on a few numbers.

    Args:
        given: class name of a scikit-learn regressor, or a regressor that was not fitted; for classes a classifier.
        parameters: of its constructor, as JSON; with an estimator they are its own.
        classes: how many classes are forecast; None for values.

    Returns:
        The class name and the parameters that differ from the defaults, of which `make_metamodel` makes it.

    Raises:
        InvalidInputError: it cannot; the message says why.
    """
    from enstorage.formats.base import dump

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
        dump(metamodel, allow_pickle=False)
    except (TypeError, ValueError, UntrustedError) as error:
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

    name = type(estimator).__name__
    if not isinstance(estimator, BaseEstimator) or _find(name) is not type(estimator):
        raise InvalidInputError(
            f"A metamodel is the class name of a regressor of scikit-learn, such as 'Ridge', or such a regressor that was "
            f"not fitted, such as Ridge(alpha=0.5); received {estimator!r:.50}."
        )
    if parameters:
        raise InvalidInputError(
            f"{estimator!r:.50} has its parameters itself; received parameters={{'metamodel': {dict(parameters)}}} besides. "
            "Give the class name with parameters, or the estimator alone."
        )
    if any(attribute.endswith("_") and not attribute.startswith("_") for attribute in vars(estimator)):
        raise InvalidInputError(
            f"{estimator!r:.50} was fitted already, and a metamodel is fitted by render. Give sklearn.base.clone(it)."
        )
    usual = {key: value.default for key, value in signature(type(estimator)).parameters.items()}
    changed = {
        key: value for key, value in estimator.get_params(deep=False).items() if not _same(value, usual.get(key))
    }
    try:
        kept: dict[str, Any] = json.loads(to_json_text(changed))
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{estimator!r:.80} has a parameter that cannot be kept: {error} A metamodel is kept as its class name and "
            "parameters that JSON holds."
        ) from error
    return name, kept


def _same(one: Any, other: Any) -> bool:
    try:
        return type(one) is type(other) and bool(one == other)
    except ValueError:  # arrays
        return False


def _find(name: str) -> Any:
    from sklearn.base import BaseEstimator

    for place in _USUAL_PLACES:
        found = getattr(import_module(f"sklearn.{place}"), name, None)
        if isinstance(found, type) and issubclass(found, BaseEstimator):
            return found
    return _all_estimators().get(name)


def _all_estimators() -> dict[str, Any]:
    from sklearn.utils.discovery import all_estimators

    return dict(all_estimators(type_filter=["regressor", "classifier"]))
