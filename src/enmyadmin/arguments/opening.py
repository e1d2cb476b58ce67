"""The store that a command works on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enmyadmin.output import print_line
from enstorage.errors import NotFoundError
from enstorage.places.masking import shown_folder

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.settings import Settings

Store = Annotated[
    Path | None, typer.Option("--store", help="Folder of an embedded store.", file_okay=False, show_default=False)
]


def open_store(folder: Path | None, *, upgrade: bool = False) -> "Connector":
    """Open a store that is there.

    Raises:
        NotFoundError: there is none; commands that read do not leave an empty store behind.
    """
    from enstorage.connector import Connector

    settings = _settings(folder)
    if (missing := _missing(settings)) is not None:
        raise NotFoundError(
            f"There is no store in {shown_folder(str(missing))}. Make one with `enstorage init FOLDER`, or by importing "
            "points into it with `enstorage import-csv FILE --store FOLDER`; name another with --store FOLDER."
        )
    return Connector(*settings, upgrade=upgrade)


def open_or_make_store(folder: Path | None) -> "tuple[Connector, bool]":
    """Open a store, and make it where there is none; whether it was made."""
    from enstorage.connector import Connector

    settings = _settings(folder)
    missing = _missing(settings)
    connector = Connector(*settings)
    if missing is not None:
        print_line(f"Made a store in {shown_folder(str(missing))}.", err=True)
    return connector, missing is not None


def _settings(folder: Path | None) -> "Settings":
    from enstorage.settings import Settings

    return Settings.resolve(None, None, None) if folder is None else Settings.in_folder(folder)


def _missing(settings: "Settings") -> Path | None:
    """The folder in which there is no store yet; None where there is one, or a server keeps it."""
    if not settings.database.startswith("sqlite:///"):
        return None
    database = Path(settings.database.removeprefix("sqlite:///"))
    return None if database.is_file() else database.parent
