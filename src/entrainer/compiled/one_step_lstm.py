"""LSTM layers with one time step: their initial state is zero, so products with it are not computed."""

from functools import partial
from typing import TYPE_CHECKING, Any

from entrainer.backend import load_keras
from entrainer.keras_internals import is_used_once, layers_of

if TYPE_CHECKING:
    import keras


def leave_out_zeros(model: "keras.Model") -> set[int]:
    """Make every LSTM layer of a model that has one time step skip the products with its zero state.

    The results are equal except for rounding; the layer's recurrent kernel, most of its weights, is no longer read.

    Args:
        model: A model of `entrainer.compiled.initial_weights.blank_model`; it is changed.

    Returns:
        The `id` of every variable that has no gradient then. An optimiser without weight decay never changes it.
    """
    load_keras()
    idle = set()
    for layer in layers_of(model):
        if _sees_one_step(layer):
            layer.inner_loop = partial(_first_step, layer)
            idle.add(id(layer.cell.recurrent_kernel))
    return idle


def _sees_one_step(layer: Any) -> bool:
    from keras.layers import LSTM

    if type(layer) is not LSTM or not is_used_once(layer):
        return False  # others have other equations, and a layer that is used twice may see more than one step
    cell, inputs = layer.cell, layer.input
    plain = not (layer.stateful or cell.dropout or cell.recurrent_dropout)
    free = cell.recurrent_regularizer is None and cell.recurrent_constraint is None
    return plain and free and not isinstance(inputs, list) and inputs.shape[1] == 1


def _first_step(layer: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
    """The result of `LSTM.inner_loop` for a state of zeros: the last output, all outputs, the states.

    Args:
        layer: The LSTM layer.
        sequences: (rows, 1, features).
        initial_state: Zeros, not read.
        mask: Mask of the steps; if there is one, Keras' own loop runs.
        training: Passed on to Keras' own loop.
    """
    if mask is not None:
        return type(layer).inner_loop(layer, sequences, initial_state, mask, training)
    from keras import ops

    cell = layer.cell
    gates = ops.matmul(sequences[:, 0], cell.kernel)
    if cell.use_bias:
        gates = ops.add(gates, cell.bias)
    input_gate, _, candidate, output_gate = ops.split(gates, 4, axis=1)  # the forget gate multiplies a state of zeros
    carry = cell.recurrent_activation(input_gate) * cell.activation(candidate)
    output = cell.recurrent_activation(output_gate) * cell.activation(carry)
    return output, ops.expand_dims(output, 1), [output, carry]
