"""`Method`: a way to combine the forecasts of members.

A method is one file with one class, and one line under `[project.entry-points."enstorage.methods"]`.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from enstorage.database.types import to_json_text
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import Described

Floats = NDArray[np.float64]

#: The parameter that holds those of the metamodel.
METAMODEL = "metamodel"


@dataclass(frozen=True, slots=True)
class Rows:
    """Targets that are to be forecast together: all that a method may see of them.

    Attributes:
        forecasts: of the members, in the units of the source, shape (rows, members), those of a member next to each other
            in memory: sums of products in another order would have other last bits.
        step: step ahead of each target, from 1, shape (rows,); None where all are of step 1. Where members forecast
            classes, those of a sample follow each other as steps; of two classes there may be one, the second.
        window: the prepared values before each target, oldest first, or the inputs of a sample that comes from no series,
            shape (rows, lag); None unless the method asked for them by `window_lag`.
    """

    forecasts: Floats
    step: NDArray[np.int32] | None = None
    window: Floats | None = None

    def __post_init__(self) -> None:
        kept = np.asfortranarray(self.forecasts).view()
        kept.flags.writeable = False  # the same memory is what the ensemble keeps of its members
        object.__setattr__(self, "forecasts", kept)

    def only(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Some of the targets."""
        return Rows(
            self.forecasts[chosen],
            None if self.step is None else self.step[chosen],
            None if self.window is None else self.window[chosen],
        )


