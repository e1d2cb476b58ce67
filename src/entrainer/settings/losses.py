"""The losses that networks are trained on, one number for each row."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from entrainer.backend import load_keras

if TYPE_CHECKING:
    import jax

    from entrainer.settings.training import Training

PINBALL = "pinball"
TWO_SIDED = "two_sided_crossentropy"
LOSSES = ("mse", "mae", "huber", "log_cosh", "binary_crossentropy", "categorical_crossentropy", TWO_SIDED, PINBALL)
"""The losses a network can be trained on: those of Keras by their names there, and those of the functions below."""

RowLoss = Callable[[Any, Any], "jax.Array"]
"""From y (rows, targets) and predictions (rows, outputs) to one loss for each row, (rows,)."""


def row_loss(training: "Training") -> RowLoss:
    """The loss of a training."""
    if training.loss == PINBALL:
        return partial(pinball, training.quantiles)
    if training.loss == TWO_SIDED:
        return two_sided_crossentropy
    function: RowLoss = load_keras().losses.get(training.loss)
    return function


def pinball(quantiles: tuple[float, ...], y: Any, predicted: Any) -> "jax.Array":
    """The mean over targets and quantiles of max(q·e, (q − 1)·e), where e is truth minus forecast.

    Its expected value is least where predictions are the quantiles (Koenker & Bassett 1978, Regression quantiles).

    Args:
        quantiles: Between 0 and 1.
        y: (rows, targets).
        predicted: (rows, targets · quantiles), the quantiles of the first target first.
    """
    import jax.numpy as jnp

    levels = jnp.asarray(quantiles, jnp.float32)
    error = y[..., None] - jnp.reshape(predicted, (*y.shape, len(quantiles)))
    return jnp.mean(jnp.maximum(levels * error, (levels - 1) * error), axis=(-2, -1))


def two_sided_crossentropy(y: Any, predicted: Any) -> "jax.Array":
    """The sum over outputs of −y·ln p − (1 − y)·ln(1 − p), with p clipped to [1e-10, 0.9999999].

    `binary_crossentropy` is its mean over the outputs, and `categorical_crossentropy` its first term alone. An output that
    is clipped has no gradient.

    Args:
        y: between 0 and 1, (rows, targets).
        predicted: p, (rows, targets).
    """
    import jax.numpy as jnp

    p = jnp.clip(predicted, 1e-10, 0.9999999)
    return -jnp.sum(y * jnp.log(p) + (1 - y) * jnp.log(1 - p), axis=-1)
