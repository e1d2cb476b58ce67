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

#: Name of the parameter that holds the parameters of the metamodel.
METAMODEL = "metamodel"


@dataclass(frozen=True, slots=True)
class TargetTimes:
    """The series and the times of targets, for methods whose weights differ by series or time; each of shape (rows,).

    Attributes:
        series: id of the data source.
        time: int64 ns, of the target itself.
        origin: int64 ns, the latest time of the series whose true value was known when the target was forecast.
    """

    series: NDArray[np.int64]
    time: NDArray[np.int64]
    origin: NDArray[np.int64]

    @classmethod
    def ahead(cls, series: int, rows: int) -> "TargetTimes":
        """Targets of one series that are forecast after everything that a method was fitted on."""
        latest = np.full(rows, np.iinfo(np.int64).max)
        return cls(np.full(rows, series, dtype=np.int64), latest, latest)

    def only(self, chosen: NDArray[np.bool_]) -> "TargetTimes":
        """Select targets by a mask, shape (rows,)."""
        return TargetTimes(self.series[chosen], self.time[chosen], self.origin[chosen])


@dataclass(frozen=True, slots=True)
class Rows:
    """The input of a method: one row for each target. A method sees nothing else of the targets.

    Attributes:
        forecasts: of the members, in the units of the source, shape (rows, members), stored column by column: another
            memory order could change the last bits of sums.
        step: step ahead of each target, from 1, shape (rows,); None if every target has step 1. For classes,
            consecutive rows hold the classes of one sample, and the step is the number of the class from 1; for two
            classes there may be one row, the second class.
        window: the prepared values before each target, oldest first, or the inputs of a sample that is not from a
            series, shape (rows, lag); None unless `window_lag` of the method requests them.
        features: of the series of each row, from what was known at its origin, shape (rows, features), see
            `endirector.members.series_features`; NaN in rows whose series is not known to the store; None unless the method
            `sees_features`.
        targets: series and times; None if they are not known: the rows are then of one series, in the order of time, and
            each was forecast when all rows before it were known.
    """

    forecasts: Floats
    step: NDArray[np.int32] | None = None
    window: Floats | None = None
    targets: TargetTimes | None = None
    features: Floats | None = None

    def __post_init__(self) -> None:
        kept = np.asfortranarray(self.forecasts).view()
        kept.flags.writeable = False  # the ensemble stores its members' forecasts from this memory
        object.__setattr__(self, "forecasts", kept)

    def only(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Select rows by a mask, shape (rows,)."""
        return Rows(
            self.forecasts[chosen],
            None if self.step is None else self.step[chosen],
            None if self.window is None else self.window[chosen],
            None if self.targets is None else self.targets.only(chosen),
            None if self.features is None else self.features[chosen],
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
        predict: function from rows to the combined forecast, shape (rows,).
        weights: one for each member, shape (members,); None if there are no weights, or if they differ by step or row.
            If they differ by time only, those that are used after all fitted rows.
        intercept: constant added to the weighted sum; None for no constant.
        step_weights: weights by step, each of shape (members,), if they differ by step.
        row_weights: function from rows to weights, shape (rows, members), if they differ by row.
        predict_quantile: function from rows, with the members' forecasts of one quantile, and its level to the combined
            quantile, shape (rows,). If it is None, `predict` combines quantiles too, provided the method
            `combines_quantiles`.
        quantile_weights: weights by level and step, each of shape (members,), if they differ by level.
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
    #: True if the method fits anything to the truth; a method that fits nothing cannot leak.
    fits: ClassVar[bool] = True
    #: Rows to fit on by default; None: the valid part if there is one, else the train part.
    fit_on: ClassVar[str | None] = None
    #: True if it uses `Rows.features`.
    sees_features: ClassVar[bool] = False
    #: True if quantiles may be combined as the point forecast is: if weights are at least 0 and sum to 1.
    combines_quantiles: ClassVar[bool] = False

    @classmethod
    def check(
        cls, metamodel: object, parameters: Mapping[str, Any], members: Sequence[str], classes: int | None = None
    ) -> tuple[str | None, dict[str, Any]]:
        """Check the metamodel and the parameters, before the ensemble is stored.

        Args:
            metamodel: class name of an estimator, or an unfitted estimator; None for none.
            parameters: parameters of the method, by name.
            members: names of the members.
            classes: number of classes whose probabilities the members forecast; None if they forecast values.

        Returns:
            The class name of the metamodel, and the complete parameters, both as they are stored.

        Raises:
            InvalidInputError: the metamodel is missing, not used by the method, unknown, or cannot be fitted; or a
                parameter is unknown or invalid.
        """
        method, metamodel_parameters = cls.with_parameters(parameters)
        method = method.for_members(members)
        if not cls.has_metamodel:
            if metamodel is not None:
                raise InvalidInputError(
                    f"The method {cls.name!r} has no metamodel; received {metamodel!r:.80}. Leave it out."
                )
            return None, method.to_json()
        from endirector.methods.metamodel import check_metamodel

        name, metamodel_parameters = check_metamodel(metamodel, metamodel_parameters, classes)
        return name, {**method.to_json(), METAMODEL: metamodel_parameters}

    @classmethod
    def with_parameters(cls, given: object) -> tuple[Self, dict[str, Any]]:
        """Make the method from the parameters of an ensemble; also return those of its metamodel.

        Args:
            given: a mapping from names to values that JSON can hold. A missing parameter takes its default; so
                ensembles that were stored before the method had the parameter can still be read.

        Raises:
            InvalidInputError: not a mapping, an unknown name, an invalid value, or a value that has no JSON form.
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
        metamodel_parameters = values.pop(METAMODEL, {})
        if not isinstance(metamodel_parameters, dict):
            raise InvalidInputError(
                f"The parameter {METAMODEL!r} of {cls.name!r} is a mapping from parameters of the metamodel to values; "
                f"received {metamodel_parameters!r:.80}."
            )
        return cls.from_json(values), metamodel_parameters

    def for_members(self, members: Sequence[str]) -> Self:  # noqa: ARG002 - for subclasses
        """Return the method with its parameters in the form in which they are stored for these members.

        Raises:
            InvalidInputError: the parameters do not match the members.
        """
        return self

    def of_members(self, chosen: Sequence[int]) -> Self:  # noqa: ARG002 - for subclasses
        """Return the method for some of the members, given by their positions."""
        return self

    @property
    def is_fitted(self) -> bool:
        """True if the method, with these parameters, fits anything to the truth."""
        return self.fits

    @property
    def fits_quantiles(self) -> bool:
        """True if the method fits the forecasts of each quantile separately."""
        return False

    def window_lag(self, longest: int | None) -> int | None:  # noqa: ARG002 - for subclasses
        """The number of prepared values before the target that the method uses from `Rows.window`; None for none.

        Args:
            longest: the longest lag of the members; None if it is not known.
        """
        return None

    def restore(self, metamodel: Any) -> Combination:
        """Make the combination from a fitted metamodel.

        Raises:
            InvalidInputError: the method has no metamodel.
        """
        raise InvalidInputError(f"The method {self.name!r} has no metamodel; received {metamodel!r:.80}.")

    def recall(self, facts: Mapping[str, Any]) -> Combination | None:  # noqa: ARG002 - for subclasses
        """Make the combination from its `Combination.facts`; None if they are not enough, so it must be fitted."""
        return None

    @abstractmethod
    def fit(self, given: Fitting) -> Combination:
        """Fit on the given rows only."""
