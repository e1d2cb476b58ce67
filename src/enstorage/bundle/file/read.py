"""Reading a bundle: everything that can be checked is checked here, before a store is touched."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

from enstorage.bundle.contents.closure import Kind
from enstorage.bundle.contents.relations import (
    Rows,
    check_inputs,
    check_members,
    check_panels,
    check_references,
    check_uniqueness,
)
from enstorage.bundle.contents.rows import Row, from_line
from enstorage.bundle.contents.rules import check_rows
from enstorage.bundle.contents.tables import Tables, read_points
from enstorage.bundle.file.archive import MANIFEST, Archive, hash_differs
from enstorage.bundle.file.budget import Budget
from enstorage.bundle.file.manifest import Manifest
from enstorage.database.types import ObjectHash
from enstorage.entity import ENTITIES, DataCsv, DataSource, Project
from enstorage.errors import CorruptError, InvalidInputError, NotSupportedError, StoreError, UntrustedError
from enstorage.formats.base import PICKLE
from enstorage.progress import Listener
from enstorage.series.base import Points

# A bundle of one's own may be as large as it is.
_ANY = 2**63


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose every byte was checked.

    Attributes:
        archive: the container.
        manifest: the origin of the bundle.
        rows: all records, by entity and by their ids in the store that the bundle was made in.
        named: the ids that the bytes of each table name, by entity; by the id of the `DataCsv`.
    """

    archive: Archive
    manifest: Manifest
    rows: Rows
    named: dict[int, dict[str, set[int]]] = field(default_factory=dict)

    def object(self, sha256: str) -> bytes:
        """The bytes of an object, with their hash checked again: the file may have changed meanwhile."""
        name = f"objects/{sha256}"
        return self.archive.read(name, self.manifest.members[name])

    def points(self, source_id: int) -> Points:
        """The points of a source, checked again."""
        name = f"points/{source_id}.parquet"
        return read_points(self.archive.read(name, self.manifest.members[name]), self.archive.max_bytes)


