"""Metrics of probabilities of classes, and losses of networks that forecast them."""

from typing import Any

import numpy as np

from enstorage.metrics.judged import Floats, Judged

_LEAST, _LEAST_OF_SINGLE, _CLIP = 1e-15, 1e-7, (1e-10, 0.9999999)


def hits(_xp: Any, y: Any, predicted: Any) -> Any:
    """True for each row whose most probable class is the right one; of a single column, the second of two classes."""
    if y.shape[1] == 1:
        return (predicted[:, 0] > 0.5) == (y[:, 0] > 0.5)
    return predicted.argmax(axis=1) == y.argmax(axis=1)


def log_losses(xp: Any, y: Any, predicted: Any) -> Any:
    """−ln of the probability of the right class, of at least 1e-15; of a single column, the second of two classes."""
    if y.shape[1] == 1:
        y, predicted = xp.hstack([1 - y, y]), xp.hstack([1 - predicted, predicted])
    return xp.log(1 / xp.clip((y * predicted).sum(axis=1), _LEAST, 1))


def binary_crossentropy(xp: Any, y: Any, predicted: Any) -> Any:
    """The mean over outputs of −y·ln p − (1 − y)·ln(1 − p), with p clipped to [1e-7, 1 − 1e-7] as Keras does it."""
    p = xp.clip(predicted, _LEAST_OF_SINGLE, 1 - _LEAST_OF_SINGLE)
    return -xp.mean(y * xp.log(p) + (1 - y) * xp.log(1 - p), axis=1)


def categorical_crossentropy(xp: Any, y: Any, predicted: Any) -> Any:
    """The sum over outputs of −y·ln p, with p divided by its sum and clipped as Keras does it."""
    p = predicted / predicted.sum(axis=1, keepdims=True)
    return -xp.sum(y * xp.log(xp.clip(p, _LEAST_OF_SINGLE, 1 - _LEAST_OF_SINGLE)), axis=1)


def two_sided_crossentropy(xp: Any, y: Any, predicted: Any) -> Any:
    """The sum over outputs of −y·ln p − (1 − y)·ln(1 − p), with p clipped to [1e-10, 0.9999999]."""
    p = xp.clip(predicted, *_CLIP)
    return -xp.sum(y * xp.log(p) + (1 - y) * xp.log(1 - p), axis=-1)


def accuracy(judged: Judged) -> float:
    """The share of samples whose most probable class is the right one."""
    right, probabilities = _samples(judged)
    return float(hits(np, right, probabilities).mean())


def log_loss(judged: Judged) -> float:
    """The mean over samples of −ln of the probability of the right class."""
    right, probabilities = _samples(judged)
    return float(log_losses(np, right, probabilities).mean())


def _samples(judged: Judged) -> tuple[Floats, Floats]:
    """1 for the class of each sample and the probabilities, both of shape (samples, classes)."""
    shape = (-1, judged.classes or 1)
    return judged.truth.reshape(shape), judged.forecast.reshape(shape)
