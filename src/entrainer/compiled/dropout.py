"""Rates of dropout as data: one compiled program trains members that differ in them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from entrainer.backend import load_keras
from entrainer.keras_internals import layers_of, recurrent_dropout_cell

if TYPE_CHECKING:
    import keras


def sites(model: "keras.Model") -> list[tuple[Any, str]]:
    """The places of a model's rates above 0: a layer or the cell of one, and the name of its attribute."""
    dropout, cell = load_keras().layers.Dropout, recurrent_dropout_cell()
    found = []
    for layer in layers_of(model):
        names = (("rate", dropout), ("dropout", cell), ("recurrent_dropout", cell))
        found += [(layer, name) for name, kind in names if isinstance(layer, kind) and getattr(layer, name) > 0]
    return found


@contextmanager
def rates(model: "keras.Model", values: Sequence[Any]) -> Iterator[None]:
    """Have a model drop at the given rates inside the block, in the order of `sites`; they may be traced."""
    own = [(owner, name, getattr(owner, name)) for owner, name in sites(model)]
    for (owner, name, _), value in zip(own, values, strict=True):
        setattr(owner, name, _Rate(value))
    try:
        yield
    finally:
        for owner, name, value in own:
            setattr(owner, name, value)


class _Rate:
    """A traced rate. Keras checks that it lies between 0 and 1, and subtracts it from 1."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __gt__(self, _other: float) -> bool:
        return True

    def __lt__(self, _other: float) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __rsub__(self, one: float) -> Any:
        return one - self._value
