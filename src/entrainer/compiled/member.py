"""Members of a group that is trained together, and the trained networks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.samples import partly_measured
from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.networks.specification import NetworkSpec

if TYPE_CHECKING:
    import keras


class MemberSamples(NamedTuple):
    """Samples for training or for early stopping.

    Attributes:
        X: (rows, …), one sample a row.
        y: (rows, targets); NaN where a target was not measured.
    """

    X: NDArray[Any]
    y: NDArray[Any]


@dataclass(frozen=True, eq=False)
class GroupMember:
    """One network to train.

    Attributes:
        network: The architecture.
        X: Train rows, (rows, …), rows >= 1: float64, or integers such as those of tokens.
        y: (rows,), or (rows, targets) for several; NaN where a target was not measured, which is for some of a row only.
        seed: Determines the initial weights, the order of the rows and the dropout; 0 <= seed < 2**32.
        name: Its name in messages.
        valid: Rows whose loss early stopping watches, of the same shapes; None for none.
        weight: Weight of each row in the loss, (rows,), 0 or more; None for 1.
        learning_rate: Above 0; None takes that of the training.
        frozen: Values of the weights that are not trained, by their paths in the Keras model.

    Raises:
        InvalidInputError: The shapes do not fit, a value is NaN or infinite, no target of a row was measured, or the seed is
            out of range.
    """

    network: NetworkSpec
    X: NDArray[Any]
    y: NDArray[Any]
    seed: int
    name: str
    valid: MemberSamples | None = None
    weight: NDArray[np.float64] | None = None
    learning_rate: float | None = None
    frozen: tuple[tuple[str, NDArray[Any]], ...] = ()

    def __post_init__(self) -> None:
        train = self._checked(self.X, self.y, "train")
        object.__setattr__(self, "X", train.X)
        object.__setattr__(self, "y", train.y)
        if self.valid is not None:
            valid = self._checked(*self.valid, "valid")
            if (valid.X.shape[1:], valid.y.shape[1:]) != (train.X.shape[1:], train.y.shape[1:]):
                raise InvalidInputError(
                    f"Member {self.name!r} has train rows of {train.X.shape[1:]} and {train.y.shape[1:]}, and valid rows of "
                    f"{valid.X.shape[1:]} and {valid.y.shape[1:]}; expected the same. Take both from one data set."
                )
            object.__setattr__(self, "valid", valid)
        if self.weight is not None:
            object.__setattr__(self, "weight", checked_weight(self.weight, len(self.X), self.name))
        if type(self.seed) is not int or not 0 <= self.seed < 2**32:
            raise InvalidInputError(
                f"Member {self.name!r} has the seed {self.seed!r}; expected an integer from 0 to 2**32 - 1."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self.X.shape[1:]

    @property
    def has_unmeasured(self) -> bool:
        """True where targets are missing, which the losses leave out."""
        return any(np.isnan(y).any() for y in (self.y, *(() if self.valid is None else (self.valid.y,))))

    @property
    def targets(self) -> int:
        """The number of columns of y."""
        columns: int = self.y.shape[1]
        return columns

    def _checked(self, X: Any, y: Any, part: str) -> MemberSamples:
        X, y = _numbers(X), unmasked(y, float)
        if X.ndim < 2 or y.ndim not in (1, 2) or len(X) != len(y) or 0 in (*X.shape, *y.shape):
            raise InvalidInputError(
                f"Member {self.name!r} has {part} rows with X of shape {X.shape} and y of shape {y.shape}; expected (rows, "
                "…) and (rows,) or (rows, targets) with equal rows, at least one. Give the rows of one data set."
            )
        measured = np.where(np.isnan(y) & partly_measured(y).reshape(-1, *[1] * (y.ndim - 1)), 0, y)
        for name, values in (("X", X), ("y", measured)):
            if values.dtype.kind == "f" and (bad := int(np.count_nonzero(~np.isfinite(values)))):
                raise InvalidInputError(
                    f"Member {self.name!r} has {bad} values in {name} that are NaN or infinite; expected finite "
                    "numbers. Clean the series before making the data set."
                )
        return MemberSamples(X, y.reshape(len(y), -1))


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network that was trained in a group.

    Attributes:
        network: Its architecture.
        shape: Shape of one input sample.
        outputs: Number of output columns.
        weights: Its weights, in the order of `keras.Model.weights` of `network.build(shape, outputs)`.
    """

    network: NetworkSpec
    shape: tuple[int, ...]
    outputs: int
    weights: list[NDArray[Any]]

    def to_keras(self) -> "keras.Model":
        """Convert the network to a Keras model."""
        load_keras()
        from entrainer.compiled.initial_weights import blank_model, seed_states

        model = blank_model(self.network, self.shape, self.outputs)
        for number, state in enumerate(seed_states(model)):
            state.assign([number, 0])  # the start of a dropout layer's random numbers
        model.set_weights(self.weights)
        return model


def checked_weight(weight: Any, rows: int, name: str) -> NDArray[np.float64]:
    """Convert row weights to float64, shape (rows,), and check them.

    Raises:
        InvalidInputError: The shape is wrong, a weight is negative, NaN or infinite, or all are 0.
    """
    given = unmasked(weight, float)
    if given.shape != (rows,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise InvalidInputError(
            f"Member {name!r} has row weights of shape {given.shape}; expected {rows} finite numbers of at least 0, one for "
            "each train row, not all 0."
        )
    return given


def _numbers(X: Any) -> NDArray[Any]:
    """Keep integers and float32 unchanged, and convert anything else to float64."""
    array = unmasked(X)
    return array if array.dtype.kind in "iub" or array.dtype == np.float32 else array.astype(np.float64)
