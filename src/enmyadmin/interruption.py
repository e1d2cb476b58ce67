"""Ctrl-C: a command stops with one line that says what is kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Interrupted(Exception):  # noqa: N818 - no error: somebody asked for it
    """A command was stopped; the message says what is kept."""


def interruptible(command: Callable[P, T]) -> Callable[P, T]:
    """The command, which Ctrl-C stops with a message instead of a trace."""

    @wraps(command)
    def stopped_with_message(*arguments: P.args, **options: P.kwargs) -> T:
        with kept(lambda: "Unfinished work was not stored."):
            return command(*arguments, **options)

    return stopped_with_message


@contextmanager
def kept(message: Callable[[], str]) -> Iterator[None]:
    """On Ctrl-C inside the block, report what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped. {message()}") from None
