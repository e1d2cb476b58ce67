"""Imports that need not be waited for."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from enstorage import Model

if TYPE_CHECKING:
    from entrainer.compiled.group import Chunk


class LoadWhileTraining:
    """A progress function that at its first call, once the networks run, begins to import modules in a thread of its own.

    The running networks leave Python alone, while compiling them, before that, does not: beside it, imports cost more than
    they save. A module that cannot be imported is not reported here but where it is used.

    Args:
        modules: what will be needed after the training.
        report: called as well with what is done; None for none.
    """

    def __init__(self, modules: Iterable[str], report: "Callable[[Chunk], Any] | None" = None) -> None:
        self._thread: Thread | None = Thread(target=_load, args=(tuple(modules),), daemon=True)
        self._report = report

    def __call__(self, _models: Sequence[Model], chunk: "Chunk") -> None:
        """See `entrainer.fit`."""
        if self._thread is not None:
            self._thread.start()
            self._thread = None
        if self._report is not None:
            self._report(chunk)


def _load(modules: Iterable[str]) -> None:
    for module in modules:
        try:
            import_module(module)
        except ImportError:
            return
