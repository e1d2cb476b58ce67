"""The store of the demo, for commands that show it."""

from pathlib import Path

from enstorage.connector import Connector
from enstorage.errors import InvalidInputError

#: The folder that `enstorage demo` writes by default.
FOLDER = Path("demo-report")


def store_of_demo(store: Path | None) -> Path:
    """The folder of the demo's store; the demo is run first if that folder is not there.

    One of an older version is upgraded: whoever asks for the demo keeps nothing in it that older programs have to open.

    Args:
        store: another store that was named; must be None.

    Raises:
        InvalidInputError: another store was named.
    """
    if store is not None:
        raise InvalidInputError(
            f"--demo serves the store in {FOLDER / 'store'}; received --store {store} too. Leave one of them out."
        )
    if not (FOLDER / "store").exists():
        from enmyadmin.demo.sunspots import run

        run(FOLDER)
    Connector.in_folder(FOLDER / "store", upgrade=True).close()
    return FOLDER / "store"
