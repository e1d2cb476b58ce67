"""`CsvLoader`: the series in tables in files."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted
from enstorage.sources.tables import TableOptions, read_table
from enstorage.sources.tables.raw.files import content_of


@dataclass(frozen=True)
class CsvLoader(SourceLoader):
    """Tables in files, as `enstorage.sources.tables.read_table` reads them.

    The key of a series is the name of its file without `.csv`, with the folders that the pattern matches; of a file with
    several series it has a slash and the key in the table behind it. The fingerprint is the SHA-256 of the file.

    Attributes:
        path: path of a file, or a pattern for many: `*` and `?` match a part of a name, `**` matches folders.
        options: the form of all files, as far as it is known, by the names of `enstorage.sources.TableOptions`.
    """

    name: ClassVar[str] = "csv"

    path: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.options, Mapping):
            raise InvalidInputError(
                f"CsvLoader: options is {self.options!r:.60}; expected those of tables by name, such as {{'decimal': ','}}."
            )
        TableOptions.of(dict(self.options))
        if not isinstance(self.path, str) or not self.path:
            raise InvalidInputError(
                f"CsvLoader: path is {self.path!r}; expected the path of a CSV file, or a pattern such as 'meters/*.csv'."
            )

    def fingerprint(self) -> str:
        """See `SourceLoader.fingerprint`: the SHA-256 of the keys and the contents of all files."""
        digest = hashlib.sha256()
        for key, path in self._files():
            digest.update(f"{key} {_sha256(content_of(path))}\n".encode())
        return digest.hexdigest()

    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """See `SourceLoader.read`."""
        files = [(key, path) for key, path in self._files() if _may_hold(key, wanted)]
        options = TableOptions.of(dict(self.options))
        for done, (name, path) in enumerate(files):
            report(f"Reading {path.name}", done, len(files))
            content = content_of(path)
            table = read_table(path, options, content=content)
            is_one = table.report.series == 1 and table.report.series_column is None
            units = dict(zip(table.report.value_columns, table.report.units, strict=True))
            for series, (times, values) in table.by_series().items():
                key = name if is_one else f"{name}/{series}"
                if not wanted.has(key):
                    continue
                first = 0 if wanted.time_from is None else np.searchsorted(times, wanted.time_from)
                end = len(times) if wanted.time_to is None else np.searchsorted(times, wanted.time_to)
                yield LoadedSeries(
                    key,
                    times[first:end],
                    values[first:end],
                    unit=units.get(series, table.report.unit),
                    fingerprint=_sha256(content),
                )
        report("Reading", len(files), len(files))

    def _files(self) -> list[tuple[str, Path]]:
        """The files by the keys of their series, in the order of the keys; at least one.

        Raises:
            InvalidInputError: no file matches the pattern.
        """
        path = Path(self.path)
        if path.exists() or not set("*?[") & set(self.path):
            return [(path.name.removesuffix(".csv"), path)]
        parts = path.parts
        fixed = next(count for count, part in enumerate(parts) if set("*?[") & set(part))
        folder = Path(*parts[:fixed])
        found = [each for each in folder.glob(str(Path(*parts[fixed:]))) if each.is_file()]
        if not found:
            raise InvalidInputError(f"No file matches {self.path!r}; expected CSV files. Check the pattern.")
        return sorted((each.relative_to(folder).as_posix().removesuffix(".csv"), each) for each in found)


def _may_hold(name: str, wanted: Wanted) -> bool:
    """True if a file may have a wanted series."""
    return wanted.keys is None or any(key == name or key.startswith(f"{name}/") for key in wanted.keys)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
