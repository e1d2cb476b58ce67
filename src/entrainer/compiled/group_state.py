"""`GroupState`: a training of a group between two chunks, as arrays from which it goes on."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

_METRIC = "metric "


@dataclass(frozen=True, slots=True, eq=False)
class GroupState:
    """The state of a training after some epochs.

    Attributes:
        leaves: the arrays of the states of all blocks, in the order of JAX.
        losses: of the epochs so far, (members, epochs).
        judged: on valid rows, (members, epochs).
        metrics: by name, (members, epochs) each.
    """

    leaves: list[NDArray[Any]]
    losses: NDArray[np.float64]
    judged: NDArray[np.float64]
    metrics: Mapping[str, NDArray[np.float64]]

    @property
    def epochs(self) -> int:
        """The number of epochs that are done."""
        return int(self.losses.shape[1])

    def to_bytes(self) -> bytes:
        """The arrays as one file, which holds no code."""
        file = io.BytesIO()
        named = {f"{number:06d}": each for number, each in enumerate(self.leaves)}
        metrics = {f"{_METRIC}{name}": each for name, each in self.metrics.items()}
        np.savez(file, allow_pickle=False, losses=self.losses, judged=self.judged, **named, **metrics)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The state that `to_bytes` gave.

        Raises:
            ValueError: the bytes are none.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                names = sorted(name for name in file.files if name.isdecimal())
                metrics = {name.removeprefix(_METRIC): file[name] for name in file.files if name.startswith(_METRIC)}
                return cls([file[name] for name in names], file["losses"], file["judged"], metrics)
        except Exception as error:  # zipfile and NumPy have errors of several kinds
            raise ValueError(str(error)) from error


class StateKeeper(Protocol):
    """Keeps states of a training, and gives back the latest."""

    def latest(self) -> GroupState | None:
        """The state to go on from; None to begin anew."""

    def keep(self, state: Callable[[], GroupState]) -> None:
        """Called after each chunk; the function makes the state."""
