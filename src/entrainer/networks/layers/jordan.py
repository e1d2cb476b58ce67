"""The recurrent cell of Jordan: the context is made of the outputs of earlier steps."""

from collections.abc import Sequence
from typing import Any

from enstorage.formats.keras import import_keras

import_keras()  # chooses the backend

import keras  # noqa: E402


@keras.saving.register_keras_serializable(package="enstorage")
class JordanCell(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """A feed-forward network whose outputs are inputs of the next step.

    With x the input, s the context, y the output, f and g activations and μ the decay:

        h = f(W x + U s + b)      y = g(V h + c)      s' = μ s + y

    Further hidden layers lie between h and y. The context starts at zero.

    Source: Jordan (1986), Serial order: a parallel distributed processing approach.

    Args:
        units: Of each hidden layer, at least one.
        outputs: Columns of the output and of the context.
        activation: Of the hidden layers.
        last_activation: Of the output.
        decay: Part of the context that stays from step to step, 0 <= decay < 1.
        kwargs: What every Keras layer takes.
    """

    def __init__(
        self,
        units: Sequence[int],
        outputs: int,
        activation: str = "tanh",
        last_activation: str = "linear",
        decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.outputs, self.decay = list(units), outputs, decay
        self.activation = keras.activations.get(activation)
        self.last_activation = keras.activations.get(last_activation)
        first, *further = self.units
        self.entry = keras.layers.Dense(first, name="entry")
        self.context = keras.layers.Dense(first, use_bias=False, kernel_initializer="orthogonal", name="context")
        self.hidden = [
            keras.layers.Dense(count, self.activation, name=f"hidden_{number}")
            for number, count in enumerate(further, start=2)
        ]
        self.readout = keras.layers.Dense(outputs, self.last_activation, name="readout")
        self.state_size = self.output_size = outputs

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs of shape (rows, features)."""
        self.entry.build(input_shape)
        self.context.build((None, self.outputs))
        widths = iter(self.units)
        for layer in (*self.hidden, self.readout):
            layer.build((None, next(widths)))

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """One step: (rows, features) and the context (rows, outputs) to the output and the next context."""
        context = states[0]
        values = self.activation(self.entry(inputs) + self.context(context))
        for layer in self.hidden:
            values = layer(values)
        output = self.readout(values)
        return output, [self.decay * context + output]

    def get_config(self) -> dict[str, Any]:
        """The configuration of the cell, as `from_config` takes it."""
        base: dict[str, Any] = super().get_config()
        return base | {
            "units": self.units,
            "outputs": self.outputs,
            "activation": keras.activations.serialize(self.activation),
            "last_activation": keras.activations.serialize(self.last_activation),
            "decay": self.decay,
        }
