"""Feed-forward networks of dense layers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.parameters.described import check_rate, check_sizes
from entrainer.backend import load_keras
from entrainer.networks.output import last_layer
from entrainer.networks.parameters import ZEROS, check_activation, check_initializer, make_initializer
from entrainer.networks.specification import NetworkSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class _Dense(NetworkSpec):
    """Dense layers over the whole sample, each hidden one with dropout after it.

    Attributes:
        hidden: Units of each hidden layer, at least 1; () for none.
        activation: Of the hidden layers.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
        dropout: Part of the outputs dropped after each hidden layer while training, 0 <= dropout < 1.
        initializer: Initialiser of the weights: `normal(deviation)`, `uniform(limit)`, or a Keras name.
        bias_initializer: Initialiser of the biases: `normal(deviation)`, `uniform(limit)`, or `zeros`.
    """

    # The columns enter by one matrix product, so a zero column adds nothing to it and nothing to its gradient.
    mixes_lags: ClassVar[bool] = True
    axes: ClassVar[tuple[int, ...]] = (1, 2, 3)

    hidden: tuple[int, ...] = (64, 64)
    activation: str = "relu"
    last_activation: str | None = None
    dropout: float = 0.0
    initializer: str = "glorot_uniform"
    bias_initializer: str = ZEROS

    def __post_init__(self) -> None:
        check_sizes(self, "hidden", may_be_empty=True)
        check_activation(self, "activation")
        check_activation(self, "last_activation", may_be_none=True)
        check_rate(self, "dropout")
        check_initializer(self, "initializer")
        check_initializer(self, "bias_initializer", (ZEROS,))

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, *shape) → flat → hidden layers, each Dense – Dropout → Dense(outputs)."""
        self.check_shape(shape)
        keras = load_keras()
        last = last_layer(keras, self, outputs, self.last_activation, **self._initializers(keras))
        layers = [keras.Input(shape), keras.layers.Flatten()]
        for units in self.hidden:
            layers += [
                keras.layers.Dense(units, self.activation, **self._initializers(keras)),
                keras.layers.Dropout(self.dropout),
            ]
        return keras.Sequential([*layers, last])

    def _initializers(self, keras: Any) -> dict[str, Any]:
        return {
            "kernel_initializer": make_initializer(keras, self.initializer),
            "bias_initializer": make_initializer(keras, self.bias_initializer),
        }


@dataclass(frozen=True)
class MLP(_Dense):
    """A multilayer perceptron: for values or for classes, depending on the targets of the data set.

    Attributes:
        hidden: Units of each hidden layer, at least 1; () for none.
        activation: Of the hidden layers.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
        dropout: Part of the outputs dropped after each hidden layer while training, 0 <= dropout < 1.
        initializer: Initialiser of the weights: `normal(deviation)`, `uniform(limit)`, or a Keras name.
        bias_initializer: Initialiser of the biases: `normal(deviation)`, `uniform(limit)`, or `zeros`.
    """

    name: ClassVar[str] = "mlp"


@dataclass(frozen=True)
class TLFN(_Dense):
    """A time-lagged feed-forward network: a delay line of the last values, and a static network that reads it.

    Source: the focused network of Haykin (1999), Neural networks, chapter 13; the window is its tapped delay line.

    Attributes:
        hidden: Units of each hidden layer, at least 1; () for none, which is a linear filter.
        activation: Of the hidden layers.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
        dropout: Part of the outputs dropped after each hidden layer while training, 0 <= dropout < 1.
        initializer: Initialiser of the weights: `normal(deviation)`, `uniform(limit)`, or a Keras name.
        bias_initializer: Initialiser of the biases: `normal(deviation)`, `uniform(limit)`, or `zeros`.
    """

    name: ClassVar[str] = "tlfn"
    axes: ClassVar[tuple[int, ...]] = (1, 2)

    hidden: tuple[int, ...] = (16,)
    activation: str = "tanh"
