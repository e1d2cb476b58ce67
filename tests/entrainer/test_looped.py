"""Convolution and pooling that are fast inside a compiled loop give what those of Keras give."""

import jax
import keras
import numpy as np
import pytest

from entrainer.networks.layer import Convolution, Pooling

SHAPES = {1: (9, 2), 2: (9, 8, 2), 3: (5, 6, 7, 2)}


def values_and_slopes(layer, X):
    def total(X):
        values = layer(X)
        return (values**2).sum(), values

    slopes, values = jax.jit(jax.grad(total, has_aux=True))(X)  # one program, which compiles faster than its steps
    return np.asarray(values), np.asarray(slopes)


def check_equal(ours, theirs, axes):
    X = np.random.default_rng(axes).normal(size=(3, *SHAPES[axes])).astype(np.float32)
    theirs.build(X.shape)
    ours.build(X.shape)
    ours.set_weights(theirs.get_weights())
    for got, expected in zip(values_and_slopes(ours, X), values_and_slopes(theirs, X), strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("axes", "size"), [(1, 3), (1, 4), (2, 3), (2, 4), (2, 1), (3, 3)])
def test_convolution_by_a_matrix_product_is_convolution(axes, size, padding):
    (ours,) = Convolution(4, size, padding=padding, activation="tanh").make(keras, axes)
    theirs = getattr(keras.layers, f"Conv{axes}D")(4, size, padding=padding, activation="tanh")
    check_equal(ours, theirs, axes)


@pytest.mark.parametrize("of", ["max", "average"])
@pytest.mark.parametrize(("axes", "size"), [(1, 2), (2, 2), (2, 3), (3, 2)])
def test_pooling_by_shape_is_pooling_and_leaves_out_what_is_left_over(axes, size, of):
    (ours,) = Pooling(size, of=of).make(keras, axes)
    theirs = getattr(keras.layers, f"{of.capitalize()}Pooling{axes}D")(size)
    check_equal(ours, theirs, axes)


def test_what_is_stored_are_layers_of_keras(tmp_path):
    layers = [*Convolution(3).make(keras, 2), *Pooling(2).make(keras, 2)]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in again.layers] == [keras.layers.Conv2D, keras.layers.MaxPooling2D]
    assert "convolution_op" not in vars(again.layers[0])
    X = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(again(X), model(X), rtol=1e-5, atol=1e-6)
