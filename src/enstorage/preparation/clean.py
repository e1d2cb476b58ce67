"""Filling or dropping of the missing values of a series, without using values of a later part.

A value is missing where it is NaN or infinite. Rows are equally spaced in time, so that the row index is the time axis.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part

_Floats: TypeAlias = NDArray[np.float64]
_Indices: TypeAlias = NDArray[np.intp]
_Codes: TypeAlias = NDArray[np.int8]
# Called with values, parts and, if the method has one, its argument; returns the fill value of every row, NaN where the
# method has none.
_Proposal: TypeAlias = Callable[..., _Floats]


@dataclass(frozen=True)
class CleanMethod:
    """One way to treat missing values; `str()` gives its canonical token.

    Made by `parse_clean`. The caller drops the rows that are not kept, splits the rest into parts and then fills.

    Attributes:
        name: One of `drop`, `forward`, `backward`, `linear`, `mean`, `median`, `constant` and `seasonal`.
        argument: The value of `constant`, the period of `seasonal` in rows, else None.
    """

    name: str
    argument: float | None = None

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name}({repr(self.argument).removesuffix('.0')})"

    @property
    def looks_ahead(self) -> bool:
        """True if a gap is filled from later values of its part, which makes one-step forecasts near it look too good."""
        return self.name in ("backward", "linear")

    @property
    def is_fitted(self) -> bool:
        """True if a gap is filled with a statistic of the train rows."""
        return self.name in ("mean", "median", "seasonal")

    def kept_rows(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Select the rows that stay.

        Args:
            values: The series, shape (n,); NaN and infinite values are missing.

        Returns:
            Shape (n,): for `drop` True where a value is present, for every other method True everywhere.
        """
        return np.isfinite(unmasked(values)) if self.name == "drop" else np.ones(values.shape, dtype=np.bool_)

    def fill(self, values: NDArray[np.float64], part: NDArray[np.int8]) -> NDArray[np.float64]:
        """Fill the gaps; a row is never filled from a row of a later part.

        `mean`, `median` and `seasonal` are computed from train values only. `forward`, `backward` and `linear` take the
        nearest rows that are present and not of a later part, so `forward` carries from train into valid and `linear`
        leaves the last gap of train open. `seasonal(n)` takes the mean of the train values whose row index is congruent
        to that of the gap modulo n.

        Args:
            values: The series, shape (n,); NaN and infinite values are missing.
            part: Part code of every row, shape (n,); see `split_rows`.

        Returns:
            A new array, shape (n,); NaN where the method has no value.

        Raises:
            InvalidInputError: If the shapes differ, or `mean` or `median` finds no train value.
        """
        if values.ndim != 1 or values.shape != part.shape:
            raise InvalidInputError(
                "Values and parts do not belong together. Expected two arrays of the same shape (n,); received "
                f"{values.shape} and {part.shape}. Split the same rows that are filled."
            )
        values = unmasked(values)
        present = np.where(np.isfinite(values), values, np.nan)
        arguments = () if self.argument is None else (self.argument,)
        proposal = _METHODS[self.name](present, part, *arguments)
        return np.where(np.isnan(present), proposal, present)


def parse_clean(token: str) -> CleanMethod:
    """Parse a method token such as `linear`, `constant(0)` or `seasonal(24)`.

    Args:
        token: The method's name, for `constant` and `seasonal` with its argument in brackets; blanks around name and
            argument do not count.

    Raises:
        InvalidInputError: If the method is not known, or its argument is missing, unexpected or not valid.
    """
    match = re.fullmatch(r"\s*([a-z]+)\s*(?:\((.*)\))?\s*", token)
    name, text = match.groups() if match else ("", None)
    if name not in _METHODS:
        known = " ".join(known + (_ARGUMENTS[known][0] if known in _ARGUMENTS else "") for known in _METHODS)
        raise InvalidInputError(
            f"The clean method is not known. Expected one of: {known}; received {token!r}. Correct the token."
        )
    if name not in _ARGUMENTS:
        if text is not None:
            raise InvalidInputError(
                f"The clean method {name} takes no argument. Expected {name!r}; received {token!r}. Leave it out."
            )
        return CleanMethod(name)
    form, meaning, parse = _ARGUMENTS[name]
    try:
        return CleanMethod(name, parse(text or ""))
    except ValueError as error:
        raise InvalidInputError(
            f"The argument of the clean method {name} is not usable. Expected {name}{form} with {meaning}; received "
            f"{token!r}. Change the argument."
        ) from error


def _finite_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _period(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _drop(values: _Floats, _part: _Codes) -> _Floats:
    return values


def _constant(values: _Floats, _part: _Codes, value: float) -> _Floats:
    return np.full_like(values, value)


def _seasonal(values: _Floats, part: _Codes, period: int) -> _Floats:
    # With a period of at least the length of the series, every row has a phase of its own.
    phase = np.arange(values.size) % min(period, max(values.size, 1))
    fitted = _train_rows(values, part)
    sums = np.bincount(phase[fitted], weights=values[fitted], minlength=values.size)
    counts = np.bincount(phase[fitted], minlength=values.size)
    means = np.full_like(values, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means[phase]


def _from_train(statistic: Callable[[_Floats], np.floating]) -> _Proposal:
    def propose(values: _Floats, part: _Codes) -> _Floats:
        fitted = _train_rows(values, part)
        if not fitted.size:
            raise InvalidInputError(
                f"The train part has no value to take the {statistic.__name__} of. Expected at least one; received "
                "missing values only. Take a longer period or another clean method."
            )
        return np.full_like(values, statistic(values[fitted]))

    return propose


def _from_neighbours(fill: Callable[[_Indices, _Indices, _Floats], _Floats]) -> _Proposal:
    """Fill each part by `fill(rows, known, values)`, given the known rows of this part and earlier ones only."""

    def propose(values: _Floats, part: _Codes) -> _Floats:
        proposal = np.full_like(values, np.nan)
        for code in Part:
            rows = np.flatnonzero(part == code)
            known = np.flatnonzero((part <= code) & ~np.isnan(values))
            if known.size:
                proposal[rows] = fill(rows, known, values[known])
        return proposal

    return propose


def _forward(rows: _Indices, known: _Indices, values: _Floats) -> _Floats:
    before = np.searchsorted(known, rows, side="right") - 1
    return np.where(before >= 0, values[before], np.nan)


def _backward(rows: _Indices, known: _Indices, values: _Floats) -> _Floats:
    after = np.searchsorted(known, rows)
    return np.append(values, np.nan)[after]


def _linear(rows: _Indices, known: _Indices, values: _Floats) -> _Floats:
    return np.interp(rows, known, values, left=np.nan, right=np.nan)


def _train_rows(values: _Floats, part: _Codes) -> _Indices:
    return np.flatnonzero((part == Part.TRAIN) & ~np.isnan(values))


_METHODS: Final[dict[str, _Proposal]] = {
    "drop": _drop,
    "forward": _from_neighbours(_forward),
    "backward": _from_neighbours(_backward),
    "linear": _from_neighbours(_linear),
    "mean": _from_train(np.mean),
    "median": _from_train(np.median),
    "constant": _constant,
    "seasonal": _seasonal,
}

# Form and meaning of a method's argument, and the function that parses it (ValueError if it is not valid).
_ARGUMENTS: Final[dict[str, tuple[str, str, Callable[[str], float]]]] = {
    "constant": ("(v)", "v a finite number", _finite_number),
    "seasonal": ("(n)", "n an integer number of rows, at least 1", _period),
}
