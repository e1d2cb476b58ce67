"""Connections to a SQLite file, also where nothing can be written beside it."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

# What SQLite says where it cannot make the files `-wal` and `-shm`, which it needs even to read.
_NO_ROOM_BESIDE = ("unable to open database file", "disk i/o error", "disk is full", "readonly database")


class ReadOnlyConnection(sqlite3.Connection):
    """A connection to a file beside which nothing could be written; for one transaction, since that may pass."""


def connect(path: str, options: dict[str, Any]) -> sqlite3.Connection:
    """Connect to a file; where nothing can be written beside it, to read it only.

    On a full disk, and on one that may only be read, SQLite cannot make the files in which readers and writers meet. Then
    nobody can write, and the file is read as it is. A log that a killed process left is read too, by one reader at a time,
    if the file itself may be written.

    Args:
        path: of the file.
        options: of `sqlite3.connect`.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    connection: sqlite3.Connection = sqlite3.connect(path, **options)
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as error:
        connection.close()
        if not any(words in str(error).lower() for words in _NO_ROOM_BESIDE) or not Path(path).is_file():
            raise
        return _connect_to_read(path, options)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: str, options: dict[str, Any]) -> sqlite3.Connection:
    has_log = False
    with suppress(OSError):
        has_log = Path(f"{path}-wal").stat().st_size > 0
    connection: sqlite3.Connection
    given = {**options, "factory": ReadOnlyConnection}
    if has_log:
        connection = sqlite3.connect(path, **given)
        first = "PRAGMA locking_mode=EXCLUSIVE"
    else:
        place = quote(str(Path(path).absolute()))
        connection = sqlite3.connect(f"file:{place}?mode=ro&immutable=1", **{**given, "uri": True})
        first = "PRAGMA query_only=ON"
    try:
        connection.execute(first)
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA schema_version")
    except BaseException:
        connection.close()
        raise
    return connection
