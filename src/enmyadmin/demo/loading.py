"""Imports that need not be waited for."""

from collections.abc import Iterable
from importlib import import_module
from threading import Thread


def load_beside(*modules: str) -> None:
    """Import modules in a thread of their own, while the compiler of the networks keeps only one core busy.

    A module that cannot be imported is not reported here but where it is used.
    """
    Thread(target=_load, args=(modules,), daemon=True).start()


def _load(modules: Iterable[str]) -> None:
    for module in modules:
        try:
            import_module(module)
        except ImportError:
            return
