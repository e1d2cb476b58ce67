"""The behaviour of data: the range of the values and gaps, as a sentence expects them, and as the data are."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enorchestrator.intent.plan import Conflict, IntentPlan
from enorchestrator.intent.verb import IntentVerb
from enstorage import DataSource
from enstorage.entity._rows import rows_now

Values = Mapping[str, NDArray[np.float64]]


class Behaviour(IntentVerb):
    """Base of verbs with clauses on the behaviour of the data."""

    between: tuple[float, float] | None = None
    above: float | None = None
    below: float | None = None
    whole: bool = False

    @property
    def range(self) -> tuple[float | None, float | None]:
        """The least and the largest value that is expected; None where none was said."""
        if self.between is not None:
            return self.between
        return self.above, self.below

    def checks(self) -> dict[str, Any]:
        """The arguments of the step `check_values`."""
        least, largest = self.range
        told = {"minimum": least, "maximum": largest, "most_gaps": 0 if self.whole else None}
        return {name: value for name, value in told.items() if value is not None}


def buckets(source: DataSource) -> NDArray[np.float64]:
    """The values of the buckets of a source, as a snapshot has them, NaN in empty ones, shape (n,); nothing is stored."""
    return source.read()[1] if source.connector.series.extent(source.id) is None else rows_now(source).values


def add_behaviour(plan: IntentPlan, intent: Behaviour, sources: Sequence[DataSource], values: Values) -> None:
    """Add how the data are to behave, and conflicts with what they are.

    Args:
        plan: takes it.
        intent: the tree.
        sources: of the data.
        values: of each source by name, NaN in gaps, shape (n,) each.
    """
    all_values = np.concatenate([*values.values()])
    measured = all_values[np.isfinite(all_values)]
    seen = float(measured.min()), float(measured.max())
    gaps = int(np.isnan(all_values).sum())
    least, largest = intent.range
    plan.behaviour = {
        "interval": str(sources[0].time_interval),
        "minimum": least,
        "maximum": largest,
        "whole": intent.whole,
        "seen_minimum": seen[0],
        "seen_maximum": seen[1],
        "seen_gaps": gaps,
    }
    if least is not None and largest is not None and least > largest:
        plan.conflicts.append(
            Conflict(
                f"No value lies between {least:g} and {largest:g}: the first one is larger.",
                (f"Say values between {largest:g} and {least:g}.",),
            )
        )
        return
    below = 0 if least is None else int((measured < least).sum())
    outside = below + (0 if largest is None else int((measured > largest).sum()))
    if outside:
        plan.conflicts.append(
            Conflict(
                f"{outside} of {measured.size} values lie outside of the range; they go from {seen[0]:g} to {seen[1]:g}.",
                (
                    f"Say values between {_rounded(seen[0], floor)} and {_rounded(seen[1], ceil)}.",
                    "Leave the range out.",
                    "Delete the wrong points.",
                ),
            )
        )
    if intent.whole and gaps:
        plan.conflicts.append(
            Conflict(
                f"{gaps} of {all_values.size} buckets are empty.", ("Leave no gaps out.", "Import what is missing.")
            )
        )


def _rounded(value: float, towards: Callable[[float], int]) -> str:
    """A number of two digits beyond a value, as people say it."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    scale = 10.0 ** (floor(np.log10(abs(value))) - 1)
    return f"{towards(value / scale) * scale:g}"
