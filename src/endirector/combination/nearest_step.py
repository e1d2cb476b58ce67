"""Steps without rows to fit on: they are combined as the nearest step that has some."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Rows


def nearest_steps(steps: Iterable[int], fitted: Iterable[int]) -> dict[int, int]:
    """The nearest fitted step for each step that was not fitted, the smaller of two that are equally near."""
    known = np.unique(np.fromiter(fitted, dtype=np.int64))
    others = sorted(set(map(int, steps)) - set(known.tolist()))
    return {} if not len(known) else {step: int(known[np.abs(known - step).argmin()]) for step in others}


def with_nearest_step(combination: Combination, fitted: NDArray[np.integer] | None) -> Combination:
    """The combination for rows of any step.

    Args:
        combination: as fitted.
        fitted: steps of the rows that it was fitted on, shape (rows,); None if every row had step 1.
    """
    known = np.unique(np.ones(1, np.int64) if fitted is None else fitted)

    def nearest(rows: Rows) -> Rows:
        if rows.step is None:
            return rows
        borrowed = nearest_steps(np.unique(rows.step).tolist(), known.tolist())
        if not borrowed:
            return rows
        return replace(rows, step=np.array([borrowed.get(step, step) for step in rows.step.tolist()], rows.step.dtype))

    predict, row_weights, predict_quantile = (
        combination.predict,
        combination.row_weights,
        combination.predict_quantile,
    )
    return replace(
        combination,
        predict=lambda rows: predict(nearest(rows)),
        row_weights=None if row_weights is None else lambda rows: row_weights(nearest(rows)),
        predict_quantile=None
        if predict_quantile is None
        else lambda rows, level: predict_quantile(nearest(rows), level),
    )


def remark_on_steps(steps: NDArray[np.integer], fitted: NDArray[np.integer], *, by_step: bool) -> str | None:
    """A sentence that says which steps have no rows to fit on, and how they are combined; None if there are none.

    Args:
        steps: of the rows that are combined, shape (rows,).
        fitted: of the rows that were fitted on.
        by_step: true if the weights differ by step.
    """
    borrowed = nearest_steps(np.unique(steps).tolist(), np.unique(fitted).tolist())
    if not borrowed:
        return None
    sources = sorted(set(borrowed.values())) if by_step else np.unique(fitted).tolist()
    nearest = ", the nearest" if by_step else ""
    one = len(borrowed) == 1
    return (
        f"{_in_words(list(borrowed)).capitalize()} {'has' if one else 'have'} no rows to fit on and "
        f"{'takes' if one else 'take'} the weights of {_in_words(sources)}{nearest}."
    )


def remark_on_series(without: int, count: int) -> str | None:
    """A sentence on series that have no rows to fit on; None if there are none.

    Args:
        without: number of such series.
        count: number of all series.
    """
    if not without:
        return None
    have, take = ("has", "takes") if without == 1 else ("have", "take")
    return f"{without} of {count} series {have} no rows to fit on and {take} the weights of all the others together."


def _in_words(steps: Sequence[int]) -> str:
    """Steps in words: `step 3`, `steps 1–4 and 7`."""
    ranges: list[list[int]] = []
    for step in steps:
        if ranges and step == ranges[-1][1] + 1:
            ranges[-1][1] = step
        else:
            ranges.append([step, step])
    shown = [f"{start}–{end}" if start < end else str(start) for start, end in ranges]
    words = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"step{'s' if len(steps) > 1 else ''} {words}"
