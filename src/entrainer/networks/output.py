"""The output layer of all networks, and the activation that fits the targets."""

from dataclasses import fields, replace
from enum import Enum
from typing import Any

from enstorage.errors import InvalidInputError
from entrainer.networks.specification import NetworkSpec


class Targets(Enum):
    """The kind of targets y, and the activation of outputs that forecast them."""

    VALUES = "linear"
    #: 1 for samples of the second of two classes, else 0, shape (rows,).
    TWO_CLASSES = "sigmoid"
    #: One-hot classes, or shares that sum to 1, shape (rows, classes).
    CLASSES = "softmax"


_BETWEEN_0_AND_1 = ("softmax", "sigmoid", "hard_sigmoid")
# Last activations for a cross-entropy; the categorical one divides outputs by their sum, so they need only be positive.
_FOR_CROSSENTROPY = {
    "binary_crossentropy": _BETWEEN_0_AND_1,
    "two_sided_crossentropy": _BETWEEN_0_AND_1,
    "categorical_crossentropy": (*_BETWEEN_0_AND_1, "softplus", "exponential"),
}


def for_targets(network: NetworkSpec, targets: Targets, loss: str) -> NetworkSpec:
    """Return the network with the last activation that fits the targets, unless it names one.

    Args:
        network: the stored network.
        targets: the kind of targets of its data set.
        loss: the loss of its training.

    Raises:
        InvalidInputError: the network names an activation that does not fit the targets or the loss.
    """
    named = getattr(network, "last_activation", None)
    if named is None:
        if "last_activation" not in (field.name for field in fields(network)):
            return network
        # Values between 0 and 1, such as several yes-or-no targets.
        is_between = targets is Targets.VALUES and loss in ("binary_crossentropy", "two_sided_crossentropy")
        return replace(network, last_activation="sigmoid" if is_between else targets.value)  # type: ignore[call-arg]
    if named == "softmax" and targets is not Targets.CLASSES:
        raise InvalidInputError(
            f"The network {network.name!r} ends with softmax, whose outputs sum to 1; its targets are "
            f"{'values' if targets is Targets.VALUES else 'one column of 0 and 1'}. Leave last_activation out, to take "
            f"{targets.value!r} for them."
        )
    if loss in _FOR_CROSSENTROPY and named not in _FOR_CROSSENTROPY[loss]:
        raise InvalidInputError(
            f"The network {network.name!r} ends with {named!r}, and the loss {loss} needs outputs that are probabilities; "
            f"expected one of {', '.join(_FOR_CROSSENTROPY[loss])}. Leave last_activation out, or take another network or "
            "another loss."
        )
    return network


def last_layer(keras: Any, spec: NetworkSpec, outputs: int, activation: str | None, **initializers: Any) -> Any:
    """A dense layer with one unit for each column of y; without an activation it is linear.

    Raises:
        InvalidInputError: There is one output and its activation is softmax, which would always give 1.
    """
    check_outputs(spec, outputs, activation)
    return keras.layers.Dense(outputs, activation, **initializers)


def check_outputs(spec: NetworkSpec, outputs: int, activation: str | None) -> None:
    """Refuse softmax over one output; see `last_layer`."""
    if activation == "softmax" and outputs == 1:
        raise InvalidInputError(
            f"The network {spec.name!r} ends with softmax and has one output, which would always be 1; softmax needs one "
            "output for each class. For numbers give last_activation='linear', for two classes 'sigmoid'."
        )
