"""The recipe of a combination: method, parameters, metamodel, and the rows to fit on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.combination.evidence import Evidence
from endirector.methods.base import Combination, Fitting, Method
from endirector.methods.metamodel import make_metamodel
from enstorage import Ensemble, plugins
from enstorage.entity.ensemble import METHODS
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.preparation.split import PARTS


@dataclass(frozen=True, slots=True)
class CombinationRecipe:
    """How members are combined.

    Attributes:
        method: the way to combine.
        parameters: a value for each parameter of the method.
        metamodel: class name of the estimator; None for a method without.
        fit_on: the rows to fit on: `train`, `valid` or `out_of_fold`; None leaves that to the method.
    """

    method: Method
    parameters: Mapping[str, Any]
    metamodel: str | None = None
    fit_on: str | None = None

    @property
    def wants_out_of_fold(self) -> bool:
        """Whether it is fitted on out-of-fold forecasts."""
        return self._fits and (self.fit_on or self.method.fit_on) == OUT_OF_FOLD

    @property
    def _fits(self) -> bool:
        return self.method.fits_with(self.parameters)

    def of_members(self, chosen: Sequence[int]) -> "CombinationRecipe":
        """The same for some of the members, by their places: weights that were given keep their proportions."""
        return replace(self, parameters=self.method.of_members(self.parameters, chosen))

    def resolved_fit_on(self, part: NDArray[np.int8]) -> str | None:
        """The rows to fit on where targets are of these parts; None where nothing is fitted."""
        if not self._fits:
            return None
        usual = "valid" if (part == PARTS.index("valid")).any() else "train"
        return self.fit_on or self.method.fit_on or usual

    def fit(self, evidence: Evidence) -> "tuple[Combination, Any]":
        """The combination fitted on all of these targets, and the metamodel."""
        metamodel = None if self.metamodel is None else make_metamodel(self.metamodel, self.parameters.get("metamodel"))
        given = Fitting(evidence.rows, evidence.truth, self.parameters, metamodel, evidence.quantiles)
        return self.method.fit(given), metamodel


def recipe_of(ensemble: Ensemble) -> CombinationRecipe:
    """The recipe of an ensemble.

    Raises:
        InvalidInputError: its method is not installed.
    """
    method = plugins.load(METHODS, ensemble.method, "method")()
    return CombinationRecipe(method, method.with_defaults(ensemble.parameters), ensemble.metamodel, ensemble.fit_on)


def asked_recipe(
    method: str,
    metamodel: object,
    parameters: Mapping[str, Any],
    names: Sequence[str],
    classes: int | None,
    fit_on: str | None = None,
) -> CombinationRecipe:
    """The recipe for arguments of `Project.create_ensemble`, which are checked as there.

    Raises:
        InvalidInputError: see `Method.check`, or the method is unknown.
    """
    kind = plugins.load(METHODS, method, "method")
    name, checked = kind.check(metamodel, parameters, names, classes)
    return CombinationRecipe(kind(), checked, name, fit_on)
