"""Files and folders that appear whole or not at all."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from enstorage.errors import InvalidInputError, StoreError
from enstorage.places.full_disk import full_disk, says_full

#: The files that this process has open, by their numbers; `/dev/stdout` is a link to one of them.
_OPEN_FILE = re.compile(r"/(?:proc/self|dev)/fd/([0-9]{1,9})")
_MOST_LINKS = 40
_DISK = "Check the disk and the rights on the folder."


@contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[BinaryIO]:
    """A new file to write to, and to read from, under a temporary name in the same folder.

    At the end of the block it is made durable and given its name; an error that leaves the block removes it. A link to a
    file stays a link. Only files are replaced: a pipe or a device, such as `/dev/stdout`, stays what it is, and what was
    written is copied to it at the end of the block.

    Raises:
        BrokenPipeError: nobody reads the pipe any more.
        InvalidInputError: the path is a folder, its folder is missing, or the file exists and `overwrite` is false.
        StoreError: the file system fails.
    """
    path = Path(path)
    check_writable(path, overwrite=overwrite)
    if is_stream(path):
        with temporary_folder() as folder, (folder / "stream").open("x+b") as file:
            yield file
            file.seek(0)
            _copy(file, path)
        return
    final = Path(os.path.realpath(path))
    unfinished = final.with_name(f".{final.name[:200]}.{uuid4().hex}")
    try:
        with unfinished.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(final)
    except OSError as error:
        raise not_written(str(path), error) from error
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def temporary_folder(*, prefix: str = "enstorage-", inside: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """A folder for files that are needed inside of the block alone; at its end it is removed.

    Args:
        prefix: of its name.
        inside: the folder to make it in; by default that of the system, which TMPDIR names.

    Raises:
        StoreError: there is no room for them.
    """
    try:
        place = tempfile.gettempdir() if inside is None else str(inside)
    except FileNotFoundError as error:  # a full disk, too: nothing can be written into any folder that is tried
        raise StoreError(
            f"No folder takes temporary files: {error.strerror}. Nothing was changed; what was stored before is safe and "
            "can be read. Make room on that disk, or name another folder in TMPDIR, then try again."
        ) from error
    try:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as folder:
            yield Path(folder)
    except OSError as error:
        if not says_full(error):
            raise
        raise not_written(f"The folder of temporary files {place}", error) from error


def not_written(what: str, error: OSError) -> StoreError:
    """The error for what the operating system did not write, such as a path."""
    if says_full(error):
        return StoreError(full_disk(what, error.strerror or str(error)))
    return StoreError(f"{what} could not be written: {error}. {_DISK}")


def check_writable(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Refuse a path that `whole_file` would refuse.

    Raises:
        InvalidInputError: see `whole_file`.
    """
    path = Path(path)
    if is_stream(path):
        return
    kind = _kind(path)
    if kind == stat.S_IFDIR:
        raise InvalidInputError(f"{path} is a directory; expected the name of a file. Add a file name to it.")
    if kind not in (None, stat.S_IFREG):
        raise InvalidInputError(f"{path} is no file that can be written; expected a new name. Choose another one.")
    if _kind(path.parent) != stat.S_IFDIR:
        raise InvalidInputError(f"{path.parent} is not a directory; expected the folder of {path.name}. Make it first.")
    if kind is not None and not overwrite:
        raise InvalidInputError(
            f"{path} exists; expected a new name. Choose another one, or replace it with overwrite=True (--overwrite)."
        )


def is_stream(path: str | os.PathLike[str]) -> bool:
    """True for a pipe or a device that takes what is written to it, and for standard output."""
    return open_file_number(path) is not None or _kind(Path(path)) in (stat.S_IFIFO, stat.S_IFCHR)


def is_standard_output(path: str | os.PathLike[str]) -> bool:
    """True for `/dev/stdout` and other names of the standard output of this process."""
    return open_file_number(path) == 1


def open_file_number(path: str | os.PathLike[str]) -> int | None:
    """The number of the open file of this process that a path names: 1 for `/dev/stdout`; None for any other path."""
    name = os.path.abspath(path)  # noqa: PTH100 - a link is followed below, one at a time
    for _ in range(_MOST_LINKS):
        if match := _OPEN_FILE.fullmatch(name):
            return int(match[1])
        try:
            name = os.path.normpath(Path(name).parent / Path(name).readlink())
        except (OSError, ValueError):
            return None
    return None


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder, and those around it, where they are missing.

    Raises:
        InvalidInputError: something else has its name.
        StoreError: the operating system refuses.
    """
    path = Path(path)
    if _kind(path) not in (None, stat.S_IFDIR):
        raise InvalidInputError(f"{path} is not a folder; expected a folder, or a new name. Choose another one.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(f"The folder {path}", error) from error


def _kind(path: Path) -> int | None:
    """The kind of what a path leads to, as `stat` names it; None where nothing is.

    Raises:
        InvalidInputError: there can be nothing of that name.
    """
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{str(path)!r:.200} cannot be used: {error}. Choose another name.") from error


def _copy(file: BinaryIO, path: Path) -> None:
    number = open_file_number(path)
    try:
        # Opening the name anew would write over what the shell has put there before.
        with path.open("wb") if number is None else os.fdopen(os.dup(number), "wb") as stream:
            shutil.copyfileobj(file, stream)
    except BrokenPipeError:
        raise
    except OSError as error:
        if says_full(error):
            raise not_written(str(path), error) from error
        raise StoreError(f"{path} could not be written: {error}. Check what reads it.") from error


def write_whole(path: str | os.PathLike[str], content: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all. See `whole_file`."""
    with whole_file(path, overwrite=overwrite) as file:
        file.write(content)


@contextmanager
def whole_folder(path: str | os.PathLike[str], *, names: Collection[str], overwrite: bool) -> Iterator[Path]:
    """A new folder to write files into, under a temporary name beside the final one.

    At the end of the block the files are synced to disk and the folder is renamed; if the block raises an error, the
    folder is removed.

    Args:
        path: the new folder; an empty folder may exist.
        names: the names of files that may be replaced, together with their folder, when `overwrite` is true.
        overwrite: replace a folder that holds only such files.

    Raises:
        InvalidInputError: the path is a file, the folder around it is missing, or the folder has files that may not be
            replaced.
        StoreError: the file system fails.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays what it is
    if _kind(path.parent) != stat.S_IFDIR:
        raise InvalidInputError(f"{path.parent} is not a directory; expected the folder of {path.name}. Make it first.")
    _check_replaceable(path, names, overwrite=overwrite)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        unfinished.mkdir()
        yield unfinished
        for each in [*unfinished.iterdir(), unfinished]:
            _make_durable(each)
        _move_into_place(unfinished, path)
    except OSError as error:
        raise not_written(str(path), error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_replaceable(path: Path, names: Collection[str], *, overwrite: bool) -> None:
    if _kind(path) is None and not path.is_symlink():
        return
    if _kind(path) != stat.S_IFDIR or path.is_symlink():
        raise InvalidInputError(f"{path} is not a folder; expected the name of a new one. Choose another name.")
    present = sorted(each.name for each in path.iterdir())
    unexpected = [name for name in present if name not in names]
    if unexpected:
        raise InvalidInputError(
            f"{path} has other files, such as {unexpected[0]}; expected the name of a new folder. Choose another one."
        )
    if present and not overwrite:
        raise InvalidInputError(
            f"{path} exists; expected a new name. Choose another one, or replace it with overwrite=True (--overwrite)."
        )


def _move_into_place(unfinished: Path, path: Path) -> None:
    """Rename a finished folder; an existing folder is moved aside first and removed afterwards."""
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
