"""scikit-learn estimators told as JSON, by class name and parameters, also those inside of others; and made from that."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any

from enstorage.database.types import to_json_text
from enstorage.errors import InvalidInputError

# Looked through in this order before the list of all estimators is made, which imports all of scikit-learn.
_USUAL_PLACES = (
    "linear_model",
    "ensemble",
    "neighbors",
    "svm",
    "tree",
    "neural_network",
    "isotonic",
    "dummy",
    "pipeline",
    "preprocessing",
)

# How an estimator is told that is a parameter of another, alone or in a list such as the steps of a pipeline.
_CLASS, _PARAMETERS = "estimator", "parameters"


def find_estimator(name: str) -> Any:
    """The class of that name; None where scikit-learn has none."""
    from sklearn.base import BaseEstimator

    for place in _USUAL_PLACES:
        found = getattr(import_module(f"sklearn.{place}"), name, None)
        if isinstance(found, type) and issubclass(found, BaseEstimator):
            return found
    return _all_estimators().get(name)


@cache
def _all_estimators() -> dict[str, Any]:
    from sklearn.utils.discovery import all_estimators

    return dict(all_estimators())


def _defaults(kind: Any) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in signature(kind).parameters.items()}


def make_estimator(name: str, parameters: Mapping[str, Any]) -> Any:
    """A fresh estimator; a `random_state` that is not given is 0.

    Args:
        name: of its class.
        parameters: of its constructor, by name. An estimator among them is `{"estimator": …, "parameters": {…}}`.

    Raises:
        InvalidInputError: there is no such estimator, it has no such parameter, or it needs others.
    """
    found = find_estimator(name)
    if found is None:
        raise InvalidInputError(
            f"scikit-learn has no estimator {name!r}; expected the name of a class, such as 'Ridge'."
        )
    strange = sorted(parameters.keys() - set(found._get_param_names()))
    if strange:
        raise InvalidInputError(
            f"{name} has no parameter {', '.join(map(repr, strange))}; known are {', '.join(found._get_param_names())}."
        )
    _refuse_cache(parameters)
    usual = _defaults(found)
    made = {key: _made(value) for key, value in parameters.items()}
    for key, value in made.items():
        if isinstance(value, list) and isinstance(usual.get(key), tuple):  # JSON has no tuples
            made[key] = tuple(value)
    if "random_state" in usual and made.get("random_state") is None:
        made["random_state"] = 0
    try:
        return found(**made)
    except TypeError as error:
        raise InvalidInputError(
            f"{name} needs parameters of its own, so its name is not enough: {error}. Give them with the name, or an "
            "estimator instead of the name; or take Ridge."
        ) from error


def _refuse_cache(parameters: Mapping[str, Any]) -> None:
    """Refuse a cache in files, whether it is asked for in a constructor or by what a search tries."""
    for name, value in parameters.items():
        if name.rpartition("__")[2] == "memory" and value is not None:
            raise InvalidInputError(
                f"The parameter {name}={value!r:.50} would keep pickles in files, and opening those runs code. Leave memory "
                "out."
            )


def _made(told: Any) -> Any:
    if isinstance(told, Mapping):
        if isinstance(told.get(_CLASS), str) and told.keys() <= {_CLASS, _PARAMETERS}:
            inside = told.get(_PARAMETERS, {})
            if not isinstance(inside, Mapping):
                raise InvalidInputError(
                    f"The parameters of {told[_CLASS]} are a mapping from names to values; received {inside!r:.50}."
                )
            return make_estimator(told[_CLASS], inside)
        _refuse_cache(told)
        return {key: _made(value) for key, value in told.items()}
    return [_made(value) for value in told] if isinstance(told, list | tuple) else told


def tell_estimator(estimator: Any) -> tuple[str, dict[str, Any]]:
    """The class name and those parameters that differ from the defaults, of which `make_estimator` makes it.

    Raises:
        InvalidInputError: it is none of scikit-learn, it was fitted, or JSON does not hold one of its parameters.
    """
    name = type(estimator).__name__
    if find_estimator(name) is not type(estimator):
        raise InvalidInputError(
            f"{estimator!r:.50} is no estimator of scikit-learn; expected such as Ridge(alpha=0.5)."
        )
    if any(attribute.endswith("_") and not attribute.startswith("_") for attribute in vars(estimator)):
        raise InvalidInputError(
            f"{estimator!r:.50} was fitted already, and a metamodel is fitted by render. Give sklearn.base.clone(it)."
        )
    usual = _defaults(type(estimator))
    changed = {
        key: _told(value) for key, value in estimator.get_params(deep=False).items() if not _same(value, usual.get(key))
    }
    try:
        kept: dict[str, Any] = json.loads(to_json_text(changed))
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{estimator!r:.80} has a parameter that cannot be kept: {error} A metamodel is kept as its class name and "
            "parameters that JSON holds."
        ) from error
    return name, kept


def _told(value: Any) -> Any:
    from sklearn.base import BaseEstimator

    if isinstance(value, BaseEstimator):
        name, parameters = tell_estimator(value)
        return {_CLASS: name, _PARAMETERS: parameters}
    if isinstance(value, Mapping):
        return {key: _told(own) for key, own in value.items()}
    return [_told(own) for own in value] if isinstance(value, list | tuple) else value


def _same(one: Any, other: Any) -> bool:
    try:
        return one is other or (type(one) is type(other) and bool(one == other))
    except ValueError:  # arrays
        return False
