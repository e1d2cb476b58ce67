"""`Owner`: the process of a dispatcher, such that another one on the same machine sees whether it is still there."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

#: Behind the name of the program: the field `starttime`, see proc(5).
_START_TIME = 19


@dataclass(frozen=True, slots=True)
class Owner:
    """A dispatcher, as steps name it: `HOST:PID:START:NUMBER`.

    Attributes:
        host: name of its machine or container.
        pid: of its process.
        started: when the process started, in hundredths of a second; a later process of the same id has another. Where the
            system tells it, since the machine started: the clock of the machine may be set.
        number: distinguishes the dispatchers of one process.
    """

    host: str
    pid: int
    started: int
    number: int

    @classmethod
    def here(cls, number: int) -> Self:
        """A dispatcher of this process."""
        return cls(_host(), os.getpid(), _started(os.getpid()), number)

    @classmethod
    def parse(cls, text: str) -> "Owner | None":
        """The owner of a text; None if it is none."""
        parts = text.rsplit(":", 3)
        if len(parts) != 4 or not all(part.isdecimal() for part in parts[1:]):
            return None
        return cls(parts[0], *map(int, parts[1:]))

    def is_gone(self) -> bool:
        """True if its process is known to have ended; that of another machine is not."""
        if self.host != _host():
            return False
        try:
            return _started(self.pid) != self.started
        except psutil.NoSuchProcess:
            return True

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started}:{self.number}"


def _host() -> str:
    return socket.gethostname()[:100]


def _started(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[_START_TIME])
    except (OSError, IndexError, ValueError):
        pass  # no such process, or no Linux
    return int(psutil.Process(pid).create_time() * 100)
