"""Which store a command works on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    from enstorage.connector import Connector

Store = Annotated[
    Path | None, typer.Option("--store", help="Folder of an embedded store.", file_okay=False, show_default=False)
]


def open_store(folder: Path | None, *, upgrade: bool = False) -> "Connector":
    """Open a store that is there.

    Raises:
        NotFoundError: there is none; commands that read do not leave an empty store behind.
    """
    from enstorage.connector import Connector
    from enstorage.settings import Settings

    settings = Settings.resolve(None, None, None) if folder is None else Settings.in_folder(folder)
    database = Path(settings.database.removeprefix("sqlite:///"))
    if settings.database.startswith("sqlite:///") and not database.is_file():
        raise NotFoundError(
            f"There is no store in {database.parent}. Make one with `enstorage init`, or name another with --store FOLDER."
        )
    return Connector(*settings, upgrade=upgrade)
