"""The losses that networks are trained on, one number for each row: those of Keras by their names there, and two of ours.

Their list is that of `enstorage.metrics.catalogue.LOSSES`.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.metrics import classes
from entrainer.backend import load_keras

if TYPE_CHECKING:
    import jax

    from entrainer.settings.training import Training

PINBALL = "pinball"
TWO_SIDED = "two_sided_crossentropy"
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


def measured_loss(loss: RowLoss) -> RowLoss:
    """The loss that counts 0 for each target that was not measured, which is NaN in y.

    The sum over rows, divided by the sum of their `measured_share`, is the mean over all measured targets.

    Args:
        loss: The mean or the sum over the targets of a row of a loss of each; not of classes, whose targets belong together.
    """
    import jax.numpy as jnp

    together = jnp.sum if loss is two_sided_crossentropy else jnp.mean

    def of_measured(y: Any, predicted: Any) -> "jax.Array":
        known = ~jnp.isnan(y)
        # A missing truth is replaced before the loss: the gradient of NaN is NaN even where it is masked.
        each = loss(jnp.reshape(jnp.where(known, y, 0), (-1, 1)), jnp.reshape(predicted, (known.size, -1)))
        return together(jnp.where(known, jnp.reshape(each, known.shape), 0), axis=-1)

    return of_measured


def measured_share(y: Any) -> "jax.Array":
    """The share of the targets of each row that were measured; (rows, targets) → (rows,)."""
    import jax.numpy as jnp

    return jnp.mean(~jnp.isnan(y), axis=-1, dtype=jnp.float32)


def mean_loss(training: "Training", y: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """The loss of a training over all rows.

    Args:
        training: the settings.
        y: (rows, targets); NaN where a target was not measured, at least one of which was.
        predicted: (rows, outputs).
    """
    loss, known = row_loss(training), ~np.isnan(y)
    rows = known.any(axis=1)
    y, predicted = y[rows], predicted[rows]
    if known[rows].all():
        return float(np.mean(loss(y, predicted)))
    return float(np.sum(measured_loss(loss)(y, predicted)) / np.sum(measured_share(y)))


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
    """The sum over outputs of −y·ln p − (1 − y)·ln(1 − p), as in the list of losses and metrics.

    `binary_crossentropy` is its mean over the outputs, and `categorical_crossentropy` its first term alone. An output that
    is clipped has no gradient.

    Args:
        y: between 0 and 1, (rows, targets).
        predicted: p, (rows, targets).
    """
    import jax.numpy as jnp

    loss: jax.Array = classes.two_sided_crossentropy(jnp, y, predicted)
    return loss
