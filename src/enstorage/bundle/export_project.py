"""Writing a bundle."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage._version import __version__
from enstorage.bundle.contents.closure import Kind, chunks, needed
from enstorage.bundle.contents.rows import Origin, Row, to_line
from enstorage.bundle.file.archive import MANIFEST, ArchiveWriter
from enstorage.bundle.file.manifest import Manifest
from enstorage.bundle.file.read import hashes_of, read_bundle
from enstorage.bundle.report import Exported
from enstorage.connector import Connector
from enstorage.database.schema import HEAD_REVISION
from enstorage.entity import ENTITIES, ORIGIN, STORE, DataSource, Project
from enstorage.errors import CancelledError, CorruptError, EnstorageError
from enstorage.progress import Listener, Progress, checkpoint, listening
from enstorage.series.batches import read_each
from enstorage.writing import whole_file


def export_project(
    project: Project, path: str | os.PathLike[str], *, overwrite: bool = False, progress: bool | Progress = False
) -> Exported:
    """Write a project with all that it needs to one file, for `import_bundle`.

    That is its data source with all points, the snapshots, preparations and data sets that it uses, its researches, models
    with facts, curves, objects and forecasts, and its ensembles. What lies in the trash comes along. Other projects over
    the same source do not, nor does what only they use.

    Args:
        project: stored.
        path: of the file; it appears whole or not at all.
        overwrite: true if an existing file is replaced.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; no file was written.
        NotFoundError: the project is not stored.
        InvalidInputError: the file is there and `overwrite` is false, or its folder is missing.
        CorruptError: something that is stored is damaged; no file was written.
        StoreError: the file cannot be written.
    """
    with listening(progress) as report, whole_file(path, overwrite=overwrite) as file:
        report("Writing records", 0, 100)
        with closing(ArchiveWriter(file)) as archive:
            manifest, ids, hashes = _write_records(archive, project)
            points = _write_contents(archive, project.connector, hashes, ids[DataSource], report.within(0, 50, 100))
            archive.add(MANIFEST, [manifest.to_json()], compress=True)
        _read_again(file, project, report.within(50, 100, 100))
        size = file.seek(0, os.SEEK_END)
    records = {entity.__tablename__: len(each) for entity, each in ids.items()}
    return Exported(project, Path(path), size, records, len(hashes), points)


def _write_records(archive: ArchiveWriter, project: Project) -> tuple[Manifest, dict[Kind, list[int]], set[str]]:
    """Write the records as they are at one moment; gives their ids and the objects that they keep alive."""
    hashes: set[str] = set()
    project.connector.database.confirm_empty(*(entity.__table__ for entity in ENTITIES))  # what is lost is not written
    with project.connector.database.reading() as session:
        ids = needed(session, project.id)
        for entity, each in ids.items():
            checkpoint()
            archive.add(f"records/{entity.__tablename__}.jsonl", _lines(session, entity, each, hashes), compress=True)
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(),
            made_by=__version__,
            schema=HEAD_REVISION,
            store=str(session.scalar(select(STORE.c.uuid))),
            project=project.id,
            members=archive.members,
        )
    return manifest, ids, hashes


def _lines(session: Session, entity: Kind, ids: list[int], hashes: set[str]) -> Iterator[bytes]:
    for chunk in chunks(ids):
        origins = _origins(session, entity, chunk)
        query = select(entity.__table__).where(entity.id.in_(chunk)).order_by(entity.id)
        for found in session.execute(query).mappings():
            values = dict(found)
            row = Row(entity, values.pop("id"), values, origins.get(found["id"]))
            hashes |= hashes_of(row)
            yield to_line(row)


def _origins(session: Session, entity: Kind, ids: list[int]) -> dict[int, Origin]:
    query = select(ORIGIN.c.id, ORIGIN.c.store, ORIGIN.c.id_there)
    found = session.execute(query.where(ORIGIN.c.entity == entity.__tablename__, ORIGIN.c.id.in_(ids)))
    return {id: (store, id_there) for id, store, id_there in found}


def _write_contents(
    archive: ArchiveWriter, connector: Connector, hashes: set[str], sources: list[int], report: Listener
) -> int:
    """Copy the objects byte for byte, one at a time, and write the points of the sources; returns how many points."""
    import polars as pl

    from enstorage.objects.table import to_parquet

    total, points = len(hashes) + len(sources), 0
    for done, sha256 in enumerate(sorted(hashes)):
        report("Writing objects", done, total)
        archive.add(f"objects/{sha256}", [connector.objects.get(sha256)])
    for done, (source_id, (times, values)) in enumerate(read_each(connector.series, sources), start=len(hashes)):
        report("Writing points", done, total)
        archive.add(f"points/{source_id}.parquet", [to_parquet(pl.DataFrame({"time": times, "value": values}))])
        points += len(times)
    return points


def _read_again(file: BinaryIO, project: Project, report: Listener) -> None:
    """Check the bundle as an import does, so that what was written can be read."""
    try:
        read_bundle(file, report, is_own=True)
    except CancelledError:
        raise
    except EnstorageError as error:
        raise CorruptError(
            f"{project} cannot be exported: the bundle could not be imported. {error} No file was written. Run `enstorage "
            "check`."
        ) from error
