"""What goes into a group that is trained together, and what comes out of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.spec import NetworkSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Member:
    """One network to train.

    Attributes:
        network: The architecture.
        X: (rows, lag), float64, rows >= 1.
        y: (rows,), or (rows, outputs) for several.
        seed: Decides the initial weights, the order of the rows and the dropout; 0 <= seed < 2**32.
        name: What messages call it.

    Raises:
        InvalidInputError: The shapes do not fit, a value is NaN or infinite, or the seed is out of range.
    """

    network: NetworkSpec
    X: NDArray[np.float64]
    y: NDArray[np.float64]
    seed: int
    name: str

    def __post_init__(self) -> None:
        X, y = np.asarray(self.X, np.float64), np.asarray(self.y, np.float64)
        if X.ndim != 2 or y.ndim not in (1, 2) or len(X) != len(y) or 0 in (*X.shape, *y.shape):
            raise InvalidInputError(
                f"Member {self.name!r} has X of shape {X.shape} and y of shape {y.shape}; expected (rows, lag) and "
                "(rows,) or (rows, outputs) with equal rows, at least one. Give the train rows of one data set."
            )
        for name, values in (("X", X), ("y", y)):
            if bad := int(np.count_nonzero(~np.isfinite(values))):
                raise InvalidInputError(
                    f"Member {self.name!r} has {bad} values in {name} that are NaN or infinite; expected finite "
                    "numbers. Clean the series before making the data set."
                )
        if type(self.seed) is not int or not 0 <= self.seed < 2**32:
            raise InvalidInputError(
                f"Member {self.name!r} has the seed {self.seed!r}; expected a whole number from 0 to 2**32 - 1."
            )
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", y)

    @property
    def outputs(self) -> int:
        """Columns of y."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network.

    Attributes:
        name: The member's name.
        network: Its architecture.
        lag: Columns of X that it takes.
        outputs: Columns of y that it gives.
        weights: As `keras.Model.get_weights` of `network.build((lag,), outputs)` orders them.
        loss: (epochs,), the mean training loss of each epoch, dropout on; NaN from where the training diverged.
    """

    name: str
    network: NetworkSpec
    lag: int
    outputs: int
    weights: list[NDArray[Any]]
    loss: NDArray[np.float64]

    def to_keras(self) -> "keras.Model":
        """The network as an ordinary Keras model with these weights."""
        load_keras()
        from entrainer.initial import blank_model

        model = blank_model(self.network, self.lag, self.outputs)
        for number, state in enumerate(model.non_trainable_variables):
            state.assign([number, 0])  # the start of a dropout layer's random numbers
        model.set_weights(self.weights)
        return model
