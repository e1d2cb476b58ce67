"""How a network is trained: the settings that are not part of its architecture."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from enstorage.errors import InvalidInputError
from entrainer.spec import from_parameters

LOSSES = ("mse", "mae", "huber", "log_cosh")
"""The losses a network can be trained on, by their Keras names."""

OPTIMIZERS = ("rmsprop", "adam", "nadam", "adamax", "adagrad", "adadelta", "sgd", "lion")
"""The optimisers a network can be trained with, by their Keras names."""


@dataclass(frozen=True)
class Training:
    """Settings of one training, the same for every member of a group.

    Attributes:
        epochs: Passes over all rows, at least 1.
        batch_size: Rows per step of the optimiser, at least 1; the last batch of an epoch may be smaller.
        loss: One of `LOSSES`, averaged over the rows of a batch.
        optimizer: One of `OPTIMIZERS`.
        learning_rate: Above 0; None takes the optimiser's own default.
        shuffle: Whether every epoch takes the rows in a new order.
    """

    epochs: int = 200
    batch_size: int = 32
    loss: str = "mse"
    optimizer: str = "rmsprop"
    learning_rate: float | None = None
    shuffle: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise InvalidInputError(f"Training's {name} is {value!r}; expected a whole number of at least 1.")
        for name, known in (("loss", LOSSES), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in known:
                raise InvalidInputError(
                    f"Training's {name} is {getattr(self, name)!r}; expected one of: {', '.join(known)}."
                )
        rate = self.learning_rate
        if rate is not None and (type(rate) not in (int, float) or not 0 < rate < float("inf")):
            raise InvalidInputError(
                f"Training's learning_rate is {rate!r}; expected a number above 0, or None for the optimiser's default."
            )
        if type(self.shuffle) is not bool:
            raise InvalidInputError(f"Training's shuffle is {self.shuffle!r}; expected True or False.")

    def to_json(self) -> dict[str, Any]:
        """The settings by name, as `from_json` takes them."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Training":
        """Makes the settings from what `to_json` gave; what is left out takes its default.

        Raises:
            InvalidInputError: A setting is unknown or out of range.
        """
        return from_parameters(cls, data)
