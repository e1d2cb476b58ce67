"""Files, pipes and devices to read from, without an endless wait for a pipe that nobody writes to."""

import os
import select
import stat
import time
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO

from enstorage.settings import wait_seconds

# Time for another program to open a named pipe.
_OPENING_SECONDS = 5.0


def open_to_read(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file, a pipe or a device.

    Raises:
        OSError: it cannot be opened. Reading raises TimeoutError if nobody opens the pipe to write, or if nothing is
            written for `ENSTORAGE_WAIT_SECONDS`.
    """
    if not stat.S_ISFIFO(Path(path).stat().st_mode):
        return Path(path).open("rb")
    # Opened so, a pipe does not wait for its writer, and neither does a read.
    return BufferedReader(_Pipe(os.open(path, os.O_RDONLY | os.O_NONBLOCK)))


class _Pipe(RawIOBase):
    def __init__(self, handle: int) -> None:
        self._handle = handle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        end = time.monotonic() + wait_seconds()
        while True:
            left = end - time.monotonic()
            is_ready = bool(select.select([self._handle], [], [], max(0.0, min(left, _OPENING_SECONDS)))[0])
            try:
                count = os.readv(self._handle, [buffer])
            except BlockingIOError:  # somebody has it open to write
                if left <= 0:
                    raise TimeoutError(f"nothing was written to this pipe for {wait_seconds():g} s") from None
                continue
            if count or is_ready:
                return count
            raise TimeoutError("nobody writes to this pipe")

    def close(self) -> None:
        if not self.closed:
            os.close(self._handle)
        super().close()
