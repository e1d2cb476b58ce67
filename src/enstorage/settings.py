"""The URLs of the stores: arguments first, then `ENSTORAGE_*`, then `enstorage.toml` in the working directory."""

import os
import tomllib
from pathlib import Path
from typing import NamedTuple

from enstorage.errors import InvalidInputError
from enstorage.places.folder import check_folder
from enstorage.places.masking import masked

SETTINGS_FILE = "enstorage.toml"
DEFAULT_FOLDER = "enstorage-data"
_NAMES = ("database", "series", "objects")

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
            f"ENSTORAGE_WAIT_SECONDS is {given!r:.40}; expected a number of seconds above 0, such as 120. Correct or "
            "unset it."
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
        path = Path(folder).expanduser().resolve()
        check_folder(str(path), in_url=True)
        return cls(f"sqlite:///{path / 'enstorage.sqlite'}", f"delta:{path / 'series'}", f"file:{path / 'objects'}")

    @classmethod
    def resolve(cls, database: str | None, series: str | None, objects: str | None) -> "Settings":
        """Fill what was not given from the environment, from `enstorage.toml`, from the default folder."""
        given = {"database": database, "series": series, "objects": objects}
        in_file = _read_file()

        def named(name: str) -> str | None:
            return given[name] or os.environ.get(f"ENSTORAGE_{name.upper()}") or in_file.get(name)

        # Points are known by the ids of their database: what is not named is looked for beside it, never elsewhere.
        default = cls.in_folder(_folder_of(named("database")) or in_file.get("folder") or DEFAULT_FOLDER)
        return cls(**{name: named(name) or getattr(default, name) for name in _NAMES})

    def shown(self) -> dict[str, str]:
        """The URLs by name, as they may be shown: without passwords and tokens."""
        return {name: masked(url) for name, url in self._asdict().items()}


def _folder_of(database: str | None) -> Path | None:
    """The folder of a SQLite file, None for any other database."""
    if database is None or not database.startswith("sqlite:///") or database.endswith((":memory:", "///")):
        return None
    return Path(database.removeprefix("sqlite:///")).parent


def _read_file() -> dict[str, str]:
    path = Path(SETTINGS_FILE)
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The settings file {path.resolve()} is not valid TOML: {error}. Correct it or remove it."
        ) from error
    known = {"folder", *_NAMES}
    wrong = [key for key, value in content.items() if key not in known or not isinstance(value, str)]
    if wrong:
        raise InvalidInputError(
            f"The settings file {path.resolve()} has the entries {', '.join(sorted(wrong))}; expected are only the texts "
            f"{', '.join(sorted(known))}. Remove or correct them."
        )
    return content
