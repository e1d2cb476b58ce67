"""The output of a child process: a file of bounded size, of which the end is kept."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: So much of the end is kept; a file that has grown beyond `_MOST_BYTES` is cut back to it.
TAIL_BYTES = 64 * 1024
_MOST_BYTES = 4 * 1024 * 1024


@contextmanager
def printing_to(path: Path) -> Iterator[None]:
    """Send standard output and standard error of this process, and of libraries in C, to a file inside the block."""
    sys.stdout.flush()
    sys.stderr.flush()
    before = [os.dup(handle) for handle in (1, 2)]
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for handle in (1, 2):
            os.dup2(target, handle)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for handle, old in zip((1, 2), before, strict=True):
            os.dup2(old, handle)
            os.close(old)
        os.close(target)


def tail(path: Path) -> str:
    """The end of a file as text, from the start of a line; empty for no file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            content = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return ""
    if size > TAIL_BYTES:
        content = content.partition(b"\n")[2] or content
    return content.decode(errors="replace").replace("\x00", "\ufffd")


def cut_back(path: Path) -> None:
    """Keep the end of a file alone if it has grown beyond its bound; its writer appends, so it goes on behind that."""
    try:
        if path.stat().st_size <= _MOST_BYTES:
            return
    except FileNotFoundError:
        return
    end = tail(path)
    os.truncate(path, 0)
    with path.open("ab") as file:
        file.write(end.encode())
