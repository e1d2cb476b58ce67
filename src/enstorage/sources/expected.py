"""`ExpectedValues`: bounds of the values of a series, and the check of these."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import Described, is_whole, refuse

_COUNTS = ("fewest_values", "most_gaps", "longest_gap", "longest_run")


@dataclass(frozen=True, kw_only=True)
class ExpectedValues(Described):
    """Bounds of the values of a series; what is None is not looked at.

    Times that are no times, are not ascending or are there twice, and values of another type than numbers, are in no
    store: loaders and `write` refuse them.

    Attributes:
        minimum: the least value, in the units of the series.
        maximum: the largest value.
        fewest_values: number of values at least.
        most_missing: share of the buckets from the first to the last value that may have none, 0 to 1.
        most_gaps: number of such buckets.
        longest_gap: number of such buckets one after the other.
        longest_run: number of equal values one after the other, as of a sensor that is stuck.
        is_even: each point is to stand at the start of a bucket, with no other point in it.
    """

    name: ClassVar[str] = "expected"

    minimum: float | None = None
    maximum: float | None = None
    fewest_values: int | None = None
    most_missing: float | None = None
    most_gaps: int | None = None
    longest_gap: int | None = None
    longest_run: int | None = None
    is_even: bool = False

    def __post_init__(self) -> None:
        for key in ("minimum", "maximum", "most_missing"):
            value = getattr(self, key)
            if value is not None and (type(value) not in (int, float) or not np.isfinite(value)):
                refuse(self, key, "a finite number, or None")
        if self.most_missing is not None and not 0 <= self.most_missing <= 1:
            refuse(self, "most_missing", "a share from 0 to 1")
        for key in _COUNTS:
            value = getattr(self, key)
            if value is not None and not (is_whole(value) and value >= 0):
                refuse(self, key, "an integer of at least 0, or None")
        if type(self.is_even) is not bool:
            refuse(self, "is_even", "True or False")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            refuse(self, "minimum", f"at most the maximum, {self.maximum:g}")

    def given(self) -> dict[str, Any]:
        """The bounds that are looked at, as JSON."""
        return {key: value for key, value in self.to_json().items() if value is not None and value is not False}

    def faults(self, facts: "SeriesFacts") -> list[str]:
        """The faults of a series, a few words each; [] where all is as expected."""
        if not facts.values:
            return ["has no values"] if self.given() else []
        counted = (
            (
                facts.missing,
                self.most_missing,
                f"has no value in {facts.missing:.1%} of its buckets, more than {{:.1%}}",
            ),
            (facts.gaps, self.most_gaps, f"has {facts.gaps} empty buckets, more than {{}}"),
            (facts.longest_gap, self.longest_gap, f"has {facts.longest_gap} empty buckets in a row, more than {{}}"),
            (facts.longest_run, self.longest_run, f"has {facts.longest_run} equal values in a row, more than {{}}"),
            (facts.maximum, self.maximum, f"has the value {facts.maximum:g}, above {{:g}}"),
        )
        found = [words.format(most) for value, most, words in counted if most is not None and value > most]
        if self.minimum is not None and facts.minimum < self.minimum:
            found.append(f"has the value {facts.minimum:g}, below {self.minimum:g}")
        if self.fewest_values is not None and facts.values < self.fewest_values:
            found.append(f"has {facts.values} values, fewer than {self.fewest_values}")
        if self.is_even and facts.uneven:
            found.append(f"has {facts.uneven} points that are not alone at the start of a bucket")
        return found


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Facts of a series that a check looks at.

    Attributes:
        values: number of values.
        gaps: number of empty buckets from the first to the last value; 0 for a series without buckets.
        missing: their share of these buckets.
        longest_gap: the most of them one after the other.
        longest_run: the most equal values one after the other.
        minimum: the least value; NaN without values.
        maximum: the largest value; NaN without values.
        uneven: number of points that are not alone at the start of a bucket.
    """

    values: int
    gaps: int
    missing: float
    longest_gap: int
    longest_run: int
    minimum: float
    maximum: float
    uneven: int

    @classmethod
    def of(cls, times: NDArray[np.int64], values: NDArray[np.float64], clock: Calendar | None) -> "SeriesFacts":
        """Look at a series.

        Args:
            times: ascending, ns, shape (n,).
            values: NaN where there is none, shape (n,).
            clock: the buckets of the series; None where it has none.
        """
        known = np.isfinite(values)
        times, values = times[known], values[known]
        if not len(values):
            return cls(0, 0, 0.0, 0, 0, np.nan, np.nan, 0)
        places, buckets, uneven = np.arange(len(times)), len(times), 0
        if clock is not None:
            starts = clock.floor(times)
            grid = clock.range(int(starts[0]), int(starts[-1]) + 1)
            places, buckets = np.unique(np.searchsorted(grid, starts)), len(grid)
            shared = len(times) - len(places)
            uneven = int((starts != times).sum()) + shared
        gaps = buckets - len(places)
        return cls(
            values=len(values),
            gaps=gaps,
            missing=gaps / buckets,
            longest_gap=int(np.diff(places).max(initial=1)) - 1,
            longest_run=longest_run(values),
            minimum=float(values.min()),
            maximum=float(values.max()),
            uneven=uneven,
        )

    def to_json(self) -> dict[str, Any]:
        """The facts; null for a minimum and a maximum that there is not."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {key: None if value != value else value for key, value in found.items()}  # noqa: PLR0124 - NaN


def longest_run(values: NDArray[np.float64]) -> int:
    """The most equal values one after the other."""
    edges = np.flatnonzero(np.diff(values) != 0)
    return int(np.diff(np.concatenate([[-1], edges, [len(values) - 1]])).max(initial=0))


def in_sentences(faults: dict[str, list[str]], shown: int = 5) -> str:
    """The first faults of several series, by their names, as one text."""
    told = [f"{name} {fault}" for name, own in faults.items() for fault in own]
    more = f" and {len(told) - shown} others" if len(told) > shown else ""
    return "; ".join(told[:shown]) + more


def refuse_faults(faults: dict[str, list[str]], what_was_done: str = "Nothing was stored. ") -> None:
    """Refuse series that are not as expected.

    Raises:
        InvalidInputError: there are faults.
    """
    if any(faults.values()):
        raise InvalidInputError(
            f"The values are not as expected: {in_sentences(faults)}. {what_was_done}Correct the points, or "
            "what is expected."
        )
