"""Settings: arguments first, then `ENSTORAGE_*`, then `enstorage.toml` in the working directory.

They are the URLs of the three stores, and limits of what is read from files of unknown origin.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from enstorage.errors import InvalidInputError
from enstorage.places.masking import masked

SETTINGS_FILE = "enstorage.toml"
DEFAULT_FOLDER = "enstorage-data"
_NAMES = ("database", "series", "objects")
#: Limits of one file of unknown origin, by name, with their defaults.
LIMITS = {
    "max_object_parts": 2_000_000,  # values in the JSON of a model's object
    "max_object_ratio": 50,  # of an object, if it unpacks to more than 64 MiB
    "max_onnx_bytes": 600_000_000,  # of memory, beside the model itself
    "max_onnx_seconds": 10,  # for opening a model, and for each 1,024 samples
}


class Settings(NamedTuple):
    """The three URLs that a `Connector` opens."""

    database: str
    series: str
    objects: str

    @classmethod
    def in_folder(cls, folder: str | os.PathLike[str]) -> "Settings":
        """The embedded stores, all three inside one folder."""
        path = Path(folder).expanduser().resolve()
        strange = sorted(set(str(path)) & set("?#%"))
        if strange:
            raise InvalidInputError(
                f"The folder {path} has {', '.join(strange)} in its name, which mean something else in URLs of stores. "
                "Choose another folder."
            )
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


def limit(name: str) -> int:
    """The value of one of `LIMITS`: that of the environment, else of `enstorage.toml`, else the default.

    Raises:
        InvalidInputError: it is no whole number of at least 1.
    """
    variable = f"ENSTORAGE_{name.upper()}"
    text = os.environ.get(variable)
    if text is None:
        return int(_read_file().get(name, LIMITS[name]))
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 19 and int(text)):
        raise InvalidInputError(f"{variable} is {text!r:.60}; expected a whole number of at least 1. Correct it.")
    return int(text)


def _folder_of(database: str | None) -> Path | None:
    """The folder of a SQLite file, None for any other database."""
    if database is None or not database.startswith("sqlite:///") or database.endswith((":memory:", "///")):
        return None
    return Path(database.removeprefix("sqlite:///")).parent


def _read_file() -> dict[str, Any]:
    path = Path(SETTINGS_FILE)
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The settings file {path.resolve()} is not valid TOML: {error}. Correct it or remove it."
        ) from error
    texts = {"folder", *_NAMES}
    wrong = [key for key, value in content.items() if not _is_right(key, value)]
    if wrong:
        raise InvalidInputError(
            f"The settings file {path.resolve()} has the entries {', '.join(sorted(wrong))}; expected are only the texts "
            f"{', '.join(sorted(texts))} and the whole numbers {', '.join(LIMITS)}. Remove or correct them."
        )
    return content


def _is_right(key: str, value: object) -> bool:
    if key in LIMITS:
        return type(value) is int and value > 0
    return key in ("folder", *_NAMES) and isinstance(value, str)
