"""Private parts of Keras that are used here, all in one place: a new version of Keras is checked against this file."""

from typing import Any

from entrainer.backend import load_keras


def layers_of(model: Any) -> list[Any]:
    """The layers of a model, nested ones too; a layer comes before the layers inside it."""
    return list(model._flatten_layers())


def non_trainable_variables_of(layer: Any) -> list[Any]:
    """The variables of a layer itself that no gradient trains."""
    return list(layer._non_trainable_variables)


def is_used_once(layer: Any) -> bool:
    """True for a layer that stands at one place of a model only."""
    return len(layer._inbound_nodes) == 1


def recurrent_dropout_cell() -> type:
    """The base of the cells with `dropout` and `recurrent_dropout`."""
    load_keras()
    from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

    cell: type = DropoutRNNCell
    return cell


def place_of_learning_rate(optimizer: Any) -> int:
    """The place of the learning rate among the variables of an optimiser."""
    return next(place for place, each in enumerate(optimizer.variables) if each is optimizer._learning_rate)
