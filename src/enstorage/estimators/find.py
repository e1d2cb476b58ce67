"""Classes by name: estimators of scikit-learn and of registered packages, kernels, and ways to split rows."""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.formats.fitted.check import SKOPS_TYPES

# Searched in this order before the list of all estimators is made, which imports all of scikit-learn.
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


def find(name: object) -> Any:
    """The class of that name.

    Raises:
        InvalidInputError: there is none; the message names those with a similar name.
        MissingLibraryError: scikit-learn is not installed.
    """
    found = _find(name) if isinstance(name, str) and not name.startswith("_") else None
    if found is None:
        close = get_close_matches(str(name), [*_forecasters(), *plugins.names(SKOPS_TYPES)], n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "Such are Ridge and RandomForestRegressor."
        raise InvalidInputError(
            f"scikit-learn has no estimator {name!r:.80}; expected the name of a class that sklearn.utils.all_estimators "
            f"lists, or one of {', '.join(plugins.names(SKOPS_TYPES))}. {hint}"
        )
    return found


@cache
def _find(name: str) -> Any:
    try:
        from sklearn.base import BaseEstimator
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "An estimator", extra="train") from error
    for place in _USUAL_PLACES:
        found = getattr(import_module(f"sklearn.{place}"), name, None)
        if isinstance(found, type) and issubclass(found, BaseEstimator):
            return found
    if name in plugins.names(SKOPS_TYPES):
        registered = plugins.load(SKOPS_TYPES, name)
        return registered if issubclass(registered, BaseEstimator) else None
    return _all_estimators().get(name) or _parts().get(name)


def is_part(value: object) -> bool:
    """True if a parameter is described by its class and parameters: an estimator, a kernel, or a way to split rows."""
    from sklearn.base import BaseEstimator
    from sklearn.gaussian_process.kernels import Kernel

    return isinstance(value, BaseEstimator | Kernel) or _parts().get(type(value).__name__) is type(value)


def defaults(kind: Any) -> dict[str, Any]:
    """The parameters of the constructor with their defaults; `Parameter.empty` where there is none."""
    parameters = signature(kind).parameters.items()
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return {name: parameter.default for name, parameter in parameters if parameter.kind not in variable}


@cache
def _all_estimators() -> dict[str, Any]:
    from sklearn.utils.discovery import all_estimators

    return dict(all_estimators())


@cache
def _forecasters() -> list[str]:
    from sklearn.utils.discovery import all_estimators

    return [name for name, _ in all_estimators(type_filter=["regressor", "classifier"])]


@cache
def _parts() -> dict[str, Any]:
    """Kernels of Gaussian processes, and ways to split rows, which are no estimators but parameters of some."""
    from sklearn import model_selection
    from sklearn.gaussian_process import kernels

    splits = {name for name in model_selection.__all__ if name.endswith(("Fold", "Split", "Out"))}
    kinds = {name: getattr(model_selection, name) for name in splits}
    kinds |= {
        name: kind
        for name, kind in vars(kernels).items()
        if isinstance(kind, type) and issubclass(kind, kernels.Kernel) and kind.__module__ == kernels.__name__
    }
    return {name: kind for name, kind in kinds.items() if not getattr(kind, "__abstractmethods__", None)}
