"""The losses that networks are trained on, one number for each row."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from entrainer.backend import load_keras

if TYPE_CHECKING:
    import jax

    from entrainer.settings.training import Training

PINBALL = "pinball"
LOSSES = ("mse", "mae", "huber", "log_cosh", "binary_crossentropy", "categorical_crossentropy", PINBALL)
"""The losses a network can be trained on: those of Keras by their names there, and `pinball` for quantiles."""

RowLoss = Callable[[Any, Any], "jax.Array"]
"""From y (rows, targets) and predictions (rows, outputs) to one loss for each row, (rows,)."""


def row_loss(training: "Training") -> RowLoss:
    """The loss of a training."""
    if training.loss == PINBALL:
        return partial(pinball, training.quantiles)
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
