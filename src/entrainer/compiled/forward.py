"""Predicts with a whole group of networks as one compiled program."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.compiled.member import TrainedNetwork
from entrainer.compiled.padding import blocks_of, padded, stack, stack_one


def predict_together(networks: Sequence[TrainedNetwork], Xs: Sequence[NDArray[Any]]) -> list[NDArray[np.float64]]:
    """Predicts with networks of one architecture by one compiled program, dropout off.

    Args:
        networks: At least one; grouped as `train_together` requires.
        Xs: One array (rows, …) per network.

    Returns:
        One array per network: (rows, outputs).

    Raises:
        InvalidInputError: The networks cannot be one group, or an X does not fit its network.
    """
    shapes = [np.shape(X) for X in Xs]
    if [shape[1:] for shape in shapes] != [network.shape for network in networks]:
        raise InvalidInputError(
            f"X has the shapes {shapes}; expected one (rows, …) per network, with samples of "
            f"{[network.shape for network in networks]}. Give every network the samples of its own data set."
        )
    load_keras()
    from entrainer.compiled.initial_weights import blueprint
    from entrainer.compiled.stateless import ROWS_AT_ONCE, forward_program

    first = networks[0]
    common, largest = first.network.common(), max(network.shape for network in networks)
    plan = blueprint(common, largest, first.outputs)
    longest = next(network.weights for network in networks if network.shape == largest)
    shared = len(Xs) > 1 and all(X is Xs[0] for X in Xs)
    rows = padded(max(shape[0] for shape in shapes), ROWS_AT_ONCE)
    own = list(zip(*(network.weights for network in networks), strict=True))
    outputs = []
    # A block at a time, as in training: all weights and rows of many networks need not fit into memory at once.
    for block in blocks_of(len(networks), plan.beside):
        stacks = [stack([each[i] for i in block], size.shape) for each, size in zip(own, longest, strict=True)]
        X = stack_one(Xs[0], (rows, *largest)) if shared else stack([Xs[i] for i in block], (rows, *largest))
        outputs.append(
            forward_program(common, largest, first.outputs, shared=shared)(
                [each for each, trained in zip(stacks, plan.trained, strict=True) if trained],
                [each for each, trained in zip(stacks, plan.trained, strict=True) if not trained],
                X,
            )
        )
    predicted = np.concatenate([np.asarray(each, np.float64) for each in outputs])
    return [values[: shape[0]] for values, shape in zip(predicted, shapes, strict=False)]
