"""Taking a bundle into a store: all of it or nothing.

Kill the process at any moment: before the one transaction there are no records, after it all of them. What comes before it,
objects and points, does no harm alone: objects that nothing refers to, and points under an id that no source will ever get.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from enstorage.bundle.plan import Plan
from enstorage.bundle.planning import make_plan
from enstorage.bundle.reading import Bundle, Progress, blamed, opened, read_bundle, refuse_pickle
from enstorage.bundle.report import Imported
from enstorage.bundle.rows import Row
from enstorage.bundle.storing import store_records
from enstorage.connector import bound_to
from enstorage.entity import ENTITIES, DataCsv, DataSource, Project
from enstorage.errors import InvalidInputError, StoreError

if TYPE_CHECKING:
    from enstorage.bundle.closure import Kind
    from enstorage.connector import Connector


def import_bundle(
    path: str | os.PathLike[str],
    connector: "Connector | None" = None,
    *,
    max_bytes: int | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Take a project from a file that `export_project` wrote, with the same hashes.

    Everything in the file is checked before anything is written. Records get new ids here. What is here already stays as
    it is, so that importing twice changes nothing, and a newer bundle adds what is new: whole records, facts and values of
    curves that a model here does not have, and what is still empty here, such as the object of a model that was not
    trained. Points are written for new sources only.

    Args:
        path: of the file.
        connector: the store to import into; the current one by default.
        max_bytes: how much the file may unpack to; by default 1 GiB, or 100 times its size if that is more.
        progress: called with what is being done, how much of it is done, and how much there is.

    Raises:
        InvalidInputError: the file is no bundle, its parts do not belong together, or they do not go with what is here.
        CorruptError: the file is damaged.
        NotSupportedError: it was made by a newer version of enstorage.
        UntrustedError: it holds pickles, and this store does not allow them.
        StoreError: the store refuses, or was changed by another process at the same moment.
    """
    shown = Path(path)
    with bound_to(connector) as here, opened(shown) as file:
        if here.database.in_transaction:
            raise InvalidInputError(
                "import_bundle is a transaction of its own; call it outside of connector.transaction()."
            )
        with blamed(shown):
            bundle = read_bundle(file, max_bytes=max_bytes, progress=progress)
            if not here.allow_pickle:
                refuse_pickle(bundle)
        with here.database.reading() as session:
            plan = make_plan(session, bundle)
        points = 0
        if not plan.is_empty:
            hashes = plan.hashes(bundle)
            with blamed(shown):
                _put_objects(bundle, here, hashes, progress)
            with _reserved(here, plan.made[DataSource]) as source_ids:
                for there, id in source_ids.items():
                    with blamed(shown):
                        points += _write_points(bundle, here, there, id)
                with here.transaction() as session:
                    plan = make_plan(session, bundle)
                    if not (plan.hashes(bundle) <= hashes and _ids(plan.made[DataSource]) <= source_ids.keys()):
                        raise StoreError(
                            "Another process deleted records while the bundle was read. Nothing was changed. Try again."
                        )
                    store_records(session, plan, bundle, source_ids)
                    for there, id in source_ids.items():
                        if here.series.extent(id) is None:  # `gc` took them for nobody's before this transaction began
                            _write_points(bundle, here, there, id)
            for sha256 in hashes:  # `gc` may have freed what was here before, between the two
                if not here.objects.has(sha256):
                    here.objects.put(bundle.object(sha256))
        return _report(bundle, plan, here, points)


@contextmanager
def _reserved(here: "Connector", rows: list[Row]) -> Iterator[dict[int, int]]:
    """Ids for new sources, which no other source will ever get; by the ids in the bundle.

    The database gives an id and the row is deleted again. At the end of the block points are deleted whose source was not
    made, unless that cannot be found out.
    """
    ids: dict[int, int] = {}
    try:
        if rows:
            with here.transaction() as session:
                for row in rows:
                    made = session.execute(insert(DataSource.__table__).values(row.values))  # type: ignore[arg-type]
                    ids[row.id] = made.inserted_primary_key[0]  # type: ignore[attr-defined]
                session.execute(delete(DataSource).where(DataSource.id.in_(ids.values())))
        yield ids
    finally:
        with suppress(StoreError):
            with here.database.reading() as session:
                there = set(session.scalars(select(DataSource.id).where(DataSource.id.in_(ids.values()))))
            for id in set(ids.values()) - there:
                here.series.delete_source(id)


def _write_points(bundle: Bundle, here: "Connector", there: int, id: int) -> int:
    times, values = bundle.points(there)
    if len(times):
        here.series.append(id, times, values)
    return len(times)


def _put_objects(bundle: Bundle, here: "Connector", hashes: set[str], progress: Progress | None) -> None:
    for done, sha256 in enumerate(sorted(hashes), start=1):
        here.objects.put(bundle.object(sha256))
        if progress is not None:
            progress("Storing", done, len(hashes))


def _ids(rows: list[Row]) -> set[int]:
    return {row.id for row in rows}


def _report(bundle: Bundle, plan: Plan, here: "Connector", points: int) -> Imported:
    new = Counter({entity: len(rows) for entity, rows in plan.made.items()})
    new[DataCsv] = len(plan.tables(bundle))
    return Imported(
        project=Project.get(plan.here[Project][bundle.manifest.project], connector=here),
        new=_told(new),
        known=_told(plan.known),
        filled=_told(Counter(row.entity for row, _, _ in plan.filled)),
        left=_told(plan.left),
        objects=len(plan.hashes(bundle)),
        points=points if plan.made[DataSource] else 0,
    )


def _told(counts: "Counter[Kind]") -> dict[str, int]:
    return {entity.__tablename__: counts[entity] for entity in ENTITIES if counts[entity]}
