"""The sizes of the errors of series, beside those that their scales explain: a series tells its own by its other origins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Fewer series with two stretches say nothing about the spread of sizes.
_FEWEST_SERIES = 8
#: Errors of a stretch below this share of the usual ones are those of a series that hardly varied there.
_SMALLEST = 0.01


@dataclass(frozen=True, slots=True)
class ErrorSizes:
    """Factors by which errors of series are larger or smaller than their scales say; 1 where nothing is known.

    Attributes:
        of_series: for errors to come, by data source id.
        of_rows: for each known error, from the other stretches of its series alone, shape (rows,).
    """

    of_series: Mapping[int, float] = field(default_factory=dict)
    of_rows: Floats | float = 1.0


def sizes_of(relative: Floats, series: Ints, step: NDArray[np.integer], origin: Ints) -> ErrorSizes:
    """The sizes of the errors of series by credibility theory.

    Errors of a series from origins within one horizon make a stretch, whose size is the logarithm of their mean absolute
    value, each divided by the mean of its step over all series. The size of a series is the mean of its stretches and of k
    stretches of the mean size, where k is the variance within series divided by that between them (Bühlmann). Logarithms, as
    a few series with errors of ten times their scale would decide for all others. It is used only where series differ
    more from each other than the stretches of a series do: differences of a few stretches are chance otherwise, and make
    the intervals of one series too narrow and those of another too wide.

    Args:
        relative: errors divided by the scale of their series at the origin, NaN where they are not known, shape (rows,).
        series: data source id of each, shape (rows,).
        step: of each, from 1, shape (rows,).
        origin: number of the last known value of each in its series, shape (rows,).

    Source:
        Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze.
    """
    known = np.isfinite(relative)
    if not known.any():
        return ErrorSizes()
    ids, owner = np.unique(series, return_inverse=True)
    latest = np.zeros(len(ids), np.int64)
    np.maximum.at(latest, owner[known], origin[known])
    stretch = np.maximum(latest[owner] - origin, 0) // int(step.max())
    of_step = _means(np.abs(relative[known]), step[known], int(step.max()) + 1)[step]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(known & (of_step > 0), np.abs(relative) / of_step, np.nan)
    cell = owner * (int(stretch.max()) + 1) + stretch
    table = _means(error, cell, len(ids) * (int(stretch.max()) + 1)).reshape(len(ids), -1)
    table = np.log(np.maximum(table, _SMALLEST))
    weight = _weight(table)
    if weight is None:
        return ErrorSizes()
    table -= np.nanmean(table)
    count, total = np.isfinite(table).sum(axis=1), np.nansum(table, axis=1)
    own = np.nan_to_num(table[owner, stretch])
    others = np.maximum(count[owner] - np.isfinite(table[owner, stretch]), 0)
    return ErrorSizes(
        dict(zip(ids.tolist(), np.exp(total / (weight + count)).tolist(), strict=True)),
        np.exp((total[owner] - own) / (weight + others)),
    )


def _weight(table: Floats) -> float | None:
    """The number of stretches of the mean size that are added to those of each series; None where sizes are not to be used.

    Args:
        table: the logarithm of the size of each stretch of each series, NaN for none, shape (series, stretches).
    """
    count = np.isfinite(table).sum(axis=1)
    table, count = table[count > 0], count[count > 0]
    if (count > 1).sum() < _FEWEST_SERIES:
        return None
    mean, total = np.nanmean(table, axis=1), count.sum()
    within = float(np.nansum((table - mean[:, np.newaxis]) ** 2) / (count - 1).sum())
    spread = float((count * (mean - (count * mean).sum() / total) ** 2).sum())
    between = (spread - (len(table) - 1) * within) / (total - float((count**2).sum() / total))
    return within / between if between > within > 0 else None


def _means(values: Floats, number: NDArray[np.integer], count: int) -> Floats:
    """The mean of the finite values of each number 0 … count − 1; NaN for none."""
    known = np.isfinite(values)
    total = np.bincount(number[known], values[known], count)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / np.bincount(number[known], minlength=count))
