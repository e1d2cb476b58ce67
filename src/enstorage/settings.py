"""Settings: arguments first, then `ENSTORAGE_*`, then `enstorage.toml` in the working directory.

They are the URLs of the three stores, and limits of what is read from files of unknown origin.
"""

import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from enstorage.errors import InvalidInputError
from enstorage.places.folder import check_folder
from enstorage.places.masking import HIDDEN, is_name, looks_like_url, masked, scrubbed, shown_folder
from enstorage.terminal import printable

SETTINGS_FILE = "enstorage.toml"
DEFAULT_FOLDER = "enstorage-data"
_NAMES = ("database", "series", "objects")
_TEXTS = ("folder", *_NAMES)
#: Limits of files of unknown origin, by name, with their defaults.
LIMITS = {
    "max_bundle_text": 128 << 20,  # bytes of all JSON of a bundle
    "max_bundle_line": 16 << 20,  # bytes of the JSON of one record
    "max_bundle_elements": 3_000_000,  # values in all JSON of a bundle
    "max_bundle_levels": 100,  # nested lists and tables
    "max_bundle_directory": 16 << 20,  # bytes of the list of members of the archive
    "max_table_footer": 8 << 20,  # bytes of the footer of a Parquet table
    "max_object_parts": 2_000_000,  # values in the JSON of a model's object
    "max_object_ratio": 50,  # of an object, if it unpacks to more than 64 MiB
    "max_onnx_bytes": 600_000_000,  # of memory, beside the model itself
    "max_onnx_seconds": 10,  # for opening a model, and for each 1,024 samples
    "max_file_bytes": 500_000_000,  # also of what a packed file unpacks to
    "max_line_bytes": 1_000_000,
    "max_raster_bytes": 500_000_000,  # of the pixels of one band of a raster, unpacked
    "max_unpack_ratio": 100,  # of a packed file, if it unpacks to more than 64 MiB
}
#: Times of the orchestrator in seconds, by name, with their defaults. `enorchestrator.Timing` describes them.
TIMES = {
    "lease_seconds": 45.0,
    "renew_seconds": 10.0,
    "poll_seconds": 0.5,
    "busy_poll_seconds": 0.25,
    "pause_seconds": 1.0,
    "report_seconds": 0.25,
    "grace_seconds": 30.0,
    "retry_seconds": 2.0,
    "longest_retry_seconds": 300.0,
    "idle_seconds": 60.0,
    "priority_seconds": 60.0,
    "schedule_seconds": 1.0,
    "late_seconds": 60.0,
}
#: What the machine of a dispatcher has for steps, by name; what is not set is looked up. The last one is kept free.
RESOURCES = ("cpus", "gpus", "memory_mb", "disk_mb", "disk_reserve_mb")
_LARGEST_FILE = 1_000_000
_LONGEST_TEXT = 4_000
_LONGEST_NAME = 255
_LONGEST_TIME, _LARGEST_NUMBER = 1e9, 1e15
_SHOWN = 60

#: Time that a call waits for a server that does not answer, or for other writers.
WAIT_SECONDS = 120.0


def wait_seconds() -> float:
    """The longest time that a call waits, in seconds: `ENSTORAGE_WAIT_SECONDS`, else `WAIT_SECONDS`.

    Raises:
        InvalidInputError: it is no number above 0.
    """
    given = os.environ.get("ENSTORAGE_WAIT_SECONDS")
    try:
        seconds = WAIT_SECONDS if not given else float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise InvalidInputError(
            f"ENSTORAGE_WAIT_SECONDS is {_shown_value(str(given))!r}; expected a number of seconds above 0, such as 120. "
            "Correct or unset it."
        )
    return seconds


class Settings(NamedTuple):
    """The three URLs that a `Connector` opens."""

    database: str
    series: str
    objects: str

    @classmethod
    def in_folder(cls, folder: str | os.PathLike[str]) -> "Settings":
        """The embedded stores, all three inside one folder."""
        text = os.fspath(folder)
        _check_text("The folder of the store", text, shown=shown_folder)
        if looks_like_url(text):
            shown = HIDDEN if "@" in text else _shown(masked(text))  # of a path it is not known what its @ ends
            raise InvalidInputError(
                f"The folder of the store, {shown}, is a URL; expected the path of a folder. Give "
                "URLs to Connector(…), as ENSTORAGE_DATABASE, ENSTORAGE_SERIES and ENSTORAGE_OBJECTS, or in enstorage.toml."
            )
        path = Path(folder).expanduser().resolve()
        check_folder(str(path), in_url=True)
        return cls(f"sqlite:///{path / 'enstorage.sqlite'}", f"delta:{path / 'series'}", f"file:{path / 'objects'}")

    @classmethod
    def resolve(cls, database: str | None, series: str | None, objects: str | None) -> "Settings":
        """Take the URLs that are not given from the environment, from `enstorage.toml` or from the default folder."""
        given = {"database": database, "series": series, "objects": objects}
        in_file = _read_file()

        def named(name: str) -> str | None:
            url = given[name] or os.environ.get(f"ENSTORAGE_{name.upper()}") or in_file.get(name)
            if url is not None:
                _check_text(f"The URL of the {name}", url)
            return url

        # Points are found by ids of one database, so a store that is not named is expected beside it, never elsewhere.
        default = cls.in_folder(_folder_of(named("database")) or in_file.get("folder") or DEFAULT_FOLDER)
        return cls(**{name: named(name) or getattr(default, name) for name in _NAMES})

    def shown(self) -> dict[str, str]:
        """The URLs by name, as they may be shown: without credentials and options."""
        return {name: masked(url) for name, url in self._asdict().items()}

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={url!r}' for name, url in self.shown().items())})"


