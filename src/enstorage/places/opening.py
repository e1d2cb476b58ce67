"""Errors that a driver raises while a store is opened, told as ours.

Drivers check the options of a URL late, each with errors of its own, and some of these hold a password.
"""

from collections.abc import Callable
from typing import TypeVar

from enstorage.errors import EnstorageError, InvalidInputError, StoreError
from enstorage.places.masking import masked, scrubbed, shown_cause

T = TypeVar("T")

_LONGEST_REASON = 300

# Kinds of errors, the class of ours, the fact, what is expected and what to do. The first that fits counts. UnicodeError is
# a ValueError, and its text holds characters of what could not be encoded.
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[EnstorageError], str, str], ...] = (
    (UnicodeError, InvalidInputError, "a part of it has characters that cannot be sent",
     "Expected characters that the driver knows, mostly those of Latin-1 or UTF-8. Correct user, password and names in the "
     "URL, or change the password."),
    (TypeError, InvalidInputError, "its driver does not take an option of the URL",
     "Expected options of the driver after the question mark. Correct or remove the option."),
    ((FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError), InvalidInputError,
     "a file that it names cannot be read",
     "Expected files, such as certificates, that are there and may be read. Correct the path in the URL."),
    ((ValueError, KeyError), InvalidInputError, "a part of it has a value that cannot be used",
     "Expected a number as port, and options with values that the driver knows. Correct the URL."),
)  # fmt: skip


def opened(what: str, url: str, act: Callable[[], T]) -> T:
    """The result of `act`, which reads a URL or opens the store that it names.

    Args:
        what: the kind of the store, such as `database`.
        url: its URL.
        act: what is done.

    Raises:
        EnstorageError: as `act` raises it; InvalidInputError or StoreError for every other error.
    """
    try:
        return act()
    except EnstorageError:
        raise
    except Exception as error:  # noqa: BLE001 - every driver has its own errors
        raise _translated(what, url, error) from shown_cause(error, url)


def _translated(what: str, url: str, error: Exception) -> EnstorageError:
    place = f"The {what} {masked(url)} cannot be opened"
    words = " ".join(scrubbed(error, url).split())[:_LONGEST_REASON].rstrip(". ")
    for kinds, ours, fact, remedy in _KINDS:
        if isinstance(error, kinds):
            received = "" if isinstance(error, UnicodeError) or not words else f" ({words})"
            return ours(f"{place}: {fact}{received}. Nothing was changed. {remedy}")
    return StoreError(
        f"{place}: {type(error).__name__}{f', {words}' if words else ''}. Nothing was changed. Expected a store that can be "
        "reached and a driver that is complete. Check the URL, and what the driver needs."
    )
