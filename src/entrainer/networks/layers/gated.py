"""Variants of the LSTM cell: with peepholes, and with coupled input and forget gates."""

from abc import abstractmethod
from typing import Any, ClassVar

from enstorage.formats.keras import import_keras

import_keras()  # chooses the backend

import keras  # noqa: E402


class _GatedCell(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """The common part of the variants: one kernel for all gates, and a bias that opens the forget gate initially.

    Args:
        units: Cells, and columns of the output.
        kernel_initializer: Of the weights of the inputs.
        recurrent_initializer: Of the weights of the last output.
    """

    #: How many blocks of `units` columns the kernels have.
    blocks: ClassVar[int]

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get("zeros")
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs of shape (rows, features)."""
        columns = self.blocks * self.units
        self.kernel = self.add_weight((input_shape[-1], columns), self.kernel_initializer, name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = self.add_weight((columns,), self._first_bias, name="bias")

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """One step: (rows, features) and the states (rows, units) to the output and the next states."""
        output, cell = states
        sums = keras.ops.matmul(inputs, self.kernel) + keras.ops.matmul(output, self.recurrent_kernel) + self.bias
        after = self._step(keras.ops.split(sums, self.blocks, axis=-1), cell)
        return after[0], list(after)

    def get_config(self) -> dict[str, Any]:
        """The configuration of the cell, as `from_config` takes it."""
        serialize = keras.initializers.serialize
        base: dict[str, Any] = super().get_config()
        return base | {
            "units": self.units,
            "kernel_initializer": serialize(self.kernel_initializer),
            "recurrent_initializer": serialize(self.recurrent_initializer),
        }

    def _first_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        gates = keras.ops.reshape(self.bias_initializer(shape, dtype), (self.blocks, self.units))
        return keras.ops.reshape(gates + keras.ops.convert_to_tensor(self._remembering(), gates.dtype), shape)

    @abstractmethod
    def _remembering(self) -> list[list[float]]:
        """The initial bias of each gate, (blocks, 1): the forget gate is open, at sigmoid(1)."""

    @abstractmethod
    def _step(self, sums: list[Any], cell: Any) -> tuple[Any, Any]:
        """From the gates' sums and the last cell state to the output and the cell state."""


@keras.saving.register_keras_serializable(package="enstorage")
class PeepholeLSTMCell(_GatedCell):
    """An LSTM cell whose gates see the cell state.

    With x the input, h the output, c the cell state, σ the sigmoid and ⊙ the product by elements:

        i = σ(W_i x + U_i h + p_i ⊙ c + b_i)        f = σ(W_f x + U_f h + p_f ⊙ c + b_f)
        c' = f ⊙ c + i ⊙ tanh(W_c x + U_c h + b_c)
        o = σ(W_o x + U_o h + p_o ⊙ c' + b_o)       h' = o ⊙ tanh(c')

    Source: Gers & Schmidhuber (2000), Recurrent nets that time and count. The peepholes p start at zero, where the cell
    is a plain LSTM.

    Args:
        units: Cells, and columns of the output.
        peephole_initializer: Of the peepholes (3, units), in the order i, f, o.
        kwargs: `kernel_initializer`, `recurrent_initializer`, and what every Keras layer takes.
    """

    blocks = 4

    def __init__(self, units: int, peephole_initializer: Any = "zeros", **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.peephole_initializer = keras.initializers.get(peephole_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs of shape (rows, features)."""
        super().build(input_shape)
        self.peephole = self.add_weight((3, self.units), self.peephole_initializer, name="peephole")

    def get_config(self) -> dict[str, Any]:
        """The configuration of the cell, as `from_config` takes it."""
        base: dict[str, Any] = super().get_config()
        return base | {"peephole_initializer": keras.initializers.serialize(self.peephole_initializer)}

    def _remembering(self) -> list[list[float]]:
        return [[0.0], [1.0], [0.0], [0.0]]

    def _step(self, sums: list[Any], cell: Any) -> tuple[Any, Any]:
        sigmoid, tanh = keras.ops.sigmoid, keras.ops.tanh
        enter = sigmoid(sums[0] + self.peephole[0] * cell)
        keep = sigmoid(sums[1] + self.peephole[1] * cell)
        cell = keep * cell + enter * tanh(sums[2])
        leave = sigmoid(sums[3] + self.peephole[2] * cell)
        return leave * tanh(cell), cell


@keras.saving.register_keras_serializable(package="enstorage")
class CoupledLSTMCell(_GatedCell):
    """An LSTM cell with coupled gates: its forget gate is one minus the input gate.

        i = σ(W_i x + U_i h + b_i)      c' = (1 − i) ⊙ c + i ⊙ tanh(W_c x + U_c h + b_c)
        o = σ(W_o x + U_o h + b_o)      h' = o ⊙ tanh(c')

    Source: the variant CIFG of Greff et al. (2017), LSTM: a search space odyssey.

    Args:
        units: Cells, and columns of the output.
        kwargs: `kernel_initializer`, `recurrent_initializer`, and what every Keras layer takes.
    """

    blocks = 3

    def _remembering(self) -> list[list[float]]:
        return [[-1.0], [0.0], [0.0]]

    def _step(self, sums: list[Any], cell: Any) -> tuple[Any, Any]:
        enter = keras.ops.sigmoid(sums[0])
        cell = (1 - enter) * cell + enter * keras.ops.tanh(sums[1])
        return keras.ops.sigmoid(sums[2]) * keras.ops.tanh(cell), cell
