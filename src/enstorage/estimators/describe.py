"""An estimator as JSON: the name of its class, and the parameters that differ from the defaults.

Beside plain values a description holds:

- an estimator inside of another, a kernel, a way to split rows: `{"estimator": name, "parameters": {…}}`;
- a tuple that is not the value of a parameter whose default is one: `{"tuple": […]}`;
- a mapping whose keys are no texts, such as weights of classes: `{"mapping": [[key, value], …]}`;
- a function of NumPy that works element by element: `{"function": "log1p"}`.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from enstorage.database.types import to_json_text
from enstorage.errors import InvalidInputError
from enstorage.estimators.find import defaults, find, is_part

CLASS, PARAMETERS, TUPLE, MAPPING, FUNCTION = "estimator", "parameters", "tuple", "mapping", "function"


def describe(estimator: object) -> tuple[str, dict[str, Any]]:
    """The name of the class and the parameters that differ from the defaults; `make` makes the estimator of them.

    Raises:
        InvalidInputError: it is no estimator of scikit-learn or of a registered package, it was fitted, or a parameter has
            no description.
    """
    kind = type(estimator)
    if isinstance(estimator, type) or not is_part(estimator) or not _is_found(kind):
        raise InvalidInputError(
            f"{estimator!r:.60} is no estimator of scikit-learn; expected one that was not fitted, such as "
            "Ridge(alpha=0.5), or the name of its class. Another object is kept with model.save_object."
        )
    if any(name.endswith("_") and not name.startswith("_") for name in vars(estimator)):
        raise InvalidInputError(
            f"{estimator!r:.60} was fitted already; expected an estimator that was not. Give sklearn.base.clone(estimator). "
            "To keep it as it is, use model.save_object(estimator)."
        )
    usual = defaults(kind)
    values = {name: _parameter(estimator, name) for name in usual}
    changed = {name: value for name, value in values.items() if not _is_same(value, usual[name])}
    return kind.__name__, plain_parameters(kind.__name__, changed)


def plain_parameters(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a description holds them.

    Args:
        name: of the class.
        parameters: by name; values may be estimators, tuples, or numbers and arrays of NumPy.

    Raises:
        InvalidInputError: a value has no description.
    """
    usual = defaults(find(name))
    described = {}
    for key, value in parameters.items():
        is_usual_tuple = isinstance(value, tuple) and isinstance(usual.get(key), tuple)
        try:
            described[key] = json.loads(to_json_text(_plain(list(value) if is_usual_tuple else value)))
        except InvalidInputError:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInputError(
                f"The parameter {key} of {name} has no description: {error or 'it contains itself.'}"
            ) from error
    return described


def _is_found(kind: type) -> bool:
    try:
        return find(kind.__name__) is kind
    except InvalidInputError:
        return False


def _parameter(part: object, name: str) -> Any:
    try:
        return getattr(part, name)
    except AttributeError as error:
        raise InvalidInputError(
            f"{part!r:.60} does not show its parameter {name}, so it cannot be described. Take another one for it."
        ) from error


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one return for each kind of value
    if isinstance(value, bool | int | float | str | None):
        return value.item() if isinstance(value, np.generic) else value  # np.float64 is a float, np.str_ a text
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, tuple):
        # A step with its name is a list, as it always was.
        inside = [_plain(each) for each in value]
        return inside if any(map(is_part, value)) else {TUPLE: inside}
    if isinstance(value, np.ufunc):
        name = str(value).split("'")[1]  # "<ufunc 'log1p'>"
        if getattr(np, name, None) is value:
            return {FUNCTION: name}
    if hasattr(value, "to_json") and not isinstance(value, type):
        return _plain(value.to_json())
    if is_part(value):
        name, parameters = describe(value)
        return {CLASS: name, PARAMETERS: parameters}
    raise TypeError(_why_not(value))


def _plain_mapping(value: Mapping[Any, Any]) -> Any:
    if all(type(key) is str for key in value):
        plain = {key: _plain(own) for key, own in value.items()}
        if plain.get("name") == CLASS and plain.keys() == {"name", CLASS, PARAMETERS}:  # a specification of a network
            del plain["name"]
        return plain
    return {MAPPING: [[_plain(key), _plain(own)] for key, own in value.items()]}


def _why_not(value: object) -> str:
    what = f"{value!r:.60} is a {type(value).__name__}"
    if callable(value):
        return f"{what}, which is code. Expected a value, an estimator, or a ufunc of NumPy such as np.log1p."
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return f"{what}; expected an integer as seed, such as random_state=0."
    return f"{what}; expected a number, text, list, tuple, dictionary, array of numbers, or an estimator."


def _is_same(one: Any, other: Any) -> bool:
    try:
        return one is other or (type(one) is type(other) and bool(one == other))
    except ValueError:  # arrays
        return False
