"""Refuse estimators from files whose parts disagree: compiled code would read and write beyond its memory."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from enstorage import plugins
from enstorage.errors import UntrustedError
from enstorage.formats.fitted.agreement import AGREEMENT
from enstorage.formats.fitted.families import LAYOUTS
from enstorage.formats.fitted.layouts import fault_in
from enstorage.formats.fitted.parameters import fault_of_parameters
from enstorage.formats.fitted.trees import fault_of_trees
from enstorage.formats.fitted.walking import inside, owners
from enstorage.plugins import Kind

SKOPS_TYPES = Kind("enstorage.skops_types", "class")
"""Entry points of classes that a package keeps by skops: in Python alone, holding numbers, texts and each other."""

INSTEAD = (
    "Use another estimator, keep its forecasts with save_forecasts, or, if you alone write to this store, open it with "
    "Connector(allow_pickle=True)."
)
"""What to do about an estimator that cannot be opened as data."""

_STATE_LENGTH = 624  # of the Mersenne twister


def check_fitted(obj: Any) -> None:
    """Check the parameters and all fitted attributes of an estimator from a file, and of those inside of it.

    Raises:
        UntrustedError: a parameter is not allowed, or there is a fault as `fault_of_fitted` names it.
    """
    fault = _found_by(fault_of_parameters, obj)
    if fault is not None:
        raise UntrustedError(f"The estimator cannot be opened as data. {fault} {INSTEAD}")
    fault = _found_by(fault_of_fitted, obj)
    if fault is not None:
        raise UntrustedError(
            f"{fault} Using the object could read or write foreign memory. The file was damaged or made on purpose, or the "
            "estimator is of a kind that cannot be checked: do not use it. Train the model again, or with another estimator."
        )


def _found_by(check: Callable[[Any], str | None], obj: Any) -> str | None:
    """The fault that a check finds; one too where it cannot read the estimator, as without one of its parameters."""
    try:
        return check(obj)
    except Exception as error:  # noqa: BLE001 - scikit-learn asks its own attributes, which may be lacking or of any kind
        return f"A {type(obj).__name__} lacks attributes, or has some of another kind ({type(error).__name__})."


def fault_of_fitted(obj: Any) -> str | None:
    """The fault in the fitted attributes of an estimator, or of one inside of it; None without one.

    Attributes disagree with each other, an index points outside of what it is for, a value is no finite number where one is
    needed, or there is an estimator that cannot be checked.
    """
    fault = fault_of_trees(obj) or _fault_of_arrays(obj)
    # The innermost first: what holds an estimator may ask it.
    return fault or next(filter(None, map(_fault_of, reversed(list(owners(obj))))), None)


def _fault_of(owner: Any) -> str | None:
    base = sys.modules.get("sklearn.base")
    kind = type(owner)
    if base is None or not isinstance(owner, base.BaseEstimator) or not _is_fitted(owner):
        return None
    if f"{kind.__module__}:{kind.__qualname__}" in plugins.places(SKOPS_TYPES):
        return None
    layouts = LAYOUTS.get(kind.__name__)
    if layouts is None:
        return f"The fitted attributes of a {kind.__name__} cannot be checked."
    fault = None
    try:
        with np.errstate(all="ignore"):
            fault = fault_in(vars(owner), layouts)
            sound = fault is None and AGREEMENT.get(kind.__name__, lambda _: True)(owner)
    except Exception:  # noqa: BLE001 - attributes of any kind may stand where arrays belong
        sound = False
    if sound:
        return None
    return f"The {kind.__name__} is not sound: {fault or 'its fitted attributes disagree with each other'}."


def _is_fitted(owner: Any) -> bool:
    given = owner.get_params(deep=False).keys()
    return any(
        (name.endswith("_") or name == "n_features_in_") and not name.startswith("__")
        for name in vars(owner).keys() - given
    )


def _fault_of_arrays(obj: Any) -> str | None:
    for each in inside(obj):
        if isinstance(each, np.random.RandomState):
            state: Any = each.get_state(legacy=False)
            own = state["state"]
            if len(own.get("key", ())) != _STATE_LENGTH or not 0 <= own["pos"] <= _STATE_LENGTH:
                return "A random generator has a state that does not exist."
        elif hasattr(each, "tocsr"):
            try:
                each.check_format(full_check=True)
            except (AttributeError, ValueError):
                return "A sparse array has indices outside of its shape."
    return None
