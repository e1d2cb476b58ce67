"""`HttpLoader`: the series in a table that a website gives."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from enstorage.errors import InvalidInputError
from enstorage.places.connections import check_connection
from enstorage.places.web import Website
from enstorage.settings import limit, wait_seconds
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted
from enstorage.sources.table_files import check_options, read_as_told, series_of, sha256_of, without_ending
from enstorage.sources.tables.raw.files import content_of

_ENDINGS = (".csv", ".parquet", ".pq", ".json")
_LONGEST_NAME = 100  # of the file that it is written to meanwhile
_MARKS = ("etag", "last-modified")


@dataclass(frozen=True)
class HttpLoader(SourceLoader):
    """A table that a website gives: text, Parquet, Excel, or a list of objects in JSON.

    The key of a series is the name of the file without its ending, or `data`; of several series their own keys.

    Attributes:
        connection: name of the website, see `enstorage.places.web.Website`.
        path: below its address, with a query if there is one, such as `v1/load.csv?zone=DE`.
        records: of JSON, where the list is, as keys with dots, such as `data.items`; "" for the JSON itself.
        options: the form of the table, as far as it is known, by the names of `enstorage.sources.TableOptions`.
    """

    name: ClassVar[str] = "http"

    connection: str
    path: str = ""
    records: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_connection(self.connection)
        check_options(self, self.options)
        for name in ("path", "records"):
            if not isinstance(getattr(self, name), str):
                raise InvalidInputError(f"HttpLoader: {name} is {getattr(self, name)!r:.60}; expected a text.")

    def fingerprint(self) -> str | None:
        """See `SourceLoader.fingerprint`: the ETag or the time of the last change; None where the website has neither."""
        told = {key.lower(): value for key, value in self._website().head(self.path).items()}
        return next((told[mark] for mark in _MARKS if told.get(mark)), None)

    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """See `SourceLoader.read`."""
        report("Asking", 0, 1)
        website = self._website()
        name = urlsplit(website.url(self.path)).path.rpartition("/")[2][-_LONGEST_NAME:] if self.path else ""
        name = name or "data"
        with tempfile.TemporaryDirectory(prefix="enstorage-") as folder:
            file = Path(folder) / name
            with file.open("wb") as opened:
                website.get(self.path, most_bytes=limit("max_file_bytes"), consume=opened.write)
            content = content_of(file)
            table: Any = file
            if content.lstrip()[:1] in (b"[", b"{"):
                table, given = self._frame(content), None
            else:
                given = content
            read = read_as_told(table, self.options, content=given)
        yield from series_of(
            read, without_ending(name, _ENDINGS), wanted, fingerprint=sha256_of(content), is_alone=False
        )
        report("Asking", 1, 1)

    def _website(self) -> Website:
        return Website(self.connection, wait_seconds=wait_seconds())

    def _frame(self, content: bytes) -> Any:
        import polars as pl

        try:
            found = json.loads(content)
            for key in filter(None, self.records.split(".")):
                found = found[key]
            if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
                raise TypeError
            return pl.from_dicts(found, infer_schema_length=None)
        except (ValueError, KeyError, TypeError, RecursionError, pl.exceptions.PolarsError):
            raise InvalidInputError(
                f"{self.path.partition('?')[0]!r} of the connection {self.connection!r} has no list of objects at "
                f"{self.records or 'its top'!r}; "
                'expected JSON such as [{"time": "2024-01-01", "value": 1.5}]. Correct records, or the path.',
                field="records",
            ) from None
