"""Files and folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Collection, Iterator
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


@contextmanager
def whole_folder(path: str | os.PathLike[str], *, names: Collection[str], overwrite: bool) -> Iterator[Path]:
    """A new folder to write files into, under a temporary name beside the final one.

    At the end of the block the files are made durable and the folder is given its name; an error that leaves the block
    removes it.

    Args:
        path: the new file or folder; an empty folder may exist.
        names: of files that may be replaced with the folder they are in, where `overwrite` is true.
        overwrite: replace a folder that holds such files alone.

    Raises:
        InvalidInputError: the path is a file, the folder around it is missing, or the folder has files that may not be
            replaced.
        StoreError: the operating system refuses.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays what it is
    if not path.parent.is_dir():
        raise InvalidInputError(f"{path.parent} is not a directory; expected the folder of {path.name}. Make it first.")
    _check_replaceable(path, names, overwrite=overwrite)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        unfinished.mkdir()
        yield unfinished
        for each in [*unfinished.iterdir(), unfinished]:
            _make_durable(each)
        _take_its_place(unfinished, path)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error}. Check the disk and the rights on the folder."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_replaceable(path: Path, names: Collection[str], *, overwrite: bool) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir() or path.is_symlink():
        raise InvalidInputError(f"{path} is no folder; expected the name of a new one. Choose another name.")
    there = sorted(each.name for each in path.iterdir())
    strange = [name for name in there if name not in names]
    if strange:
        raise InvalidInputError(
            f"{path} has other files, such as {strange[0]}; expected the name of a new folder. Choose another one."
        )
    if there and not overwrite:
        raise InvalidInputError(f"{path} exists; expected a new name. Choose another one or pass overwrite=True.")


def _take_its_place(unfinished: Path, path: Path) -> None:
    """Rename a finished folder; what was there is put aside until the new one is in its place."""
    if not path.exists():
        unfinished.rename(path)
        return
    former = unfinished.with_name(f"{unfinished.name}.former")
    path.rename(former)
    try:
        unfinished.rename(path)
    except OSError:
        former.rename(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