def limit(name: str) -> int:
    """The value of one of `LIMITS`: that of the environment, else of `enstorage.toml`, else the default.

    Raises:
        InvalidInputError: it is not an integer of at least 1.
    """
    variable = f"ENSTORAGE_{name.upper()}"
    text = os.environ.get(variable)
    if text is None:
        return int(_read_file().get(name, LIMITS[name]))
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 19 and int(text)):
        raise InvalidInputError(f"{variable} is {_shown_value(text)!r}; expected an integer of at least 1. Correct it.")
    return int(text)


def time_of(name: str) -> float:
    """The value of one of `TIMES`, in seconds: that of the environment, else of `enstorage.toml`, else the default.

    Raises:
        InvalidInputError: it is no number above 0.
    """
    variable = f"ENSTORAGE_{name.upper()}"
    text = os.environ.get(variable)
    if text is None:
        return float(_read_file().get(name, TIMES[name]))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < _LONGEST_TIME:
        raise InvalidInputError(
            f"{variable} is {_shown_value(text)!r}; expected a number of seconds above 0. Correct it."
        )
    return seconds


def resource(name: str) -> float | None:
    """The value of one of `RESOURCES`: that of the environment, else of `enstorage.toml`; None where it is not set.

    Raises:
        InvalidInputError: it is no number of at least 0.
    """
    variable = f"ENSTORAGE_{name.upper()}"
    text = os.environ.get(variable)
    if text is None:
        found = _read_file().get(name)
        return None if found is None else float(found)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < _LARGEST_NUMBER:
        raise InvalidInputError(
            f"{variable} is {_shown_value(text)!r}; expected a number of at least 0. Correct or unset it."
        )
    return number


def _folder_of(database: str | None) -> Path | None:
    """The folder of a SQLite file, None for any other database."""
    if database is None or not database.startswith("sqlite:///") or database.endswith((":memory:", "///")):
        return None
    return Path(database.removeprefix("sqlite:///")).parent


def _check_text(what: str, text: object, shown: Callable[[str], str] = masked) -> None:
    """Refuse a URL or folder that no system can open.

    Raises:
        InvalidInputError: it is no text, too long, or has control characters.
    """
    if not isinstance(text, str):
        return  # a path of another kind is checked where it is opened
    if len(text) > _LONGEST_TEXT:
        fault = f"has {len(text)} characters; expected at most {_LONGEST_TEXT}"
    elif any(character < " " or character == "\x7f" for character in text):
        fault = "has control characters"
    elif _is_path(text) and any(len(name.encode(errors="replace")) > _LONGEST_NAME for name in text.split("/")):
        fault = f"has a name of more than {_LONGEST_NAME} bytes in its path"
    else:
        return
    raise InvalidInputError(f"{what}, {_shown(shown(text))}, {fault}. Correct it.")


def _is_path(text: str) -> bool:
    return "://" not in text or text.startswith("sqlite:///")


def _shown_value(text: str) -> str:
    """A value as it may be shown in a place where a URL could have been written by mistake."""
    return _shown(text) if is_name(text) else HIDDEN


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else _shown(scrubbed(error))


def _shown(text: str) -> str:
    safe = printable(text)
    return safe if len(safe) <= _SHOWN else f"{safe[: _SHOWN - 1]}…"


def _read_file() -> dict[str, Any]:
    path = Path(SETTINGS_FILE)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
            raise InvalidInputError(
                f"{path.resolve()} is no settings file; expected a text file of at most {_LARGEST_FILE} bytes. Rename or "
                "remove it."
            )
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidInputError(f"The settings file {path.resolve()} cannot be read: {error}. Correct it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = _reason(error)
        raise InvalidInputError(
            f"The settings file {path.resolve()} is not valid TOML: {reason}. Correct it or remove it."
        ) from None
    wrong = sorted(key for key, value in content.items() if not _is_right(key, value))
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise InvalidInputError(
            f"The settings file {path.resolve()} has the entries {', '.join(map(_shown_value, wrong[:5]))}{more}; expected "
            f"only the texts {', '.join(sorted(_TEXTS))} and the integers {', '.join(LIMITS)} and the "
            f"numbers {', '.join((*TIMES, *RESOURCES))}. Remove or correct them."
        )
    for key in _TEXTS:
        if key in content:
            shown = shown_folder if key == "folder" else masked
            _check_text(f"The entry {key} of {path.resolve()}", content[key], shown)
    return content


def _is_right(key: str, value: object) -> bool:
    if key in LIMITS:
        return type(value) is int and 0 < value < 10**18
    if key in TIMES:
        return type(value) in (int, float) and 0 < value < _LONGEST_TIME  # type: ignore[operator]
    if key in RESOURCES:
        return type(value) in (int, float) and 0 <= value < _LARGEST_NUMBER  # type: ignore[operator]
    return key in _TEXTS and isinstance(value, str)
