"""Free disk space: while there is less than a reserve, no step is started and no object is written."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from enstorage import Connector
from enstorage.errors import CancelledError
from enstorage.settings import resource

#: Without a setting so much is kept free, in 1,000,000 bytes.
RESERVE_MB = 100.0
_MEGABYTE = 1_000_000
_LOOK_SECONDS = 0.5


def free_mb(connector: Connector) -> float:
    """Free space at the objects of a store, in 1,000,000 bytes; at the working folder where they are elsewhere."""
    folder = Path(connector.settings.objects.removeprefix("file:"))
    return shutil.disk_usage(folder if folder.is_dir() else Path.cwd()).free / _MEGABYTE


def reserve_mb() -> float:
    """The space to keep free: `ENSTORAGE_DISK_RESERVE_MB`, else `RESERVE_MB`.

    Raises:
        InvalidInputError: it is no number of at least 0.
    """
    given = resource("disk_reserve_mb")
    return RESERVE_MB if given is None else given


def wait_for_space(connector: Connector, progress: Callable[[str, int, int], bool]) -> None:
    """Wait until there is more free space than the reserve.

    Inside a transaction it does not wait, since other writers would.

    Raises:
        CancelledError: the progress function asked to stop.
    """
    while not connector.database.in_transaction and free_mb(connector) < reserve_mb():
        if progress("Waiting for free disk space", 0, 1):
            raise CancelledError("Stopped while the work waited for free disk space. Nothing more was written.")
        time.sleep(_LOOK_SECONDS)
