"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from enstorage.errors import InvalidInputError, StoreError


@contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[BinaryIO]:
    """A new file to write to, and to read from, under a temporary name in the same folder.

    At the end of the block it is made durable and given its name; an error that leaves the block removes it.

    Raises:
        InvalidInputError: the path is a folder, its folder is missing, or the file exists and `overwrite` is false.
        StoreError: the operating system refuses.
    """
    path = Path(path)
    if path.is_dir():
        raise InvalidInputError(f"{path} is a directory; expected the name of a file. Add a file name to it.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"{path.parent} is not a directory; expected the folder of {path.name}. Make it first.")
    if path.exists() and not overwrite:
        raise InvalidInputError(f"{path} exists; expected a new name. Choose another one or pass overwrite=True.")
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with unfinished.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error}. Check the disk and the rights on the folder."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all. See `whole_file`."""
    with whole_file(path, overwrite=overwrite) as file:
        file.write(content)
