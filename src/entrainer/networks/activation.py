"""The textbook's activations for networks in NumPy: the output of a unit, and the error propagated back through it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from enstorage.errors import InvalidInputError

Array = NDArray[np.float64]


class Activation(NamedTuple):
    """One activation f.

    Attributes:
        output: From sums s to f(s), along the last axis.
        back: From f(s) and the error there to the error at s: the error times the derivative.
    """

    output: Callable[[Array], Array]
    back: Callable[[Array, Array], Array]


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(lambda s: s, lambda _, error: error),
    # It has no slope; the rules of Rosenblatt and of Widrow and Hoff take the error as it is.
    "threshold": Activation(lambda s: (s >= 0).astype(np.float64), lambda _, error: error),
    "linear_threshold": Activation(lambda s: np.clip(s, 0, 1), lambda f, error: error * ((f > 0) & (f < 1))),
    "sigmoid": Activation(expit, lambda f, error: error * f * (1 - f)),
    "tanh": Activation(np.tanh, lambda f, error: error * (1 - f * f)),
    "relu": Activation(lambda s: np.maximum(s, 0), lambda f, error: error * (f > 0)),
    "softmax": Activation(
        lambda s: softmax(s, axis=-1), lambda f, error: f * (error - (f * error).sum(axis=-1, keepdims=True))
    ),
}
"""Every activation by name; the linear threshold is a ramp from 0 at 0 to 1 at 1."""


def find(owner: Any, name: str, *, sloped: bool = False) -> Activation:
    """The activation that a field of an estimator names.

    Args:
        owner: The estimator.
        name: Of its field.
        sloped: Refuse those without a derivative, which cannot be trained by back-propagation.

    Raises:
        InvalidInputError: No such activation is known.
    """
    word = getattr(owner, name)
    known = [each for each in ACTIVATIONS if not (sloped and each == "threshold")]
    if word not in known:
        raise InvalidInputError(f"{type(owner).__name__}: {name} is {word!r}; expected one of: {', '.join(known)}.")
    return ACTIVATIONS[word]
