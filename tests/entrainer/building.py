"""Keras models with random weights, built at once: drawing weights by the layers themselves takes seconds."""

import jax
import numpy as np

from entrainer.backend import load_keras

load_keras()


def build(network, shape, outputs=1, seed=0):
    """The model of a specification, or of a function without arguments, with weights from N(0, 0.5)."""
    built = []
    make = network if callable(network) else lambda: network.build(shape, outputs)
    jax.eval_shape(lambda: built.append(make()))
    [model] = built
    random = np.random.default_rng(seed)
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) in weights:
            variable.assign(random.normal(scale=0.5, size=variable.shape))
        else:  # the state of a layer's random numbers
            variable.assign(random.integers(0, 1000, variable.shape))
    return model


def values(variables):
    return [np.asarray(variable.value) for variable in variables]
