"""`TableFiles`: the series in tables in files."""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named_by
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted
from enstorage.sources.tables import Table, TableOptions, read_table
from enstorage.sources.tables.raw.files import content_of


@dataclass(frozen=True)
class TableFiles(SourceLoader):
    """Tables in files, as `enstorage.sources.tables.read_table` reads them.

    The key of a series is the name of its file without its ending, with the folders that the pattern matches; of a file
    with several series it has a slash and the key in the table behind it. The fingerprint is the SHA-256 of the file.

    Attributes:
        path: path of a file, or a pattern for many: `*` and `?` match a part of a name, `**` matches folders.
        options: the form of all files, as far as it is known, by the names of `enstorage.sources.TableOptions`.
    """

    #: What the names of the files end in; it is no part of their keys.
    endings: ClassVar[tuple[str, ...]]

    path: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_options(self, self.options)
        if not isinstance(self.path, str) or not self.path:
            raise InvalidInputError(
                f"{type(self).__name__}: path is {self.path!r}; expected the path of a file, or a pattern such as "
                f"'meters/*{self.endings[0]}'."
            )

    @abstractmethod
    def check(self, path: Path, content: bytes) -> None:
        """Refuse a file that is of another form.

        Raises:
            InvalidInputError: it is.
        """

    def fingerprint(self) -> str:
        """See `SourceLoader.fingerprint`: the SHA-256 of the keys and the contents of all files."""
        digest = hashlib.sha256()
        for key, path in self._files():
            digest.update(f"{key} {sha256_of(content_of(path))}\n".encode())
        return digest.hexdigest()

    def files(self) -> list[Path]:
        """See `SourceLoader.files`."""
        return [path for _, path in self._files()]

    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """See `SourceLoader.read`."""
        files = [(key, path) for key, path in self._files() if may_hold(key, wanted)]
        for done, (name, path) in enumerate(files):
            report(f"Reading {path.name}", done, len(files))
            content = content_of(path)
            self.check(path, content)
            table = read_as_told(path, self.options, content=content)
            yield from series_of(table, name, wanted, fingerprint=sha256_of(content))
        report("Reading", len(files), len(files))

    def _files(self) -> list[tuple[str, Path]]:
        """The files by the keys of their series, in the order of the keys; at least one.

        Raises:
            InvalidInputError: no file matches the pattern.
        """
        path = Path(self.path)
        if path.exists() or not set("*?[") & set(self.path):
            return [(without_ending(path.name, self.endings), path)]
        parts = path.parts
        fixed = next(count for count, part in enumerate(parts) if set("*?[") & set(part))
        folder = Path(*parts[:fixed])
        found = [each for each in folder.glob(str(Path(*parts[fixed:]))) if each.is_file()]
        if not found:
            raise InvalidInputError(f"No file matches {self.path!r}; expected files of tables. Check the pattern.")
        return sorted((without_ending(each.relative_to(folder).as_posix(), self.endings), each) for each in found)


def check_options(loader: SourceLoader, options: object) -> None:
    """Refuse options that tables do not have.

    Raises:
        InvalidInputError: there are such.
    """
    if not isinstance(options, Mapping):
        raise InvalidInputError(
            f"{type(loader).__name__}: options is {options!r:.60}; expected those of tables by name, such as "
            "{'decimal': ','}."
        )
    with named_by(_as_parameter):
        TableOptions.of(dict(options))


def read_as_told(table: Any, options: Mapping[str, Any], *, content: bytes | None = None) -> Table:
    """A table as `enstorage.sources.tables.read_table` reads it; messages name the parameter `options` of the loader.

    Args:
        table: a path, or a table in memory.
        options: of the loader.
        content: the bytes of the file, unpacked, if they have been read already.

    Raises:
        InvalidInputError: see `enstorage.sources.tables.read_table`.
    """
    with named_by(_as_parameter):
        return read_table(table, TableOptions.of(dict(options)), content=content)


def _as_parameter(name: str, value: Any) -> str:
    if name not in TableOptions.NAMES:
        return f"{name} of the data source"
    return f'options={{"{name}": {"…" if value is None else json.dumps(value)}}}'


def series_of(
    table: Table, name: str, wanted: Wanted, *, fingerprint: str | None = None, is_alone: bool = True
) -> Iterator[LoadedSeries]:
    """The wanted series of a table.

    Args:
        table: one that was read.
        name: the key of its only series; of several the first part of their keys.
        wanted: keys and period.
        fingerprint: of its content.
        is_alone: false for a table whose series have their own keys without `name`.
    """
    is_one = table.report.series == 1 and table.report.series_column is None
    units = dict(zip(table.report.value_columns, table.report.units, strict=True))
    for series, (times, values) in table.by_series().items():
        key = name if is_one else f"{name}/{series}" if is_alone else series
        if wanted.has(key):
            first, end = within(times, wanted)
            yield LoadedSeries(
                key,
                times[first:end],
                values[first:end],
                unit=units.get(series, table.report.unit),
                fingerprint=fingerprint,
                time_zone=table.report.time_zone,
                lacks_zone=table.report.lack_zone,
            )


def within(times: "np.ndarray[Any, np.dtype[np.int64]]", wanted: Wanted) -> tuple[int, int]:
    """The places of the wanted period in ascending times, the end itself excluded."""
    first = 0 if wanted.time_from is None else int(np.searchsorted(times, wanted.time_from))
    return first, len(times) if wanted.time_to is None else int(np.searchsorted(times, wanted.time_to))


def may_hold(name: str, wanted: Wanted) -> bool:
    """True if a file may have a wanted series."""
    return wanted.keys is None or any(key == name or key.startswith(f"{name}/") for key in wanted.keys)


def without_ending(name: str, endings: tuple[str, ...]) -> str:
    """A name without the first of some endings that it has."""
    return next((name.removesuffix(each) for each in endings if name.endswith(each) and name != each), name)


def sha256_of(content: bytes) -> str:
    """The SHA-256 of some bytes, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
