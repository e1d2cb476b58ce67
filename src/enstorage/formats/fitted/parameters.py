"""Parameters of estimators: no folders for pickles, no files, no code, not more processes than cores."""

import os
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from enstorage.formats.fitted.walking import inside

_PRE_DISPATCH = re.compile(r"all|(\d{1,3} ?\* ?)?n_jobs")
_JOBS = ("n_jobs", "_n_threads")


def fault_of(name: str, value: Any) -> str | None:
    """The reason why a parameter of an estimator is not allowed, as a sentence with the remedy; None where it is.

    Args:
        name: of the parameter; in a search with those of the estimators before it, such as `pipeline__memory`.
        value: of the parameter, or a list of values that a search tries.
    """
    last = name.rpartition("__")[2]
    if last == "memory" and value is not None:
        return f"The parameter {name}={value!r:.50} would keep pickles in files, and opening those runs code. Leave it out."
    if last == "input" and isinstance(value, str) and value in ("file", "filename"):
        return f"The parameter {name}={value!r} would read files; expected 'content'."
    if last == "pre_dispatch" and not (
        type(value) is int or (isinstance(value, str) and _PRE_DISPATCH.fullmatch(value))
    ):
        return f"The parameter {name}={value!r:.50} is evaluated as code; expected an integer, 'all' or '2*n_jobs'."
    return None


def fault_of_parameters(obj: Any) -> str | None:
    """The parameter of an object that is not allowed, code in it, or an attribute in place of a method; None without one."""
    for each in inside(obj):
        held: Mapping[Any, Any] = each if isinstance(each, Mapping) else getattr(each, "__dict__", {})
        if isinstance(each, type):
            if not issubclass(each, np.generic | bool | int | float | str):
                return f"It holds the class {each.__qualname__}; expected values."
            continue
        if callable(each) and not isinstance(each, np.ufunc) and not hasattr(each, "__dict__"):
            return f"It holds {each!r:.60}, which is code; expected values."
        for name, value in held.items():
            fault = fault_of(name, value) if isinstance(name, str) else None
            if fault is None and held is not each and callable(getattr(type(each), name, None)):
                fault = f"The attribute {name} of {type(each).__name__} stands in place of a method."
            if fault is not None:
                return fault
    return None


def bound_jobs(obj: Any, most: int | None = None) -> None:
    """Limit the processes and threads that an object from a file asks for.

    Args:
        obj: an estimator, which is changed.
        most: largest number; by default the number of cores.
    """
    cores = os.cpu_count() or 1
    limit = cores if most is None else min(most, cores)
    for each in inside(obj):
        held = each if isinstance(each, MutableMapping) else getattr(each, "__dict__", None)
        for name in list(held or ()) if not isinstance(each, type) else ():
            if isinstance(name, str) and name.rpartition("__")[2] in _JOBS:
                held[name] = _bounded(held[name], limit)  # type: ignore[index] # it has this key


def _bounded(value: Any, limit: int) -> Any:
    if isinstance(value, list):
        return [_bounded(each, limit) for each in value]
    return bounded_jobs(int(value), limit) if isinstance(value, int | np.integer) else value


def bounded_jobs(value: int, limit: int) -> int:
    """A number of processes as scikit-learn takes it, where below 0 is counted from the number of cores, within a limit."""
    return min(value, limit) if value > 0 or limit > 1 else 1
