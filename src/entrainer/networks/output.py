"""The last layer, which all networks have in common."""

from typing import Any

from enstorage.errors import InvalidInputError
from entrainer.networks.specification import NetworkSpec


def last_layer(
    keras: Any, spec: NetworkSpec, outputs: int, activation: str, initializer: Any = "glorot_uniform"
) -> Any:
    """A dense layer with one unit for each column of y.

    Raises:
        InvalidInputError: There is one output and its activation is softmax, which would always give 1.
    """
    check_outputs(spec, outputs, activation)
    return keras.layers.Dense(outputs, activation, kernel_initializer=initializer)


def check_outputs(spec: NetworkSpec, outputs: int, activation: str) -> None:
    """Refuses softmax over one output; raises as `last_layer`."""
    if activation == "softmax" and outputs == 1:
        raise InvalidInputError(
            f"The network {spec.name!r} ends with softmax and has one output, which would always be 1; softmax needs one "
            "output for each class. For numbers give last_activation='linear', for two classes 'sigmoid'."
        )