@dataclass(frozen=True, slots=True)
class Fitting:
    """All data that a method is fitted on; test rows are excluded.

    Attributes:
        rows: the rows to fit on.
        truth: the true values, in the units of the source, shape (rows,).
        metamodel: a fresh estimator, to be fitted in place; None for a method that has none.
        quantiles: quantile forecasts of the members for the same rows, by level, each of shape (rows, members).
    """

    rows: Rows
    truth: Floats
    metamodel: Any = None
    quantiles: Mapping[float, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Combination:
    """A fitted way to combine members.

    Attributes:
        predict: from rows to the combined forecast (rows,).
        weights: one for each member, shape (members,); None where members are not combined by weights that stay the same.
        intercept: constant added to the weighted sum; None for no constant.
        step_weights: weights by step, each of shape (members,), where they differ by step.
        row_weights: from rows to weights (rows, members), where they differ by row.
        predict_quantile: from rows, with the members' forecasts of a quantile, and its level to the combined one (rows,);
            None where a quantile is combined as the point forecast is, if the method says that it `combines_quantiles`.
        quantile_weights: weights by level and step, each of shape (members,), where they differ by level.
        facts: description of the fit, as JSON; kept in the ensemble's `result["fit"]`.
    """

    predict: Callable[[Rows], Floats]
    weights: Floats | None = None
    intercept: float | None = None
    step_weights: Mapping[int, Floats] | None = None
    row_weights: Callable[[Rows], Floats] | None = None
    predict_quantile: Callable[[Rows, float], Floats] | None = None
    quantile_weights: Mapping[float, Mapping[int, Floats]] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Method(Described, ABC):
    """A way to combine the forecasts of members.

    A subclass that takes parameters is a frozen dataclass with a field for each, and checks them in `__post_init__`. They
    are stored with the ensemble, complete with their defaults.
    """

    #: The registered name.
    name: ClassVar[str]
    #: True if it fits a metamodel. It then takes the parameter `metamodel`, a mapping, besides its own.
    has_metamodel: ClassVar[bool] = False
    #: True if anything is fitted to the truth; a method that fits nothing cannot leak.
    fits: ClassVar[bool] = True
    #: Rows to fit on by default; None: the valid part if there is one, else the train part.
    fit_on: ClassVar[str | None] = None
    #: True if the same combination is valid for each quantile: if weights are at least 0 and sum to 1.
    combines_quantiles: ClassVar[bool] = False

    @classmethod
    def check(
        cls, metamodel: object, parameters: Mapping[str, Any], members: Sequence[str], classes: int | None = None
    ) -> tuple[str | None, dict[str, Any]]:
        """Refuse what the method cannot use, before anything is stored.

        Args:
            metamodel: class name of an estimator, or one that was not fitted.
            parameters: as given.
            members: names of the members.
            classes: number of classes whose probabilities they forecast; None where they forecast values.

        Returns:
            The class name of the metamodel, and a value for each parameter, as they are kept.

        Raises:
            InvalidInputError: no metamodel is given where one is needed, one is given where none is used, it is not known
                or cannot be fitted, or a parameter is unknown or wrong.
        """
        method, of_metamodel = cls.with_parameters(parameters)
        method = method.for_members(members)
        if not cls.has_metamodel:
            if metamodel is not None:
                raise InvalidInputError(
                    f"The method {cls.name!r} has no metamodel; received {metamodel!r:.80}. Leave it out."
                )
            return None, method.to_json()
        from endirector.methods.metamodel import check_metamodel

        name, of_metamodel = check_metamodel(metamodel, of_metamodel, classes)
        return name, {**method.to_json(), METAMODEL: of_metamodel}

    @classmethod
    def with_parameters(cls, given: object) -> tuple[Self, dict[str, Any]]:
        """The method with the parameters of an ensemble, and those of its metamodel.

        Args:
            given: a mapping from names to values that JSON can hold; what is left out takes its default, also where the
                ensemble was made before the method had it.

        Raises:
            InvalidInputError: no mapping, an unknown name, a wrong value or one that has no JSON form.
        """
        if not isinstance(given, Mapping):
            raise InvalidInputError(
                f"parameters are a mapping from names to values, such as {{'average': 'median'}}; received {given!r:.80}."
            )
        known = [*cls._stored(), *([METAMODEL] if cls.has_metamodel else [])]
        for name in given:
            if name not in known:
                raise InvalidInputError(
                    f"The method {cls.name!r} has no parameter {name!r}; known are: {', '.join(known) or 'none'}."
                )
        values = json.loads(to_json_text(dict(given)))
        of_metamodel = values.pop(METAMODEL, {})
        if not isinstance(of_metamodel, dict):
            raise InvalidInputError(
                f"The parameter {METAMODEL!r} of {cls.name!r} is a mapping from parameters of the metamodel to values; "
                f"received {of_metamodel!r:.80}."
            )
        return cls.from_json(values), of_metamodel

    def for_members(self, members: Sequence[str]) -> Self:  # noqa: ARG002 - for subclasses
        """The method with its parameters in the form in which they are kept for these members.

        Raises:
            InvalidInputError: they do not go with the members.
        """
        return self

    def of_members(self, chosen: Sequence[int]) -> Self:  # noqa: ARG002 - for subclasses
        """The method for some of the members, by their places."""
        return self

    @property
    def is_fitted(self) -> bool:
        """True where anything is fitted to the truth with these parameters."""
        return self.fits

    @property
    def fits_quantiles(self) -> bool:
        """True where forecasts of quantiles are fitted on, each by itself."""
        return False

    def window_lag(self, longest: int | None) -> int | None:  # noqa: ARG002 - for subclasses
        """The number of prepared values before the target that the method sees in `Rows.window`; None for none.

        Args:
            longest: the longest lag of the members; None where it is not known.
        """
        return None

    def restore(self, metamodel: Any) -> Combination:
        """The combination of a metamodel that was fitted before.

        Raises:
            InvalidInputError: the method has none.
        """
        raise InvalidInputError(f"The method {self.name!r} has no metamodel; received {metamodel!r:.80}.")

    def recall(self, facts: Mapping[str, Any]) -> Combination | None:  # noqa: ARG002 - for those of subclasses
        """The combination with these `Combination.facts`, if they describe it fully; None if it must be fitted again."""
        return None

    @abstractmethod
    def fit(self, given: Fitting) -> Combination:
        """Fit on the rows given, and on nothing else."""
