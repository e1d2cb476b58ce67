"""Rows that came after an ensemble was rendered: the weights of a method that moves with time go on by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from endirector.combination.combine import combine
from endirector.combination.kept import as_rendered, stored_evidence
from endirector.methods.base import Combination, Fitting, Floats, Rows, TargetTimes
from endirector.methods.varying.online import Online
from enstorage import Ensemble
from enstorage.entity.forecast import OUT_OF_FOLD


@dataclass(frozen=True, eq=False)
class LaterRows:
    """Targets that came after an ensemble was rendered, with the forecasts that its members had made of them.

    Attributes:
        series: id of the data source, shape (rows,).
        time: of the target, int64 ns, shape (rows,).
        origin: the last known time when it was forecast, int64 ns, shape (rows,).
        step: from 1, shape (rows,).
        truth: in the units of the source, shape (rows,).
        forecasts: of the members, shape (rows, members).
    """

    series: NDArray[np.int64]
    time: NDArray[np.int64]
    origin: NDArray[np.int64]
    step: NDArray[np.int32]
    truth: Floats
    forecasts: Floats

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.truth)

    def and_of(self, other: Self) -> "LaterRows":
        """These rows, and others after them."""
        return LaterRows(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS))

    def to_json(self) -> dict[str, Any]:
        """The same as JSON; `from_json` reads it."""
        return {name: getattr(self, name).tolist() for name in _COLUMNS}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "LaterRows":
        """Read the result of `to_json`."""
        return cls(*(np.array(value[name], dtype) for name, dtype in _COLUMNS.items()))


_COLUMNS: Mapping[str, Any] = {
    "series": np.int64,
    "time": np.int64,
    "origin": np.int64,
    "step": np.int32,
    "truth": np.float64,
    "forecasts": np.float64,
}


def moves(ensemble: Ensemble) -> bool:
    """True if the weights of an ensemble move with time."""
    return isinstance(as_rendered(ensemble).method, Online)


def moved(ensemble: Ensemble, later: LaterRows) -> Combination:
    """The combination of an ensemble whose weights went on through later rows: fitted on its own rows and on these.

    Args:
        ensemble: a rendered one whose weights move.
        later: in any order.
    """
    evidence, folds = stored_evidence(ensemble)
    found = combine(as_rendered(ensemble), evidence, folds)
    source = folds if found.fit_on == OUT_OF_FOLD and folds is not None else evidence
    known = source.rows.only(found.fitted)
    rows = known.targets
    assert rows is not None  # noqa: S101 - stored evidence has the times of its targets
    targets = TargetTimes(
        np.concatenate([rows.series, later.series]),
        np.concatenate([rows.time, later.time]),
        np.concatenate([rows.origin, later.origin]),
    )
    step = None if known.step is None else np.concatenate([known.step, later.step])
    both = Rows(np.concatenate([known.forecasts, later.forecasts]), step, targets=targets)
    method = as_rendered(ensemble).method
    return method.fit(Fitting(both, np.concatenate([source.truth[found.fitted], later.truth])))
