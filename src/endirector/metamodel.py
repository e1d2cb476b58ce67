"""Metamodels: scikit-learn regressors by class name."""

from difflib import get_close_matches
from importlib import import_module
from typing import Any

import numpy as np

from enstorage import plugins
from enstorage.errors import InvalidInputError, UntrustedError

# Looked through in this order before the list of all estimators is made, which imports all of scikit-learn.
_USUAL_PLACES = ("linear_model", "ensemble", "neighbors", "svm", "tree", "neural_network", "isotonic", "dummy")


def make_metamodel(name: str | None) -> Any:
    """A fresh regressor of that class with its defaults; where it has a `random_state`, that is 0.

    Raises:
        InvalidInputError: there is no such regressor; the message names those that come close.
        MissingLibraryError: scikit-learn is not installed.
    """
    try:
        from sklearn.base import is_regressor
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "A metamodel", extra="ensemble") from error
    if name is None:
        raise InvalidInputError(
            "The method needs a metamodel: the class name of a regressor, such as 'LinearRegression'."
        )
    if not isinstance(name, str):
        raise InvalidInputError(
            f"A metamodel is the class name of a regressor with its defaults, such as 'Ridge'; received {name!r:.50}."
        )
    found = _find(name)
    if found is None:
        known = _all_regressors()
        close = get_close_matches(name, known, n=3) or ["LinearRegression", "Ridge", "RandomForestRegressor"]
        raise InvalidInputError(
            f"There is no metamodel {name!r}; expected the class name of a scikit-learn regressor, for example "
            f"{', '.join(close)}."
        )
    try:
        metamodel = found()
    except TypeError as error:
        raise InvalidInputError(
            f"{name} needs parameters of its own, so its name is not enough: {error}. Take Ridge."
        ) from error
    if not is_regressor(metamodel):
        raise InvalidInputError(f"{name} is not a regressor, so it cannot forecast values. Take for example Ridge.")
    if "random_state" in metamodel.get_params():
        metamodel.set_params(random_state=0)
    return metamodel


def check_metamodel(name: str | None) -> None:
    """Refuse a metamodel that cannot be fitted to forecasts, or not be kept without code: it is tried on a few numbers.

    Raises:
        InvalidInputError: it cannot; the message says why.
    """
    from enstorage.formats.base import dump

    metamodel = make_metamodel(name)
    rows = np.random.default_rng(0).uniform(1, 2, size=(32, 3))  # positive: some take nothing else
    try:
        metamodel.fit(rows, rows.sum(axis=1))
        dump(metamodel, allow_pickle=False)
    except (ValueError, UntrustedError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInputError(
            f"{name} cannot be a metamodel: {reason} Take for example LinearRegression or Ridge."
        ) from error


def _find(name: str) -> Any:
    from sklearn.base import BaseEstimator

    for place in _USUAL_PLACES:
        found = getattr(import_module(f"sklearn.{place}"), name, None)
        if isinstance(found, type) and issubclass(found, BaseEstimator):
            return found
    return _all_regressors().get(name)


def _all_regressors() -> dict[str, Any]:
    from sklearn.utils.discovery import all_estimators

    return dict(all_estimators(type_filter="regressor"))
