"""Layers, activations, losses and metrics of one's own, by which Keras models are opened; never taken from a store."""

from collections.abc import Iterator
from typing import Any

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.plugins import Kind

KERAS_OBJECTS = Kind("enstorage.keras_objects", "layer")


def register(name: str, object: Any) -> None:
    """Make a layer, activation, loss or metric of one's own known, so that Keras models with it are kept and opened.

    It counts in this process alone: call it in each program that opens such models, or let a package register the object
    under the entry points `enstorage.keras_objects`. Nothing of it is kept in a store.

    Args:
        name: as the model names it: that of the class or function.
        object: the class or function.

    Raises:
        InvalidInputError: the name is no identifier, the object cannot be called, or the name is of something else.
    """
    if not isinstance(name, str) or not name.isidentifier() or not callable(object):
        raise InvalidInputError(
            f"{name!r:.60} and {object!r:.60} cannot be registered; expected the name of a class or function, and the class "
            "or function itself: register('scaled_tanh', scaled_tanh)."
        )
    plugins.register(KERAS_OBJECTS, name, object)


def is_registered(name: object) -> bool:
    """True if an object of that name was registered, here or by a package."""
    return isinstance(name, str) and plugins.has(KERAS_OBJECTS, name)


def own_objects(config: Any) -> dict[str, Any]:
    """The registered objects that an architecture names, by their names.

    Args:
        config: the architecture, as Keras writes it as JSON. What it does not name is not loaded.
    """
    found = {}
    for text in set(_texts(config)):
        name = text.rpartition(">")[2]  # what is registered with Keras too has a package in front
        if is_registered(name):
            found[name] = found[text] = plugins.load(KERAS_OBJECTS, name)
    return found


def _texts(config: Any) -> Iterator[str]:
    if isinstance(config, str):
        yield config
    elif isinstance(config, dict | list):
        for each in config.values() if isinstance(config, dict) else config:
            yield from _texts(each)
