"""Checks of the parameters of specifications and settings: one message for each kind of mistake."""

import re
from collections.abc import Collection
from typing import Any

from enstorage.errors import InvalidInputError

ACTIVATIONS = (
    *("linear", "relu", "leaky_relu", "relu6", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign"),
    *("softmax", "sigmoid", "hard_sigmoid", "hard_tanh", "tanh", "exponential"),
)
"""The activations of layers, by their Keras names; `hard_sigmoid` is a linear threshold."""

INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"),
)
"""How weights are drawn, by the Keras names; besides `normal(deviation)` and `uniform(limit)`, around 0."""

_DRAWN = re.compile(r"(normal|uniform)\(([0-9.e+-]+)\)")


def check_sizes(spec: Any, name: str, *, may_be_empty: bool = False) -> None:
    """Checks a field of whole numbers of at least 1, and keeps it as a tuple, which JSON has not."""
    given = getattr(spec, name)
    sizes = tuple(given) if isinstance(given, list | tuple) else None
    if sizes is None or not all(map(_is_size, sizes)) or not (sizes or may_be_empty):
        example = "(64, 32), or () for none" if may_be_empty else "(64, 32)"
        _refuse(spec, name, f"whole numbers of at least 1, one for each layer, such as {example}", verb="are")
    object.__setattr__(spec, name, sizes)


def check_size(spec: Any, name: str, least: int = 1) -> None:
    """Checks a field that is a whole number of at least so many."""
    value = getattr(spec, name)
    if type(value) is not int or value < least:
        _refuse(spec, name, f"a whole number of at least {least}")


def check_number(spec: Any, name: str, least: float, *, above: bool = False) -> None:
    """Checks a field that is a finite number of at least, or above, some bound."""
    value = getattr(spec, name)
    fits = type(value) in (int, float) and (value > least if above else value >= least) and value < float("inf")
    if not fits:
        _refuse(spec, name, f"a number {'above' if above else 'of at least'} {least}")


def check_rate(spec: Any, name: str) -> None:
    """Checks a field that is a part of a whole."""
    rate = getattr(spec, name)
    if type(rate) not in (int, float) or not 0 <= rate < 1:
        _refuse(spec, name, "a number from 0 up to, but not including, 1")


def check_choice(spec: Any, name: str, known: Collection[str] = ACTIVATIONS, *, may_be_none: bool = False) -> None:
    """Checks a field that is one of a few words, by default an activation, or None where that is right too."""
    given = getattr(spec, name)
    if given not in known and not (given is None and may_be_none):
        _refuse(spec, name, f"{'None, or ' if may_be_none else ''}one of: {', '.join(known)}")


def check_initializer(spec: Any, name: str) -> None:
    """Checks a field that says how weights are drawn."""
    word = getattr(spec, name)
    if word in INITIALIZERS:
        return
    if not isinstance(word, str) or _spread(word) is None:
        _refuse(
            spec,
            name,
            f"normal(deviation) or uniform(limit) with a number above 0, or one of: {', '.join(INITIALIZERS)}",
        )


def check_model_id(spec: Any, name: str) -> None:
    """Checks a field that is the id of a stored model, or None."""
    given = getattr(spec, name)
    if given is not None and not _is_size(given):
        _refuse(spec, name, "the id of a stored model, or None")


def make_initializer(keras: Any, word: str) -> Any:
    """A fresh Keras initialiser: one that is shared draws the same numbers for every layer."""
    if word in INITIALIZERS:
        return keras.initializers.get(word)
    spread = _spread(word)
    if word.startswith("normal"):
        return keras.initializers.RandomNormal(stddev=spread)
    return keras.initializers.RandomUniform(-spread, spread)  # type: ignore[operator] # checked by check_initializer


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 1


def _spread(word: str) -> float | None:
    found = _DRAWN.fullmatch(word)
    try:
        spread = float(found[2]) if found else 0.0
    except ValueError:
        return None
    return spread if 0 < spread < float("inf") else None


def _refuse(spec: Any, name: str, expected: str, *, verb: str = "is") -> None:
    raise InvalidInputError(f"{type(spec).__name__}'s {name} {verb} {getattr(spec, name)!r}; expected {expected}.")
