"""The steps of which a transform is composed.

A new step is one class here and one entry in `STEPS`. NaN means "no value".
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError, MissingLibraryError

_Floats: TypeAlias = NDArray[np.float64]
_Integers: TypeAlias = NDArray[np.integer]


@dataclass(frozen=True)
class Step(ABC):
    """One invertible transform; its fields are the fitted parameters."""

    name: ClassVar[str]
    takes_period: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False
    #: True if its parameters are fitted on the train values.
    is_fitted: ClassVar[bool] = False

    @classmethod
    def fit(cls, _train: _Floats, _period: int, /) -> Self:
        """Fit on the train values, shape (>= 1,), all finite; the period is 1 for a step that takes none."""
        return cls()

    @abstractmethod
    def apply(self, values: _Floats, /) -> _Floats:
        """Transform a series, shape (n,), to the same shape."""

    @abstractmethod
    def invert(self, forecasts: _Floats, history: _Floats, origins: _Integers, /) -> _Floats:
        """Invert forecasts, shape (rows, horizon); history, shape (known,), is on the scale that `apply` takes."""


@dataclass(frozen=True)
class Scale(Step):
    """(x − center) / span."""

    is_fitted = True
    center: float
    span: float

    @classmethod
    def fit(cls, train: _Floats, _period: int, /) -> Self:
        """Refuse values so large that center or span overflow."""
        center, span = cls.center_and_span(train)
        if not (math.isfinite(center) and math.isfinite(span)):
            raise InvalidInputError(
                f"The train values are too large for {cls.name}. Expected a finite center and span; received {center} "
                f"and {span}. Store the series in a larger unit."
            )
        return cls(float(center), float(span) or 1.0)

    @classmethod
    @abstractmethod
    def center_and_span(cls, train: _Floats) -> tuple[float, float]:
        """Center and span; a span of 0 is replaced by 1."""

    def apply(self, values: _Floats, /) -> _Floats:
        return (values - self.center) / self.span

    def invert(self, forecasts: _Floats, /, *_known: object) -> _Floats:
        return forecasts * self.span + self.center


class MinMax(Scale):
    name = "minmax"

    @classmethod
    def center_and_span(cls, train: _Floats) -> tuple[float, float]:
        return train.min(), np.ptp(train)


class Standard(Scale):
    name = "standard"

    @classmethod
    def center_and_span(cls, train: _Floats) -> tuple[float, float]:
        # Rounding gives equal values a deviation near 1e-17, which would blow up every other value.
        return train.mean(), train.std() if np.ptp(train) else 0.0


class Robust(Scale):
    name = "robust"

    @classmethod
    def center_and_span(cls, train: _Floats) -> tuple[float, float]:
        lower, median, upper = np.percentile(train, [25, 50, 75])
        return median, upper - lower


class Log(Step):
    name = "log"

    def apply(self, values: _Floats, /) -> _Floats:
        _refuse(values, values <= 0, self.name, "above 0", "log1p, yeojohnson or difference")
        return np.log(values)

    def invert(self, forecasts: _Floats, /, *_known: object) -> _Floats:
        return np.exp(forecasts)


class Log1p(Step):
    name = "log1p"

    def apply(self, values: _Floats, /) -> _Floats:
        _refuse(values, values <= -1, self.name, "above -1", "yeojohnson or difference")
        return np.log1p(values)

    def invert(self, forecasts: _Floats, /, *_known: object) -> _Floats:
        return np.expm1(forecasts)


class Sqrt(Step):
    name = "sqrt"

    def apply(self, values: _Floats, /) -> _Floats:
        _refuse(values, values < 0, self.name, "of 0 or more", "yeojohnson or difference")
        return np.sqrt(values)

    def invert(self, forecasts: _Floats, /, *_known: object) -> _Floats:
        return np.square(np.maximum(forecasts, 0.0))


@dataclass(frozen=True)
class YeoJohnson(Step):
    """Yeo and Johnson (2000), Biometrika 87, section 2: a power transform for values of either sign."""

    name = "yeojohnson"
    is_fitted = True
    power: float

    @classmethod
    def fit(cls, train: _Floats, _period: int, /) -> Self:
        """Find the power of maximum likelihood and refuse one that cannot be inverted; equal values get power 1."""
        try:
            from scipy.stats import yeojohnson_normmax  # type: ignore[import-untyped, unused-ignore]
        except ImportError as error:
            raise MissingLibraryError(
                "yeojohnson needs SciPy. Expected it to be installed; received no such library. Run "
                'pip install "enstorage[train]".'
            ) from error
        if not np.ptp(train):
            return cls(1.0)
        step = cls(float(yeojohnson_normmax(train)))
        loss = np.abs(step.invert(step.apply(train)) - train).max()
        # If values lie far from 0 compared with their spread, the power is so extreme that all map to nearly one number.
        if not loss <= 1e-6 * np.ptp(train):
            raise InvalidInputError(
                f"yeojohnson cannot be inverted with power {step.power}, the maximum-likelihood estimate. Expected "
                f"an error of at most 1e-6 of the span of the train values; received {loss}. Put standard+ in front of it."
            )
        return step

    def apply(self, values: _Floats, /) -> _Floats:
        power, size = self._side(values), np.log1p(np.abs(values))
        return np.copysign(np.where(power == 0, size, np.expm1(power * size) / power), values)

    def invert(self, forecasts: _Floats, /, *_known: object) -> _Floats:
        power, size = self._side(forecasts), np.abs(forecasts)
        return np.copysign(np.expm1(np.where(power == 0, size, np.log1p(power * size) / power)), forecasts)

    def _side(self, values: _Floats) -> _Floats:
        return np.where(values < 0, 2.0 - self.power, self.power)


@dataclass(frozen=True)
class Lagged(Step):
    """x[t] − x[t−lag]."""

    needs_history = True
    lag: int

    @classmethod
    def fit(cls, _train: _Floats, period: int, /) -> Self:
        return cls(period)

    def apply(self, values: _Floats, /) -> _Floats:
        differences = np.full_like(values, np.nan)
        differences[self.lag :] = values[self.lag :] - values[: -self.lag]
        return differences

    def invert(self, forecasts: _Floats, history: _Floats, origins: _Integers, /) -> _Floats:
        values = np.empty_like(forecasts)
        for k in range(forecasts.shape[1]):
            if k < self.lag:
                base = origins + (k + 1 - self.lag)
                start = np.where(base >= 0, history[np.maximum(base, 0)], np.nan)
            else:
                start = values[:, k - self.lag]
            values[:, k] = start + forecasts[:, k]
        return values


class Difference(Lagged):
    name = "difference"


class SeasonalDifference(Lagged):
    name = "seasonal_difference"
    takes_period = True


STEPS: Final[dict[str, type[Step]]] = {
    "minmax": MinMax,
    "standard": Standard,
    "robust": Robust,
    "log": Log,
    "log1p": Log1p,
    "sqrt": Sqrt,
    "yeojohnson": YeoJohnson,
    "difference": Difference,
    "seasonal_difference": SeasonalDifference,
}


def _refuse(values: _Floats, outside: NDArray[np.bool_], name: str, domain: str, instead: str) -> None:
    if outside.any():
        raise InvalidInputError(
            f"{name} is not defined for {outside.sum()} of {values.size} values. Expected values {domain}; received "
            f"{values[outside].min()} as the smallest. Use {instead} instead."
        )
