"""Messages for statements that a database refuses."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from enstorage.database.url import is_in_memory
from enstorage.errors import DatabaseCorruptError, EnstorageError, StoreError
from enstorage.places.full_disk import is_full
from enstorage.places.masking import scrubbed, shown_cause

_FULL = r"1021\b|1114\b|53100|disk is full|No space left|is full"
# On a full disk SQLite says this of the files that it needs beside its own.
_NO_ROOM_BESIDE = r"readonly database|disk I/O error|unable to open database file"

#: Codes and words by which SQLite, MariaDB, MySQL and PostgreSQL say that their files are damaged.
DAMAGED = (
    r"file is not a database|malformed|file is encrypted|decode to UTF-8|XX00[12]|1034\b|1712\b|1877\b|is corrupted"
)

# Said of a value that is larger than the database can take.
_TOO_LARGE = r"1153\b|max_allowed_packet|54000|too big|too large"

# Pattern over the code and the words of the driver, the fact, the remedy. The first that is found counts.
_REFUSALS = (
    (r"1045\b|password authentication failed|no password supplied|Access denied for user .*using password",
     "user or password is wrong", "Correct them in the URL; special characters are written in percent form (@ as %40)."),
    (r"1049\b|database \".*\" does not exist|Unknown database",
     "there is no such database", "Make it with: CREATE DATABASE {database}. Or correct the name in the URL."),
    (r"1044\b|114[234]\b|42501|permission denied|command denied|must be owner",
     "the user may not do that", "Let the owner of the server grant the user all rights on database {database}."),
    (r"invalid connection option|invalid URI query parameter",
     "its driver does not take an option of the URL", "Correct or remove the option after the question mark."),
    (r"1040\b|1203\b|53300|too many connections|too many clients",
     "the server has no connection left", "Close other programs, or raise max_connections of the server."),
    (r"1205\b|55P03|lock timeout|Lock wait timeout|database is locked|database table is locked",
     "another process has been writing for a minute", "Find what holds the store for so long, and try again."),
    (r"readonly database",
     "it can only be read, and SQLite writes beside its file even to read it",
     "Change the permissions of the file and its folder, or open a copy."),
    (r"1290\b|1792\b|1836\b|25006|read-only",
     "it can only be read", "Make it writable, or let the user write to it."),
    (_FULL, "the disk is full", "What was stored before is safe and can be read. Make room on that disk, then try again."),
    (DAMAGED, "the file is damaged or no database", "Restore it from a backup, or choose another file."),
    (r"unable to open database file",
     "the file cannot be opened",
     "Check that its folder is there, and that you may read and write both: SQLite writes even to read. Or open a copy."),
    (r"2003\b|2002\b|2005\b|[Cc]onnection refused|could not translate host|Name or service not known|[Tt]imeout|timed out"
     r"|failed to resolve|No route to host|Network is unreachable|getaddrinfo",
     "the server cannot be reached", "Check host and port in the URL, and that the server runs."),
    (r"2006\b|2013\b|57P0[123]|0800[0-9]|server closed the connection|Lost connection|gone away|terminating connection"
     r"|connection is closed|[Cc]onnection reset|Packet sequence|Broken pipe",
     "the connection was lost", "Check that the server runs, then try again."),
)  # fmt: skip


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """The one place where errors of SQLAlchemy and its drivers become ours."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:  # the latter where a statement goes by SQLAlchemy
        cause = getattr(error, "orig", None)
        if isinstance(cause, EnstorageError):  # a column refused a value, in words of its own
            raise cause from shown_cause(error, _full(url))
        kind = DatabaseCorruptError if re.search(DAMAGED, _codes_and_words(error)) else StoreError
        raise kind(_message(url, error, "Nothing was changed.")) from shown_cause(error, _full(url))


def refuses_values(error: Exception) -> bool:
    """True if a statement failed because of the values in it, so that others can be written; false if none can be."""
    if not isinstance(error, StoreError):
        return not isinstance(error, MemoryError | OSError | ImportError)
    cause = error.__cause__
    if not isinstance(cause, DBAPIError):
        return isinstance(cause, StatementError)
    return isinstance(cause, DataError | IntegrityError) or bool(re.search(_TOO_LARGE, _codes_and_words(cause)))


def commit_lost(url: URL, error: DBAPIError) -> StoreError:
    """The error for a connection that broke while the server was committing."""
    return StoreError(
        _message(
            url, error, "It broke while the change was being kept: whether it was is not known. Look before you repeat."
        )
    )


def _message(url: URL, error: Exception, consequence: str) -> str:
    driver_words = _words(getattr(error, "orig", None) or error)
    words = scrubbed(driver_words, _full(url))
    codes_and_words = _codes_and_words(error)
    if _has_no_room(url, driver_words):
        codes_and_words = "disk is full"
    for pattern, fact, remedy in _REFUSALS:
        if re.search(pattern, codes_and_words):
            return f"The database {url.render_as_string()} refused: {fact} ({words}). {consequence} " + remedy.format(
                database=url.database
            )
    return (
        f"The database {url.render_as_string()} refused: {words}. {consequence} `enstorage check` says whether the store "
        "is whole."
    )


def _full(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _codes_and_words(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return f"{getattr(cause, 'sqlstate', None) or ''} {_words(cause)}"


def _has_no_room(url: URL, words: str) -> bool:
    """True if SQLite could not write beside its file because its disk is full."""
    if url.get_backend_name() != "sqlite" or is_in_memory(url) or not re.search(_NO_ROOM_BESIDE, words):
        return False
    return is_full(Path(str(url.database)).absolute().parent)


def _words(cause: BaseException) -> str:
    """The driver's own words in one line, without what it repeats for every address it tried."""
    if len(cause.args) == 2 and isinstance(cause.args[0], int):  # PyMySQL: code, text
        code, text = cause.args
        return f"{code}: {str(text).strip()}"
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0].removesuffix(".") if lines else type(cause).__name__
