"""`Origins`: the times from which all models of a backtest forecast, as many as the rows allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage import Model
from enstorage.errors import InvalidInputError
from entrainer.experiments.folds import Fold, OpenRows
from entrainer.fitting.job import Job


class NoOriginError(InvalidInputError):
    """No time leaves a row to train on before it and a row to forecast from it.

    Attributes:
        models: those that have no such time by themselves; empty where they have none in common.
    """

    def __init__(self, message: str, models: Sequence[Model]) -> None:
        super().__init__(message)
        self.models = tuple(models)


class Earliest(NamedTuple):
    """The earliest time of the first origin, ns."""

    time: int


@dataclass(frozen=True, eq=False)
class Origins:
    """Times at which all models are cut.

    Attributes:
        times: of the origins, ascending, and one nanosecond after the last row's, int64, shape (origins + 1,).
        asked: number of origins that were asked for; there are fewer where the rows do not allow so many.
    """

    times: NDArray[np.int64]
    asked: int

    @property
    def count(self) -> int:
        """Number of origins, at least 1."""
        return len(self.times) - 1

    def fold(self, job: Job, rows: OpenRows, number: int) -> Fold:
        """The fold of an origin of a model by its number."""
        return Fold.of(job, rows, self.times, number)

    @classmethod
    def of(cls, jobs: Sequence[Job], rows: Sequence[OpenRows], asked: int, initial: float | Earliest) -> "Origins":
        """Cut the time of the rows that all models have, after a first share, into stretches of about equally many times.

        The first origin lies later where no model could be trained before it otherwise, and there are fewer origins where
        fewer times are left. In a pooled set the times are those of all series together.

        Args:
            jobs: the models.
            rows: of each.
            asked: number of origins, at least 1.
            initial: share of the times before the first origin, between 0 and 1, or its earliest time.

        Raises:
            NoOriginError: no time has a row before it that every model can be trained on.
        """
        own = [each.known() for each in rows]
        earliest = [_earliest(job, each) for job, each in zip(jobs, rows, strict=True)]
        never = [
            job.model
            for job, times, first in zip(jobs, own, earliest, strict=True)
            if first is None or not (times > first).any()
        ]
        if never:
            raise NoOriginError(_no_origin(never), never)
        common = own[0]
        for times in own[1:]:
            common = np.intersect1d(common, times, assume_unique=True)
        possible = np.searchsorted(common, max(first for first in earliest if first is not None), side="right")
        first = max(_number_before(common, initial), int(possible))
        if first >= len(common):
            raise NoOriginError(_none_in_common(jobs, len(common)), ())
        cuts = np.linspace(first, len(common), min(asked, len(common) - first) + 1).astype(np.intp)
        return cls(np.append(common[cuts[:-1]], common[-1] + 1), asked)


def _number_before(times: NDArray[np.int64], initial: float | Earliest) -> int:
    return int(np.searchsorted(times, initial.time) if isinstance(initial, Earliest) else len(times) * initial)


def _earliest(job: Job, rows: OpenRows) -> int | None:
    """The time of the last target of the first row of which all targets were measured: an origin lies behind it.

    A local model needs no such row, only values: its origins may be those of all rows.
    """
    if job.local is not None:
        return int(rows.id.min()) - 1
    last = rows.last[rows.trainable(complete=True)]
    return int(last.min()) if len(last) else None


def _no_origin(models: Sequence[Model]) -> str:
    shown = ", ".join(map(str, models[:5])) + (f" and {len(models) - 5} others" if len(models) > 5 else "")
    return (
        f"{shown}: no target lies behind all targets of a row outside the test part, so no origin has a row to train on "
        "before it and one to forecast after it. Take a longer snapshot, a smaller lag or a shorter horizon."
    )


def _none_in_common(jobs: Sequence[Job], common: int) -> str:
    return (
        f"{common} targets that are no test rows are common to the {len(jobs)} models, and none of them lies behind a row "
        "that each can be trained on. Backtest the models one by one, or take a longer snapshot."
    )
