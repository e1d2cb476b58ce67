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
"""How weights are drawn, by the Keras names; besides `normal(deviation)` and `uniform(limit)`, around 0."""

ZEROS = "zeros"
"""How biases start, unless they are drawn."""

_DRAWN = re.compile(r"(normal|uniform)\(([0-9.e+-]+)\)")


def check_activation(spec: Described, name: str, *, may_be_none: bool = False) -> None:
    """Refuse a field that is not an activation, or None where that is right too.

    Raises:
        InvalidInputError: It is not.
    """
    check_choice(spec, name, ACTIVATIONS, may_be_none=may_be_none)


def check_initializer(spec: Described, name: str, known: tuple[str, ...] = INITIALIZERS) -> None:
    """Checks a field that says how weights are drawn: `normal(deviation)`, `uniform(limit)`, or one of some names."""
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
    """Checks a field that is the id of a stored model, or None."""
    given = getattr(spec, name)
    if given is not None and not (is_whole(given) and given >= 1):
        refuse(spec, name, "the id of a stored model, or None")


def make_initializer(keras: Any, word: str) -> Any:
    """A fresh Keras initialiser: one that is shared draws the same numbers for every layer."""
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
