"""The recipe of a combination: method, parameters, metamodel, and the rows to fit on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.combination.evidence import Evidence
from endirector.combination.nearest_step import with_nearest_step
from endirector.methods.base import METAMODEL, Combination, Fitting, Method
from endirector.methods.metamodel import make_metamodel
from enstorage import Ensemble, plugins
from enstorage.entity.ensemble_columns import METHODS
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.trained_object import most_jobs
from enstorage.preparation.split import Part


@dataclass(frozen=True, slots=True)
class CombinationRecipe:
    """Configuration of a combination of members.

    Attributes:
        method: the way to combine, with its parameters.
        metamodel: class name of the estimator; None for a method without.
        metamodel_parameters: of its constructor, by name.
        fit_on: the rows to fit on: `train`, `valid` or `out_of_fold`; None leaves that to the method.
        most_jobs: largest number of processes for the estimator; None for the number of cores.
    """

    method: Method
    metamodel: str | None = None
    metamodel_parameters: Mapping[str, Any] = field(default_factory=dict)
    fit_on: str | None = None
    most_jobs: int | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """A value for each parameter, as an ensemble keeps them."""
        of_metamodel = {METAMODEL: dict(self.metamodel_parameters)} if self.method.has_metamodel else {}
        return self.method.to_json() | of_metamodel

    @property
    def wants_out_of_fold(self) -> bool:
        """True where it is fitted on out-of-fold forecasts."""
        return self.method.is_fitted and (self.fit_on or self.method.fit_on) == OUT_OF_FOLD

    def of_members(self, chosen: Sequence[int]) -> "CombinationRecipe":
        """The same for some of the members, by their places: weights that were given keep their proportions."""
        return replace(self, method=self.method.of_members(chosen))

    def resolved_fit_on(self, part: NDArray[np.int8]) -> str | None:
        """The rows to fit on where targets are of these parts; None where nothing is fitted."""
        if not self.method.is_fitted:
            return None
        usual = Part.VALID.label if (part == Part.VALID).any() else Part.TRAIN.label
        return self.fit_on or self.method.fit_on or usual

    def fit(self, evidence: Evidence) -> "tuple[Combination, Any]":
        """The combination fitted on all of these targets, and the metamodel.

        Steps that none of them has are combined as the nearest step that some have.
        """
        metamodel = None
        if self.metamodel is not None:
            metamodel = make_metamodel(self.metamodel, self.metamodel_parameters, self.most_jobs)
        given = Fitting(evidence.rows, evidence.truth, metamodel, evidence.quantiles)
        return with_nearest_step(self.method.fit(given), evidence.rows.step), metamodel


def recipe_of(ensemble: Ensemble) -> CombinationRecipe:
    """The recipe of an ensemble.

    Raises:
        InvalidInputError: its method is not installed.
    """
    kind: type[Method] = plugins.load(METHODS, ensemble.method)
    method, of_metamodel = kind.with_parameters(ensemble.parameters or {})
    jobs = None if ensemble.metamodel is None else most_jobs(ensemble)
    return CombinationRecipe(method, ensemble.metamodel, of_metamodel, ensemble.fit_on, jobs)


def checked_recipe(
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
    kind: type[Method] = plugins.load(METHODS, method)
    name, checked = kind.check(metamodel, parameters, names, classes)
    own, of_metamodel = kind.with_parameters(checked)
    return CombinationRecipe(own, name, of_metamodel, fit_on)
