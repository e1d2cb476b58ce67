"""`GroupFolds`: rows that belong together, such as the pixels of a block, in one fold each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.errors import InvalidInputError
from entrainer.experiments.folds import Fold, OpenRows
from entrainer.fitting.job import Job


@dataclass(frozen=True, eq=False)
class GroupFolds:
    """Folds of whole groups: each is forecast by a model that was trained on the others.

    Attributes:
        of_row: number of the fold of each row of the data sets; -1 for rows that are in none.
        asked: number of folds that were asked for; there are fewer where there are fewer groups.
    """

    of_row: NDArray[np.int64]
    asked: int

    @property
    def count(self) -> int:
        """Number of folds, at least 2."""
        return int(self.of_row.max()) + 1

    @classmethod
    def of(cls, jobs: Sequence[Job], rows: Sequence[OpenRows], asked: int, groups: ArrayLike) -> "GroupFolds":
        """Deal groups to folds of about equally many rows.

        Args:
            jobs: the models.
            rows: of each.
            asked: number of folds.
            groups: integer of the group of each row of every data set, in its order; below 0 for rows to leave out.

        Raises:
            InvalidInputError: there are not as many groups as rows, fewer than two groups, or a row follows others in time.
        """
        from sklearn.model_selection import GroupKFold

        group = np.asarray(groups)
        if group.ndim != 1 or group.dtype.kind not in "iu":
            raise InvalidInputError(
                f"The groups are an array of {group.dtype} of the shape {group.shape}; expected an integer for each row.",
                field="groups",
            )
        for job, own in zip(jobs, rows, strict=True):
            _check(job, own, len(group))
        used = np.flatnonzero((group >= 0) & np.logical_and.reduce([own.trainable(complete=True) for own in rows]))
        there = len(np.unique(group[used]))
        if asked < 2 or there < 2:
            raise InvalidInputError(
                f"There are {there} groups with rows outside the test part, for {asked} folds; expected 2 of both at least. "
                "Make the groups smaller.",
                field="groups",
            )
        of_row = np.full(len(group), -1, dtype=np.int64)
        dealt = GroupKFold(min(asked, there)).split(used, groups=group[used])
        for number, (_, ahead) in enumerate(dealt):
            of_row[used[ahead]] = number
        return cls(of_row, asked)

    def fold(self, job: Job, rows: OpenRows, number: int) -> Fold:
        """The fold of a model by its number."""
        train = (self.of_row >= 0) & (self.of_row != number)
        return Fold(job, rows, np.flatnonzero(train), np.flatnonzero(self.of_row == number))

    def facts(self) -> dict[str, Any]:
        """The folds as JSON, from which they can be made again."""
        return {"fold_of_row": self.of_row.tolist(), "asked": self.asked}


def _check(job: Job, rows: OpenRows, count: int) -> None:
    data_set = job.loaded.data_set
    if job.local is not None or data_set.data_preparation_id is not None:
        raise InvalidInputError(
            f"The rows of {data_set}, of {job.model}, follow each other in time, so a fold of groups would be forecast from "
            "later rows; expected a set from arrays, such as patches. Leave groups out: the folds then follow time.",
            field="groups",
        )
    if len(rows.id) != count:
        raise InvalidInputError(
            f"There are {count} groups and {len(rows.id)} rows of {data_set}; expected a group for each row, in the order "
            "of data_set.ids().",
            field="groups",
        )
