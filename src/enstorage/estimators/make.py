"""Make an estimator of its description; refuse parameters that name files, and bound the number of processes."""

import os
from collections.abc import Mapping
from inspect import Parameter
from typing import Any

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.estimators.describe import CLASS, FUNCTION, MAPPING, PARAMETERS, TUPLE
from enstorage.estimators.find import defaults, find, is_part
from enstorage.estimators.fitting import reason_of
from enstorage.formats.fitted.parameters import bounded_jobs, fault_of


def make(name: str, parameters: Mapping[str, Any], *, seed: int = 0, most_jobs: int | None = None) -> Any:
    """A fresh estimator, not fitted.

    Args:
        name: of its class.
        parameters: of its constructor, as `describe` gives them.
        seed: the `random_state` of the estimator and of all inside of it that have none; 0 <= seed < 2**32.
        most_jobs: limit of the processes or threads in `n_jobs`; by default the number of cores.

    Raises:
        InvalidInputError: there is no such class, it has no such parameter, it needs others, or a parameter is not allowed.
    """
    maker = _Maker(seed, most_jobs)
    try:
        return maker.make(name, parameters)
    except InvalidInputError:
        raise
    except (AttributeError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"{name} cannot be made with the parameters {parameters!r:.100}: {reason_of(error)} "
            "An estimator inside of another is {'estimator': 'Ridge', 'parameters': {…}}."
        ) from error


class _Maker:
    def __init__(self, seed: int, most_jobs: int | None) -> None:
        self._seed = seed
        cores = os.cpu_count() or 1
        self._most_jobs = cores if most_jobs is None else min(most_jobs, cores)

    def make(self, name: str, parameters: Mapping[str, Any]) -> Any:
        found = find(name)
        usual = defaults(found)
        if not isinstance(parameters, Mapping):
            raise InvalidInputError(
                f"The parameters of {name} are {parameters!r:.50}; expected a mapping from names to values."
            )
        if strange := sorted(map(str, parameters.keys() - usual.keys())):
            raise InvalidInputError(
                f"{name} has no parameter {', '.join(map(repr, strange))}. It takes: {', '.join(usual)}."
            )
        needed = {key for key, value in usual.items() if value is Parameter.empty}
        if missing := sorted(needed - parameters.keys()):
            raise InvalidInputError(
                f"{name} needs the parameter {', '.join(map(repr, missing))}. Give it with the name."
            )
        made = {key: self._named(key, value) for key, value in parameters.items()}
        for key, value in made.items():
            if isinstance(value, list) and isinstance(usual[key], tuple):  # JSON has no tuples
                made[key] = tuple(value)
        if "random_state" in usual and made.get("random_state") is None and _takes_seed(found, usual | made):
            made["random_state"] = self._seed
        return found(**made)

    def _named(self, key: str, value: Any) -> Any:
        """The value of a parameter, also of one that a search tries, such as `ridge__alpha`."""
        last = key.rpartition("__")[2]
        if (fault := fault_of(key, value)) is not None:
            raise InvalidInputError(fault)
        if last == "n_jobs":
            return [self._jobs(each) for each in value] if isinstance(value, list) else self._jobs(value)
        return self._value(value)

    def _jobs(self, value: Any) -> Any:
        return bounded_jobs(value, self._most_jobs) if type(value) is int else value

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            inside = [self._value(each) for each in value]
            is_step = len(inside) > 1 and isinstance(inside[0], str) and any(map(is_part, inside))
            return tuple(inside) if is_step or isinstance(value, tuple) else inside
        return value

    def _mapping(self, value: Mapping[str, Any]) -> Any:
        keys = set(value)
        if isinstance(value.get(CLASS), str) and keys <= {CLASS, PARAMETERS}:
            return self.make(value[CLASS], value.get(PARAMETERS, {}))
        if keys == {TUPLE} and isinstance(value[TUPLE], list):
            return tuple(self._value(each) for each in value[TUPLE])
        if keys == {MAPPING} and isinstance(value[MAPPING], list):
            return {self._value(key): self._value(own) for key, own in value[MAPPING]}
        if keys == {FUNCTION} and isinstance(value[FUNCTION], str):
            return _ufunc(value[FUNCTION])
        return {key: self._named(key, own) if isinstance(key, str) else self._value(own) for key, own in value.items()}


def _takes_seed(kind: Any, parameters: Mapping[str, Any]) -> bool:
    """True if it is random: a way to split rows that does not shuffle refuses a seed."""
    return hasattr(kind, "get_params") or bool(parameters.get("shuffle", True))


def _ufunc(name: str) -> np.ufunc:
    found = getattr(np, name, None)
    if not isinstance(found, np.ufunc):
        raise InvalidInputError(f"NumPy has no ufunc {name!r:.50}; expected such as 'log1p'.")
    return found
