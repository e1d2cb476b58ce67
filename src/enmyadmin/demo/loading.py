"""Imports in another thread, during the training."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from enstorage import Model

if TYPE_CHECKING:
    from entrainer.compiled.group import Chunk


class LoadWhileTraining:
    """A monitor of a training that at its first call, once the networks run, begins to import modules in another thread.

    The running networks leave Python alone, while compiling them, before that, does not: beside it, imports cost more than
    they save. A module that cannot be imported is not reported here but where it is used.

    Args:
        modules: what will be needed after the training.
    """

    def __init__(self, modules: Iterable[str]) -> None:
        self._thread: Thread | None = Thread(target=_load, args=(tuple(modules),), daemon=True)

    def __call__(self, _models: Sequence[Model], _chunk: "Chunk") -> None:
        """See `entrainer.fit`."""
        if self._thread is not None:
            self._thread.start()
            self._thread = None


def _load(modules: Iterable[str]) -> None:
    for module in modules:
        try:
            import_module(module)
        except ImportError:
            return