@contextmanager
def opened(path: Path, expected: str = "a bundle made by `enstorage export`.") -> Iterator[BinaryIO]:
    """The file of a bundle or a backup.

    Args:
        path: of the file.
        expected: the file that should be there, as the message says it.

    Raises:
        InvalidInputError: there is no such file.
        StoreError: it cannot be opened.
    """
    if not path.is_file():
        fact = f"{path} is a pipe, a device or a folder" if path.exists() else f"There is no file {path}"
        raise InvalidInputError(f"{fact}; expected {expected}")
    try:
        file = path.open("rb")
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}. Check the rights on the file.") from error
    with file:
        yield file


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Add the name of the bundle and a remedy to the message of an error."""
    try:
        yield
    except (CorruptError, InvalidInputError) as error:
        raise type(error)(
            f"{path} cannot be imported. {error} Nothing was changed. Get the file again from whoever made it."
        ) from error
    except (NotSupportedError, UntrustedError) as error:
        raise type(error)(f"{path} cannot be imported. {error} Nothing was changed.") from error


def read_bundle(file: BinaryIO, report: Listener, *, max_bytes: int | None = None, is_own: bool = False) -> Bundle:
    """Read a bundle and check all of it: container, manifest, hashes, records, tables and points.

    Args:
        file: open for reading.
        report: called for every member.
        max_bytes: limit of the unpacked bytes; see `Archive`.
        is_own: true for a bundle that was made here a moment ago: it may be as large as it is.

    Raises:
        CorruptError: it is damaged.
        InvalidInputError: it is no bundle, or its parts do not belong together.
        NotSupportedError: it was made by a newer version of enstorage.
    """
    archive, budget = Archive(file, max_bytes=_ANY if is_own else max_bytes), Budget(is_own=is_own)
    budget.take_member(MANIFEST, archive.sizes[MANIFEST])
    content = archive.read(MANIFEST)
    budget.take(MANIFEST, content)
    manifest = Manifest.from_json(content)
    _check_members(archive, manifest)
    rows = {entity: _read_rows(archive, manifest, entity, budget) for entity in ENTITIES}
    check_references(rows)
    check_uniqueness(rows)
    check_rows(rows)
    check_members(rows)
    check_inputs(rows)
    check_panels(rows)
    if manifest.project not in rows[Project]:
        raise InvalidInputError(f"Its project {manifest.project} is not among its records.")
    _check_complete(manifest, rows)
    bundle = Bundle(archive, manifest, rows)
    _check_contents(bundle, report)
    return bundle


def refuse_pickle(bundle: Bundle) -> None:
    """Refuse objects that run code when they are opened.

    Raises:
        UntrustedError: there is one.
    """
    for records in bundle.rows.values():
        for row in records.values():
            if row.values.get("object_format") == PICKLE:
                raise UntrustedError(
                    f"The object of {row} was kept by pickle, and opening a pickle runs whatever code it holds; importing "
                    "it would not. Expected objects that are data. If you trust whoever made the bundle, import it with "
                    "Connector(allow_pickle=True)."
                )


def hashes_of(row: Row) -> set[str]:
    """The objects that a record keeps alive."""
    return {row.values[name] for name in _hash_columns(row.entity)} - {None}


@cache
def _hash_columns(entity: Kind) -> list[str]:
    return [column.key for column in entity.__table__.columns if isinstance(column.type, ObjectHash)]


def _check_members(archive: Archive, manifest: Manifest) -> None:
    given, listed = archive.sizes, manifest.members
    names = given.keys() - {MANIFEST}
    if names != listed.keys():
        odd = sorted(names ^ listed.keys())
        raise CorruptError(f"Archive and manifest do not agree on {len(odd)} members, such as {odd[0]!r:.100}.")
    for name, member in listed.items():
        if given[name] != member.bytes:
            raise hash_differs(name)
        if name.startswith("objects/") and name != f"objects/{member.sha256}":
            raise InvalidInputError(f"The object {name} has another name than its hash.")


def _read_rows(archive: Archive, manifest: Manifest, entity: Kind, budget: Budget) -> dict[int, Row]:
    name = f"records/{entity.__tablename__}.jsonl"
    rows: dict[int, Row] = {}
    if name not in manifest.members:
        return rows
    budget.take_member(name, archive.sizes[name])
    content = io.BytesIO(archive.read(name, manifest.members[name]))
    for number, line in enumerate(content, start=1):
        if not line.endswith(b"\n"):
            raise InvalidInputError(f"The last line of {name} has no end.")
        budget.take(f"{name}, line {number},", line)
        try:
            row = from_line(entity, line, is_older=manifest.is_older)
        except InvalidInputError as error:
            raise InvalidInputError(f"{name}, line {number}: {error}") from error
        if row.id in rows:
            raise InvalidInputError(f"{name}, line {number}: {row} stands twice.")
        rows[row.id] = row
    return rows


def _check_complete(manifest: Manifest, rows: Rows) -> None:
    """Refuse members that no record speaks of, and records whose members are missing."""
    expected = {f"records/{entity.__tablename__}.jsonl" for entity, records in rows.items() if records}
    expected |= {f"points/{id}.parquet" for id in rows[DataSource]}
    expected |= {f"objects/{hash}" for records in rows.values() for row in records.values() for hash in hashes_of(row)}
    odd = sorted(expected ^ manifest.members.keys())
    if odd:
        fact = "is missing" if odd[0] in expected else "belongs to no record"
        raise InvalidInputError(f"The member {odd[0]} {fact}.")


def _check_contents(bundle: Bundle, report: Listener) -> None:
    tables = Tables(bundle.rows, bundle.archive.max_bytes)
    csvs: dict[str, list[Row]] = {}
    for row in bundle.rows[DataCsv].values():
        csvs.setdefault(row.values["sha256"], []).append(row)
    names = sorted(name for name in bundle.manifest.members if not name.startswith("records/"))
    for done, name in enumerate(names):
        report("Checking", done, len(names))
        sha256 = name.removeprefix("objects/")
        if name.startswith("points/"):
            tables.check_points(bundle.archive.read(name, bundle.manifest.members[name]))
        elif sha256 in csvs:
            content = bundle.object(sha256)
            for row in csvs[sha256]:
                bundle.named[row.id] = tables.check(content, row)
        else:
            _check_hash(bundle, name, report)
    report("Checked", len(names), len(names))


def _check_hash(bundle: Bundle, name: str, report: Listener) -> None:
    digest = hashlib.sha256()
    for chunk in bundle.archive.chunks(name):
        report.ask()
        digest.update(chunk)
    if digest.hexdigest() != bundle.manifest.members[name].sha256:
        raise hash_differs(name)
