"""Options of tables in messages, as the caller gives them: by keyword, on a command line, as a parameter of a loader."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

#: The text for an option: its name among `TableOptions`, or of a keyword beside them, and a value for it or None.
NameOfOption = Callable[[str, Any], str]


def _as_keyword(name: str, value: Any) -> str:
    return name if value is None else f"{name}={value!r}"


_naming: ContextVar[NameOfOption] = ContextVar("naming of the options of tables", default=_as_keyword)


def named(option: str, value: Any = None) -> str:
    """An option as the caller gives it: `date_order`, or what `named_by` says.

    Args:
        option: its name among `TableOptions`, or of a keyword beside them, such as `time_interval`.
        value: one to give; None for any.
    """
    return _naming.get()(option, value)


@contextmanager
def named_by(name: NameOfOption) -> Iterator[None]:
    """Messages about tables that are made within name options so."""
    token = _naming.set(name)
    try:
        yield
    finally:
        _naming.reset(token)
