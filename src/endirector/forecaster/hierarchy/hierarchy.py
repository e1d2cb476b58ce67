"""`Hierarchy`: the sums of series that are forecast beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError

#: The key of the sum of all series, and what stands between the names of levels in other keys.
ALL, BETWEEN = "all", " / "


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Series and their sums.

    Attributes:
        levels: names of the columns with the groups, the uppermost first.
        bottom: keys of the series.
        sums: by the key of each sum, such as `all` or `all / north`, the keys of the series in it.
    """

    levels: Sequence[str]
    bottom: Sequence[str]
    sums: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, groups: Mapping[str, Mapping[str, str]], keys: Sequence[str]) -> "Hierarchy | None":
        """The sums of series by their groups; None without groups.

        Args:
            groups: for each level, the uppermost first, the group of each series by its key.
            keys: of the series.

        Raises:
            InvalidInputError: a series has no group.
        """
        if not groups:
            return None
        for level, texts in groups.items():
            missing = [key for key in keys if key not in texts]
            if missing:
                raise InvalidInputError(
                    f"The series {missing[0]!r:.60} has no {level}; expected one for each series of a hierarchy. Fill it in."
                )
        sums: dict[str, list[str]] = {ALL: [*keys]}
        for depth in range(1, len(groups) + 1):
            for key in keys:
                path = [texts[key] for texts in list(groups.values())[:depth]]
                sums.setdefault(BETWEEN.join([ALL, *path]), []).append(key)
        return cls(tuple(groups), tuple(keys), {key: tuple(own) for key, own in sums.items()})

    @property
    def keys(self) -> list[str]:
        """The sums, then the series."""
        return [*self.sums, *self.bottom]

    def matrix(self) -> NDArray[np.float64]:
        """1 where a series (column) is in a sum or is the series itself (row), shape (keys, series)."""
        place = {key: number for number, key in enumerate(self.bottom)}
        sums = np.zeros((len(self.sums), len(self.bottom)))
        for row, own in enumerate(self.sums.values()):
            sums[row, [place[key] for key in own]] = 1.0
        return np.vstack([sums, np.eye(len(self.bottom))])

    def to_json(self) -> dict[str, Any]:
        """The same as JSON; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> "Hierarchy | None":
        """Read the result of `to_json`."""
        if value is None:
            return None
        sums = {key: tuple(own) for key, own in value["sums"].items()}
        return cls(tuple(value["levels"]), tuple(value["bottom"]), sums)
