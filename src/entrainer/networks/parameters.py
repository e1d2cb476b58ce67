"""Parameters of networks: activations, initialisers, and their checks."""

import re
from typing import Any

from enstorage.parameters.described import Described, check_choice, is_whole, refuse

ACTIVATIONS = (
    *("linear", "relu", "leaky_relu", "relu6", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign"),
    *("softmax", "sigmoid", "hard_sigmoid", "hard_tanh", "tanh", "exponential"),
)
"""The activations of layers, by their Keras names; `hard_sigmoid` is a linear threshold."""

INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"),
)
"""Initialisers of weights, by their Keras names; also allowed: `normal(deviation)`, `uniform(limit)`, around 0."""

ZEROS = "zeros"
"""The initialiser of biases, unless another is given."""

_DRAWN = re.compile(r"(normal|uniform)\(([0-9.e+-]+)\)")


def check_activation(spec: Described, name: str, *, may_be_none: bool = False) -> None:
    """Check that a field is an activation, or None if `may_be_none`.

    Raises:
        InvalidInputError: It is neither.
    """
    check_choice(spec, name, ACTIVATIONS, may_be_none=may_be_none)


def check_initializer(spec: Described, name: str, known: tuple[str, ...] = INITIALIZERS) -> None:
    """Check that a field is an initialiser: `normal(deviation)`, `uniform(limit)`, or one of the known names."""
    word = getattr(spec, name)
    if word in known:
        return
    if not isinstance(word, str) or _spread(word) is None:
        refuse(
            spec,
            name,
            f"normal(deviation) or uniform(limit) with a number above 0, or one of: {', '.join(known)}",
        )


def check_model_id(spec: Described, name: str) -> None:
    """Check that a field is the id of a stored model, or None."""
    given = getattr(spec, name)
    if given is not None and not (is_whole(given) and given >= 1):
        refuse(spec, name, "the id of a stored model, or None")


def make_initializer(keras: Any, word: str) -> Any:
    """Make a new Keras initialiser: a shared one would draw the same numbers for every layer."""
    if word in (*INITIALIZERS, ZEROS):
        return keras.initializers.get(word)
    spread = _spread(word)
    if word.startswith("normal"):
        return keras.initializers.RandomNormal(stddev=spread)
    return keras.initializers.RandomUniform(-spread, spread)  # type: ignore[operator] # checked by check_initializer


def _spread(word: str) -> float | None:
    found = _DRAWN.fullmatch(word)
    try:
        spread = float(found[2]) if found else 0.0
    except ValueError:
        return None
    return spread if 0 < spread < float("inf") else None
