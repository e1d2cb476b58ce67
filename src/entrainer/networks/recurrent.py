"""Recurrent networks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.spec import NetworkSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class PaperLSTM(NetworkSpec):
    """Two LSTM layers that see the whole window as one step of `lag` features.

    Source: Puchkov & Terekhov (2016), the experiment with yearly sunspot numbers.

    Attributes:
        units: Cells of the first and of the second layer, each at least 1.
        dropout: Part of the outputs dropped after each layer while training, 0 <= dropout < 1.
    """

    name: ClassVar[str] = "paper-lstm"
    # The columns enter by one matrix product, so a zero column adds nothing to it and nothing to its gradient.
    mixes_lags: ClassVar[bool] = True

    units: tuple[int, int] = (50, 100)
    dropout: float = 0.2

    def __post_init__(self) -> None:
        units = tuple(self.units) if isinstance(self.units, list | tuple) else ()
        if len(units) != 2 or not all(type(count) is int and count >= 1 for count in units):
            raise InvalidInputError(
                f"PaperLSTM's units are {self.units!r}; expected two whole numbers of at least 1, such as (50, 100)."
            )
        if type(self.dropout) not in (int, float) or not 0 <= self.dropout < 1:
            raise InvalidInputError(
                f"PaperLSTM's dropout is {self.dropout!r}; expected a number from 0 up to, but not including, 1."
            )
        object.__setattr__(self, "units", units)  # JSON has no tuples

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Builds (rows, lag) → (1, lag) → LSTM – Dropout – LSTM – Dropout – Dense(outputs, linear)."""
        keras = load_keras()
        first, second = self.units
        return keras.Sequential(
            [
                keras.Input(shape),
                keras.layers.Reshape((1, *shape)),
                keras.layers.LSTM(first, return_sequences=True),
                keras.layers.Dropout(self.dropout),
                keras.layers.LSTM(second),
                keras.layers.Dropout(self.dropout),
                keras.layers.Dense(outputs),
            ]
        )
