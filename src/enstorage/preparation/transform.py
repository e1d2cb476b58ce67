"""Chains of invertible transforms, such as `log+difference+minmax`, fitted on given rows only.

NaN means "no value"; what a step cannot compute as a finite number becomes NaN.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import accumulate
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.preparation._steps import STEPS, Step

_Floats: TypeAlias = NDArray[np.float64]
_Integers: TypeAlias = NDArray[np.integer]


@dataclass(frozen=True)
class Transform:
    """A chain that is not fitted yet; `str()` gives its canonical token.

    Attributes:
        steps: Name and period of every step in order of application, period 1 where a step takes none; () for `none`.
    """

    steps: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, token: str) -> Self:
        """Parse `none` or steps joined by `+`, such as `log+seasonal_difference(12)+standard`.

        Known are `minmax` (x − min) / (max − min), `standard` (x − mean) / standard deviation, `robust` (x − median) /
        interquartile range, `log`, `log1p`, `sqrt`, `yeojohnson`, `difference` and `seasonal_difference(n)`. Where the
        divisor is 0, as in a constant train part, it is 1, as in scikit-learn. Blanks around names and periods do not
        count.

        Raises:
            InvalidInputError: If a step is not known, or its period is missing, unexpected or below 1.
        """
        return cls(() if token.strip() == "none" else tuple(_parse_step(step, token) for step in token.split("+")))

    def __str__(self) -> str:
        return "+".join(f"{name}({n})" if STEPS[name].takes_period else name for name, n in self.steps) or "none"

    def fit(self, values: NDArray[np.float64], train: NDArray[np.bool_]) -> "FittedTransform":
        """Fit every step on the given train rows as transformed by the steps before it.

        Other rows are not used, not even in a difference between such rows; they are only checked, so that a series
        that cannot be transformed completely is refused here.

        Args:
            values: The cleaned series in source units, shape (n,).
            train: True for the rows to fit on, the measured train rows, shape (n,).

        Raises:
            InvalidInputError: If no such row has a value at some step, a value lies outside the domain of `log`,
                `log1p` or `sqrt`, or the fitted parameters of a step are not finite.
            MissingLibraryError: If `yeojohnson` is used without SciPy.
        """
        if values.ndim != 1 or values.shape != train.shape or train.dtype != np.bool_:
            raise InvalidInputError(
                "Values and train rows do not match. Expected two arrays of the same shape (n,), the second "
                f"of bool; received {values.shape} and {train.shape} of {train.dtype}. Pass the mask of the same rows."
            )
        values = _finite(values)
        seen = np.where(train, values, np.nan)
        steps: list[Step] = []
        for name, period in self.steps:
            with np.errstate(all="ignore"):
                step = STEPS[name].fit(_train_values(seen, f"before {name}"), period)
            # The whole series first, so that an error counts all values outside the domain.
            values, seen = _apply(values, step), _apply(seen, step)
            steps.append(step)
        _train_values(seen, "after the last step")
        return FittedTransform(tuple(steps))


@dataclass(frozen=True)
class FittedTransform:
    """A fitted chain, made by `Transform.fit` or `from_json`."""

    steps: "tuple[Step, ...]"

    @property
    def needs_history(self) -> bool:
        """True where `invert` starts from known values: for chains with a difference."""
        return any(step.needs_history for step in self.steps)

    @property
    def is_fitted(self) -> bool:
        """True where a step has parameters that were fitted on the train rows."""
        return any(step.is_fitted for step in self.steps)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transform a series.

        Args:
            values: The series in source units, shape (n,); NaN and infinite values are missing.

        Returns:
            Shape (n,); NaN where a value, or an earlier one that a difference needs, is missing.

        Raises:
            InvalidInputError: If a value lies outside the domain of `log`, `log1p` or `sqrt`.
        """
        return reduce(_apply, self.steps, _finite(values))

    def invert(
        self,
        prepared: NDArray[np.float64],
        history: NDArray[np.float64] | None = None,
        origins: NDArray[np.integer] | None = None,
    ) -> NDArray[np.float64]:
        """Transform forecasts back to source units.

        A difference is summed up from the last known values: x̂[t+k] = x[t+k−n] + d̂[k], with the forecast x̂[t+k−n]
        where k > n. `sqrt` inverts a negative forecast to 0, the value whose root is nearest; its square would turn a
        forecast that is too low into one that is too high.

        Args:
            prepared: Forecasts on the prepared scale for steps 1 … horizon after their origin, shape (rows,) for
                horizon 1, else (rows, horizon).
            history: The cleaned series in source units, shape (n,). Values after an origin do not enter its forecast.
                Only for chains with `needs_history`.
            origins: Index in `history` of the last known row t of each forecast, shape (rows,). Only for chains with
                `needs_history`.

        Returns:
            The shape of `prepared`; NaN where a forecast or a known value it starts from is NaN, or where no finite
            number has this image (for `yeojohnson`, whose image can be bounded).

        Raises:
            InvalidInputError: If history or origins are needed but missing, or do not fit `prepared`.
        """
        if not self.needs_history:
            history, origins = np.empty(0), np.empty(0, dtype=np.intp)
        elif history is None or origins is None or not _fits(prepared, history, origins):
            received = [None if array is None else array.shape for array in (prepared, history, origins)]
            raise InvalidInputError(
                "Forecasts of differences cannot be summed up. Expected prepared of shape (rows,) or (rows, horizon), "
                "history of shape (n,) and integer origins from 0 to n − 1 of shape (rows,); received the shapes "
                f"{received}. Pass the cleaned series and the last known row of each forecast."
            )
        known = _finite(history[: origins.max(initial=-1) + 1])
        stages = zip(self.steps, accumulate(self.steps, _apply, initial=known), strict=False)
        forecasts = prepared[:, np.newaxis] if prepared.ndim == 1 else prepared
        for step, stage in reversed(list(stages)):
            with np.errstate(all="ignore"):
                forecasts = _finite(step.invert(forecasts, stage, origins))
        return _finite(forecasts).reshape(prepared.shape)

    def to_json(self) -> dict[str, Any]:
        """The chain as JSON values, from which `from_json` restores the parameters exactly."""
        return {"steps": [{"step": step.name, **asdict(step)} for step in self.steps]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Restore a chain from the output of `to_json`.

        Raises:
            InvalidInputError: If a step is not known or its parameters are not those of the step.
        """
        try:
            rows = [dict(row) for row in stored["steps"]]
            return cls(tuple(STEPS[row.pop("step")](**row) for row in rows))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"This is not a stored transform. Expected the output of to_json; received {stored!r}. Read it from its "
                "preparation."
            ) from error


def _parse_step(step: str, token: str) -> tuple[str, int]:
    match = re.fullmatch(r"\s*([a-z0-9_]+)\s*(?:\(\s*([0-9]{1,9})\s*\))?\s*", step)
    name, period = match.groups() if match else ("", None)
    takes_period = name in STEPS and STEPS[name].takes_period
    if name not in STEPS or takes_period != (period is not None) or (period is not None and int(period) < 1):
        known = " ".join(known + ("(n)" if STEPS[known].takes_period else "") for known in STEPS)
        raise InvalidInputError(
            f"The transform step {step.strip()!r} is not known. Expected none alone, or some of these steps joined by '+': "
            f"{known}, with n an integer number of rows, at least 1; received {token!r}. Correct the token."
        )
    return name, int(period or 1)


def _finite(values: _Floats) -> _Floats:
    known = unmasked(values)
    return np.where(np.isfinite(known), known, np.nan)


def _apply(values: _Floats, step: Step) -> _Floats:
    with np.errstate(all="ignore"):
        return _finite(step.apply(values))


def _train_values(seen: _Floats, where: str) -> _Floats:
    train = seen[np.isfinite(seen)]
    if not train.size:
        raise InvalidInputError(
            f"No measured train row has a value {where}. Expected at least one; received missing values only. Take a "
            "longer period, a larger train part or a shorter seasonal_difference; a difference needs both of its rows "
            "measured."
        )
    return train


def _fits(prepared: _Floats, history: _Floats, origins: _Integers) -> bool:
    return (
        prepared.ndim in {1, 2}
        and history.ndim == 1
        and origins.shape == prepared.shape[:1]
        and np.issubdtype(origins.dtype, np.integer)
        and bool(np.all((origins >= 0) & (origins < history.size)))
    )
