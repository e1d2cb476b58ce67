"""The configurable network for intervals between events."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.parameters.described import check_rate, check_size
from entrainer.backend import load_keras
from entrainer.networks.output import last_layer
from entrainer.networks.parameters import check_activation
from entrainer.networks.recurrent import lstm
from entrainer.networks.specification import NetworkSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class IntervalNetwork(NetworkSpec):
    """LSTM layers over the last intervals, then dense layers that forecast the class or length of the next interval.

    Several series side by side have one branch of LSTM layers each; their last outputs are put together before the dense
    layers.

    Attributes:
        lstm_layers: Of each branch, at least 1.
        dense_layers: At least 1; the last of them gives the outputs.
        units: Of every layer but the last, at least 1.
        lstm_activation: Of the LSTM layers' cells and outputs.
        dense_activation: Of the dense layers before the last.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
        dropout: Part of the inputs of each LSTM layer dropped while training, the same at every step.
        recurrent_dropout: Part of its fed-back outputs dropped likewise. Both 0 <= dropout < 1.
    """

    name: ClassVar[str] = "interval"
    axes: ClassVar[tuple[int, ...]] = (1, 2)
    dropouts: ClassVar[tuple[str, ...]] = ("dropout", "recurrent_dropout")

    lstm_layers: int = 2
    dense_layers: int = 2
    units: int = 8
    lstm_activation: str = "relu"
    dense_activation: str = "relu"
    last_activation: str | None = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.2

    def __post_init__(self) -> None:
        for name in ("lstm_layers", "dense_layers", "units"):
            check_size(self, name)
        for name in ("lstm_activation", "dense_activation"):
            check_activation(self, name)
        check_activation(self, "last_activation", may_be_none=True)
        for name in self.dropouts:
            check_rate(self, name)

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, lag) or (rows, lag, series) → a branch for each series → concatenated → dense layers."""
        self.check_shape(shape)
        keras = load_keras()
        last = last_layer(keras, self, outputs, self.last_activation)
        inputs = keras.Input(shape)
        if len(shape) == 1 or shape[1] == 1:
            values = self._branch(keras, keras.layers.Reshape((shape[0], 1))(inputs), 1)
        else:
            series = keras.ops.split(inputs, shape[1], axis=-1)
            branches = [self._branch(keras, each, number) for number, each in enumerate(series, start=1)]
            values = keras.layers.Concatenate()(branches)
        for _ in range(self.dense_layers - 1):
            values = keras.layers.Dense(self.units, self.dense_activation)(values)
        return keras.Model(inputs, last(values))

    def _branch(self, keras: Any, values: Any, series: int) -> Any:
        for number in range(1, self.lstm_layers + 1):
            layer = lstm(
                keras,
                self.units,
                activation=self.lstm_activation,
                dropout=self.dropout,
                recurrent_dropout=self.recurrent_dropout,
                return_sequences=number < self.lstm_layers,
                name=f"series_{series}_lstm_{number}",
            )
            values = layer(values)
        return values
