"""Connections: places of data outside of the store, named in recipes and set by whoever starts the process.

A recipe has the name alone, so that no secret is stored, and nobody who writes a recipe reaches a place that was not named.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from posixpath import normpath

from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.places.logs import hide_in_logs
from enstorage.places.masking import masked

#: Of the variables that have the URLs, such as ENSTORAGE_CONNECTION_GRID=postgresql://user:password@host/database.
PREFIX = "ENSTORAGE_CONNECTION_"
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


def connections() -> dict[str, str]:
    """The URLs of the connections that this process knows, by their names."""
    found = ((name.removeprefix(PREFIX).lower(), url) for name, url in os.environ.items() if name.startswith(PREFIX))
    return {name: url for name, url in sorted(found) if url and _NAME.fullmatch(name)}


def check_connection(name: object) -> str:
    """The name of a connection, if it can be one; it need not be known in this process.

    Raises:
        InvalidInputError: it cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        # The value is not told: it may be an address with a password.
        raise InvalidInputError(
            f"connection is no name of small letters, digits and _. URLs are not stored: give the name whose URL stands in "
            f"a variable, such as grid for {PREFIX}GRID.",
            field="connection",
        )
    return name


def connection_url(name: str, schemes: Collection[str] = ()) -> str:
    """The URL of a connection; from now on logs of drivers show no secret of it.

    Args:
        name: of the connection.
        schemes: of the URLs that can be used; () for all.

    Raises:
        InvalidInputError: its URL has another scheme.
        NotFoundError: this process does not know it.
    """
    url = connections().get(check_connection(name))
    if url is None:
        raise NotFoundError(
            f"There is no connection {name!r} here; known are {', '.join(connections()) or 'none'}. Set "
            f"{PREFIX}{name.upper()} to its URL where the process starts.",
            field="connection",
        )
    if schemes and url.partition(":")[0].lower() not in schemes:
        raise InvalidInputError(
            f"The connection {name!r} is {masked(url)}; expected a URL that begins with {', '.join(sorted(schemes))}. "
            f"Correct {PREFIX}{name.upper()}, or name another connection.",
            field="connection",
        )
    hide_in_logs(url)
    return url


def check_path(path: object) -> str:
    """A path below a connection, with slashes, if it leads nowhere else.

    Raises:
        InvalidInputError: it is empty, absolute, or has parts such as `..`.
    """
    text = path if isinstance(path, str) else ""
    fits = text.isprintable() and not set("\\%") & set(text) and normpath(text) == text and "://" not in text
    if not fits or text in ("", ".") or text.startswith(("/", "..", "~")):
        raise InvalidInputError(
            f"path is {path!r:.80}; expected one below the connection, such as forecasts/load.csv, without .. and without a "
            "slash at its beginning. Correct it.",
            field="path",
        )
    return text


def check_folder(path: Path) -> None:
    """Refuse a file of this machine that is in no folder of a connection, such as `file:///data/inbox`.

    Raises:
        InvalidInputError: it is in none.
    """
    folders = [_folder_of(url) for url in connections().values() if url.lower().startswith("file:/")]
    if not any(path.resolve().is_relative_to(folder) for folder in folders):
        raise InvalidInputError(
            f"{path} is in no folder that a connection names; expected one of {', '.join(map(str, folders)) or 'none yet'}. "
            f"Set a variable such as {PREFIX}INBOX=file:///data/inbox where the process starts.",
            field="path",
        )


def _folder_of(url: str) -> Path:
    return Path(re.sub(r"^[^:]*:(//[^/]*)?", "", url).partition("?")[0]).resolve()
