"""scikit-learn's estimators as specifications."""

import inspect
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage import plugins
from enstorage.errors import InvalidInputError
from entrainer.networks.specification import Specification

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

_OURS = ("BackPropagation", "ThresholdNetwork", "WidrowHoff")


@dataclass(frozen=True)
class Estimator(Specification):
    """A regressor or classifier of scikit-learn, or a classical network of this package, by name.

    Attributes:
        estimator: The name of the class, such as `RandomForestRegressor`.
        parameters: What its constructor takes, as JSON values.
    """

    name: ClassVar[str] = "estimator"

    estimator: str
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.parameters, Mapping):
            raise InvalidInputError(
                f"Estimator's parameters are {self.parameters!r:.80}; expected a dictionary such as {{'max_depth': 3}}."
            )
        try:
            # A copy that is as it will be when it comes back from the store.
            object.__setattr__(self, "parameters", json.loads(json.dumps(dict(self.parameters))))
        except (TypeError, ValueError) as error:
            raise InvalidInputError(
                f"Estimator's parameters for {self.estimator} cannot be stored as JSON: {error}. Give numbers, texts, lists."
            ) from error
        self._check_parameters()

    def make(self, seed: int) -> "BaseEstimator":
        """Makes the estimator, unfitted.

        Args:
            seed: Becomes `random_state` where the estimator has one and the parameters give none; 0 <= seed < 2**32.
        """
        estimator = _find(self.estimator)(**self.parameters)
        if self.parameters.get("random_state") is None and "random_state" in estimator.get_params():
            estimator.set_params(random_state=seed)
        return estimator

    def _check_parameters(self) -> None:
        known = inspect.signature(_find(self.estimator)).parameters
        if unknown := sorted(set(self.parameters) - set(known)):
            raise InvalidInputError(
                f"{self.estimator} has no parameter {', '.join(map(repr, unknown))}. It takes: {', '.join(known)}."
            )
        needed = {name for name, parameter in known.items() if parameter.default is parameter.empty}
        if missing := sorted(needed - set(self.parameters)):
            raise InvalidInputError(f"{self.estimator} needs the parameter {', '.join(map(repr, missing))}. Give it.")


def _find(name: str) -> Any:
    kinds = _estimators()
    if not isinstance(name, str) or name not in kinds:
        close = get_close_matches(str(name), kinds, n=3)
        hint = f"Did you mean {' or '.join(close)}? " if close else ""
        raise InvalidInputError(
            f"scikit-learn has no regressor or classifier {name!r}. {hint}Known are the {len(kinds)} of "
            f"sklearn.utils.all_estimators, such as Ridge, and {', '.join(_OURS)}."
        )
    return kinds[name]


@cache
def _estimators() -> dict[str, Any]:
    try:
        from sklearn.utils import all_estimators
    except ImportError as error:
        raise plugins.missing(error, "An Estimator", extra="train") from error
    from entrainer.networks import classic

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecated modules that are looked into
        found = dict(all_estimators(type_filter=["regressor", "classifier"]))
    return found | {name: getattr(classic, name) for name in _OURS}
