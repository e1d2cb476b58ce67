"""`CsvLoader`: series in CSV files, one series in each file."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted
from enstorage.sources.tables import read_table
from enstorage.sources.tables.raw.files import content_of


@dataclass(frozen=True)
class CsvLoader(SourceLoader):
    """Tables of one series each, in files as `enstorage.sources.tables.read_table` reads them without options.

    The key of a series is the name of its file without `.csv`, with the folders that the pattern matches. The
    fingerprint is the SHA-256 of the file.

    Attributes:
        path: path of a file, or a pattern for many: `*` and `?` match a part of a name, `**` matches folders.
    """

    name: ClassVar[str] = "csv"

    path: str

    def __post_init__(self) -> None:
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
        files = [(key, path) for key, path in self._files() if wanted.has(key)]
        for done, (key, path) in enumerate(files):
            report(f"Reading {path.name}", done, len(files))
            content = content_of(path)
            times, values = read_table(path, content=content).one_series()
            inside = np.ones(len(times), np.bool_)
            if wanted.time_from is not None:
                inside &= times >= wanted.time_from
            if wanted.time_to is not None:
                inside &= times < wanted.time_to
            order = np.flatnonzero(inside)[np.argsort(times[inside])]
            yield LoadedSeries(key, times[order], values[order], fingerprint=_sha256(content))
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


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
