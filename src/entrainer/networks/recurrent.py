"""Recurrent networks."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_rate, check_sizes
from entrainer.backend import load_keras
from entrainer.networks.output import check_outputs, last_layer
from entrainer.networks.parameters import check_activation
from entrainer.networks.specification import NetworkSpec

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
    last_activation: ClassVar[str] = "linear"

    units: tuple[int, int] = (50, 100)
    dropout: float = 0.2

    def __post_init__(self) -> None:
        units = tuple(self.units) if isinstance(self.units, list | tuple) else ()
        if len(units) != 2 or not all(type(count) is int and count >= 1 for count in units):
            raise InvalidInputError(
                f"PaperLSTM: units are {self.units!r}; expected two integers of at least 1, such as (50, 100)."
            )
        check_rate(self, "dropout")
        object.__setattr__(self, "units", units)  # JSON has no tuples

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, lag) → (1, lag) → LSTM – Dropout – LSTM – Dropout – Dense(outputs, linear)."""
        self.check_shape(shape)
        keras = load_keras()
        first, second = self.units
        return keras.Sequential(
            [
                keras.Input(shape),
                keras.layers.Reshape((1, *shape)),
                lstm(keras, first, return_sequences=True),
                keras.layers.Dropout(self.dropout),
                lstm(keras, second),
                keras.layers.Dropout(self.dropout),
                keras.layers.Dense(outputs),
            ]
        )


@dataclass(frozen=True)
class _Stacked(NetworkSpec):
    """Recurrent layers over the time steps of a window, each with dropout after it, and a dense layer.

    Attributes:
        units: Of each recurrent layer, at least 1.
        dropout: Part of the outputs dropped after each recurrent layer while training, 0 <= dropout < 1.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    axes: ClassVar[tuple[int, ...]] = (1, 2)

    units: tuple[int, ...] = (32,)
    dropout: float = 0.0
    last_activation: str | None = None

    def __post_init__(self) -> None:
        check_sizes(self, "units")
        check_rate(self, "dropout")
        check_activation(self, "last_activation", may_be_none=True)

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, lag) → (lag, 1), or (rows, lag, series) as it is, → recurrent layers → Dense(outputs)."""
        self.check_shape(shape)
        keras = load_keras()
        last = last_layer(keras, self, outputs, self.last_activation)
        layers = [keras.Input(shape), *steps(keras, shape)]
        for number, units in enumerate(self.units, start=1):
            layers += [
                self._layer(keras, units, return_sequences=number < len(self.units)),
                keras.layers.Dropout(self.dropout),
            ]
        return keras.Sequential([*layers, last])

    @abstractmethod
    def _layer(self, keras: Any, units: int, return_sequences: bool) -> Any:
        """One recurrent layer."""


@dataclass(frozen=True)
class SimpleRNN(_Stacked):
    """Recurrent layers whose hidden units are also inputs of the next step.

    Source: Elman (1990), Finding structure in time; with tanh instead of the logistic function.

    Attributes:
        units: Of each recurrent layer, at least 1.
        dropout: Part of the outputs dropped after each recurrent layer while training, 0 <= dropout < 1.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "simple-rnn"

    def _layer(self, keras: Any, units: int, return_sequences: bool) -> Any:
        return keras.layers.SimpleRNN(units, return_sequences=return_sequences)


@dataclass(frozen=True)
class LSTM(_Stacked):
    """LSTM layers over the time steps.

    Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins (2000).

    Attributes:
        units: Cells of each layer, at least 1.
        dropout: Part of the outputs dropped after each recurrent layer while training, 0 <= dropout < 1.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "lstm"

    def _layer(self, keras: Any, units: int, return_sequences: bool) -> Any:
        return lstm(keras, units, return_sequences=return_sequences)


@dataclass(frozen=True)
class GRU(_Stacked):
    """Layers of gated recurrent units over the time steps.

    Source: Cho et al. (2014), Learning phrase representations using RNN encoder–decoder.

    Attributes:
        units: Of each recurrent layer, at least 1.
        dropout: Part of the outputs dropped after each recurrent layer while training, 0 <= dropout < 1.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "gru"

    def _layer(self, keras: Any, units: int, return_sequences: bool) -> Any:
        return keras.layers.GRU(units, return_sequences=return_sequences, use_cudnn=False)


@dataclass(frozen=True)
class PeepholeLSTM(_Stacked):
    """LSTM layers whose gates see the cell state; see `entrainer.networks.layers.PeepholeLSTMCell`.

    Source: Gers & Schmidhuber (2000), Recurrent nets that time and count.

    Attributes:
        units: Cells of each layer, at least 1.
        dropout: Part of the outputs dropped after each recurrent layer while training, 0 <= dropout < 1.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "peephole-lstm"

    def _layer(self, keras: Any, units: int, return_sequences: bool) -> Any:
        from entrainer.networks.layers import PeepholeLSTMCell

        return keras.layers.RNN(PeepholeLSTMCell(units), return_sequences=return_sequences)


@dataclass(frozen=True)
class CoupledLSTM(_Stacked):
    """LSTM layers with coupled input and forget gates; see `entrainer.networks.layers.CoupledLSTMCell`.

    Source: the variant CIFG of Greff et al. (2017), LSTM: a search space odyssey.

    Attributes:
        units: Cells of each layer, at least 1.
        dropout: Part of the outputs dropped after each recurrent layer while training, 0 <= dropout < 1.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "coupled-lstm"

    def _layer(self, keras: Any, units: int, return_sequences: bool) -> Any:
        from entrainer.networks.layers import CoupledLSTMCell

        return keras.layers.RNN(CoupledLSTMCell(units), return_sequences=return_sequences)


@dataclass(frozen=True)
class Jordan(NetworkSpec):
    """A network whose outputs are also inputs of the next step; see `JordanCell`.

    Source: Jordan (1986), Serial order: a parallel distributed processing approach.

    Attributes:
        units: Of each hidden layer between the inputs and the outputs, at least 1.
        decay: Part of the fed-back context that stays from step to step, 0 <= decay < 1.
        dropout: Part of the inputs dropped while training, 0 <= dropout < 1.
        last_activation: Of the outputs, also those fed back; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "jordan"
    axes: ClassVar[tuple[int, ...]] = (1, 2)

    units: tuple[int, ...] = (32,)
    decay: float = 0.0
    dropout: float = 0.0
    last_activation: str | None = None

    def __post_init__(self) -> None:
        check_sizes(self, "units")
        check_rate(self, "decay")
        check_rate(self, "dropout")
        check_activation(self, "last_activation", may_be_none=True)

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, lag) → (lag, 1), or (rows, lag, series) as it is, → Dropout → the recurrent network."""
        self.check_shape(shape)
        check_outputs(self, outputs, self.last_activation)
        keras = load_keras()
        from entrainer.networks.layers import JordanCell

        cell = JordanCell(self.units, outputs, last_activation=self.last_activation or "linear", decay=self.decay)
        return keras.Sequential(
            [keras.Input(shape), *steps(keras, shape), keras.layers.Dropout(self.dropout), keras.layers.RNN(cell)]
        )


def steps(keras: Any, shape: tuple[int, ...]) -> list[Any]:
    """A layer that converts a window to time steps of one value; none for several series, which have time steps."""
    return [keras.layers.Reshape((*shape, 1))] if len(shape) == 1 else []


def lstm(keras: Any, units: int, **options: Any) -> Any:
    """Make an LSTM layer that is not computed by cuDNN, whose kernel cannot be batched over members."""
    return keras.layers.LSTM(units, use_cudnn=False, **options)
