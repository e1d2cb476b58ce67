"""Removal of the files of a Delta table that no version needs.

A file belongs to the present state or to an older version, or was left behind by a writer that lost a race or was killed.
The log has a file for every version, and from time to time a checkpoint, from which later versions can be read.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import deltalake
    from pyarrow.fs import FileInfo, FileSystem

# Only files with names given by the library are ever removed; other files in the folder stay.
_DATA = re.compile(r"part-[^/]+\.parquet")
_UNFINISHED = re.compile(r"(part-[^/]+\.parquet|_delta_log/\d{20}\.[\w.]+)#\d+")
_LOG = re.compile(r"_delta_log/(\d{20})\.(json|checkpoint\.parquet)")
# A file that no version refers to may belong to a write in progress.
_LEAST_FOR_UNFINISHED = timedelta(hours=1)
_AT_ONCE = 8


def storage(place: str, options: dict[str, str] | None) -> "FileSystem":
    """The files of a table; `options` are None for a folder."""
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import LocalFileSystem, PyFileSystem, SubTreeFileSystem

    if options is None:
        return SubTreeFileSystem(place, LocalFileSystem())
    return PyFileSystem(DeltaStorageHandler(place, options))


def unneeded(
    table: "deltalake.DeltaTable", files: "FileSystem", keep: Collection[int], older_than: timedelta
) -> dict[str, int]:
    """The files that neither the current state nor the versions in `keep` need, with their sizes in bytes.

    Args:
        table: the table in its current state.
        files: the place of the table.
        keep: versions; later ones than the current version belong to another table and need no file of this one.
        older_than: files that were needed or written within this time are left out.
    """
    kept = sorted({version for version in keep if version <= table.version()})
    for_unfinished = max(older_than, _LEAST_FOR_UNFINISHED)
    now = datetime.now(UTC)
    candidates = {*_dry_run(table, kept, older_than, full=False), *_dry_run(table, kept, for_unfinished, full=True)}
    present = _all_files(files)
    # Files that were committed after the dry run are needed.
    table.update_incremental()
    candidates -= {uri.rsplit("/", 1)[-1] for uri in table.file_uris()}
    log = _old_log(present, kept)
    return {
        path: info.size
        for path, info in present.items()
        if (path in candidates and _DATA.fullmatch(path))
        or (path in log and info.mtime < now - older_than)
        or (_UNFINISHED.fullmatch(path) and info.mtime < now - for_unfinished)
    }


def remove(files: "FileSystem", paths: Iterable[str]) -> None:
    """Remove files, several at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(files.delete_file, paths))


def _dry_run(table: "deltalake.DeltaTable", keep: list[int], older_than: timedelta, *, full: bool) -> list[str]:
    # The library takes whole hours only.
    hours = ceil(older_than / timedelta(hours=1))
    return table.vacuum(hours, dry_run=True, enforce_retention_duration=False, full=full, keep_versions=keep or None)


def _old_log(paths: Iterable[str], keep: list[int]) -> set[str]:
    """The log entries that are not needed to read the current state and the versions in `keep`."""
    entries = {path: (int(match[1]), match[2]) for path in paths if (match := _LOG.fullmatch(path))}
    checkpoints = sorted(version for version, kind in entries.values() if kind != "json")
    if not checkpoints:
        return set()

    def checkpoint_of(version: int) -> int:
        position = bisect_right(checkpoints, version)
        return checkpoints[position - 1] if position else 0

    spans = [range(checkpoint_of(version), version + 1) for version in keep]
    return {
        path
        for path, (version, _) in entries.items()
        if version < checkpoints[-1] and not any(version in span for span in spans)
    }


def _all_files(files: "FileSystem") -> "dict[str, FileInfo]":
    from pyarrow.fs import FileSelector, FileType

    return {
        info.path: info for info in files.get_file_info(FileSelector("", recursive=True)) if info.type == FileType.File
    }
