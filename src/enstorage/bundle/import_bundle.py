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

from enstorage.bundle.contents.rows import Row
from enstorage.bundle.file.read import Bundle, blamed, opened, read_bundle, refuse_pickle
from enstorage.bundle.merge.make_plan import make_plan
from enstorage.bundle.merge.plan import Plan
from enstorage.bundle.merge.write import store_records
from enstorage.bundle.report import Imported
from enstorage.connector import bound_to
from enstorage.entity import ENTITIES, DataCsv, DataPreparation, DataSet, DataSource, Ensemble, Model, Project
from enstorage.entity._record import Record
from enstorage.errors import EnstorageError, InvalidInputError, StoreError
from enstorage.progress import Listener, Progress, listening
from enstorage.series.base import Points
from enstorage.series.batches import append_each
from enstorage.upkeep.opening import check_opening

if TYPE_CHECKING:
    from enstorage.bundle.contents.closure import Kind
    from enstorage.connector import Connector

_OBJECTS_AT_ONCE = 64
_BYTES_AT_ONCE = 16 << 20


def import_bundle(
    path: str | os.PathLike[str],
    connector: "Connector | None" = None,
    *,
    max_bytes: int | None = None,
    progress: bool | Progress = False,
) -> Imported:
    """Take a project from a file that `export_project` wrote, with the same hashes.

    Everything in the file is checked before anything is written. Records get new ids here. What is here already stays as
    it is, so that importing twice changes nothing, and a newer bundle adds what is new: whole records, facts and values of
    curves that a model here does not have, and what is still empty here, such as the object of a model that was not
    trained. Points are written for new sources only.

    Args:
        path: of the file.
        connector: the store to import into; the current one by default.
        max_bytes: how much the file may unpack to, and all its tables may take; by default 64 MiB, or 50 times its size if
            that is more.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; nothing was changed.
        InvalidInputError: the file is no bundle, its parts do not belong together, or they do not go with what is here.
        CorruptError: the file is damaged.
        NotSupportedError: it was made by a newer version of enstorage.
        UntrustedError: it holds pickles, and this store does not allow them.
        StoreError: the store refuses, or was changed by another process at the same moment.
    """
    shown = Path(path)
    with listening(progress) as report, bound_to(connector) as here, opened(shown) as file:
        if here.database.in_transaction:
            raise InvalidInputError(
                "import_bundle is a transaction of its own; call it outside of connector.transaction()."
            )
        report("Reading records", 0, 100)
        with blamed(shown):
            bundle = read_bundle(file, report.within(0, 50, 100), max_bytes=max_bytes)
            if not here.allow_pickle:
                refuse_pickle(bundle)
        here.database.confirm_empty(*Record.metadata.sorted_tables)  # what is lost here would be made a second time
        with here.database.reading() as session:
            plan = make_plan(session, bundle)
        points = 0
        if plan.is_empty:
            report("Everything is here already", 100, 100)
        else:
            with here.all_or_nothing():
                plan, points = _bring(bundle, plan, here, shown, report.within(50, 100, 100))
        return _report(bundle, plan, here, points)


def _bring(bundle: Bundle, plan: Plan, here: "Connector", shown: Path, report: Listener) -> tuple[Plan, int]:
    """Write objects, then points, then all records at once; gives the plan as it was done and the number of points."""
    hashes = plan.hashes(bundle)
    total = len(hashes) + len(plan.made[DataSource]) + 1
    with blamed(shown):
        _put_objects(bundle, here, hashes, report, total)
    with _reserved(here, plan.made[DataSource]) as source_ids:
        # A transaction that was rolled back gave the ids back, but not the points that it wrote under them.
        here.series.delete_leftovers(source_ids.values())
        points = _write_points(bundle, here, shown, source_ids, report.within(len(hashes), total - 1, total))
        report("Storing records", total, total)
        with here.transaction() as session:
            plan = make_plan(session, bundle)  # again: another process may have written since
            if not (plan.hashes(bundle) <= hashes and _ids(plan.made[DataSource]) <= source_ids.keys()):
                raise StoreError(
                    "Another process deleted records while the bundle was read. Nothing was changed. Try again."
                )
            # `gc` may have freed points and objects, since no record referred to them; inside a transaction it does not.
            _write_points(bundle, here, shown, source_ids)
            _put_missing(bundle, here, hashes)
            store_records(session, plan, bundle, source_ids)
            with blamed(shown):
                _check_opening(plan, here, report)
    _put_missing(bundle, here, hashes)  # `gc` may have freed objects between its look at the records and the commit
    return plan, points


def _check_opening(plan: Plan, here: "Connector", report: Listener) -> None:
    """Refuse what `check` would condemn afterwards, before it is there: the same rules, for what was made or filled in."""
    for entity in (DataPreparation, DataSet, Model, Ensemble):
        new = {row.id for row in plan.made[entity]} | {row.id for row, _, _ in plan.filled if row.entity is entity}
        ids = {plan.here[entity][id]: id for id in sorted(new)}
        for record in entity.get_list(ids, connector=here):
            report.ask()
            try:
                check_opening(record)
            except EnstorageError as error:
                raise InvalidInputError(
                    f"{entity.__name__}({ids[record.id]}) would be damaged here: {error}"
                ) from error


@contextmanager
def _reserved(here: "Connector", rows: list[Row]) -> Iterator[dict[int, int]]:
    """Ids for new sources, which no other source will ever get; by the ids in the bundle.

    The database gives an id and the row is deleted again. At the end of the block points are deleted whose source was not
    made, unless that cannot be found out.
    """
    ids: dict[int, int] = {}
    if not rows:
        yield ids
        return
    with here.transaction() as session:
        for row in rows:
            made = session.execute(insert(DataSource.__table__).values(row.values))  # type: ignore[arg-type]
            ids[row.id] = made.inserted_primary_key[0]  # type: ignore[attr-defined]
        session.execute(delete(DataSource).where(DataSource.id.in_(ids.values())))
    try:
        yield ids
    finally:
        with suppress(StoreError):
            with here.database.reading() as session:
                there = set(session.scalars(select(DataSource.id).where(DataSource.id.in_(ids.values()))))
            for id in set(ids.values()) - there:
                here.series.delete_source(id)


def _write_points(
    bundle: Bundle, here: "Connector", shown: Path, source_ids: dict[int, int], report: Listener | None = None
) -> int:
    """Write the points of new sources that are not there yet, in few calls; returns how many were written."""
    there = set(here.series.sources()) if source_ids else set()

    def missing() -> Iterator[tuple[int, Points]]:
        for done, (id_there, id) in enumerate(source_ids.items()):
            if report is not None:
                report("Storing points", done, len(source_ids))
            if id not in there:
                with blamed(shown):
                    points = bundle.points(id_there)
                yield id, points

    return append_each(here.series, missing())


def _put_objects(bundle: Bundle, here: "Connector", hashes: set[str], report: Listener, total: int) -> None:
    """Put the objects, several beside each other as long as they are small."""
    batch: list[bytes] = []
    for done, sha256 in enumerate(sorted(hashes)):
        report("Storing objects", done, total)
        batch.append(bundle.object(sha256))
        if len(batch) == _OBJECTS_AT_ONCE or sum(map(len, batch)) > _BYTES_AT_ONCE:
            here.put(batch)
            batch = []
    if batch:
        here.put(batch)


def _put_missing(bundle: Bundle, here: "Connector", hashes: set[str]) -> None:
    for sha256 in hashes:
        if not here.objects.has(sha256):
            here.objects.put(bundle.object(sha256))


def _ids(rows: list[Row]) -> set[int]:
    return {row.id for row in rows}


def _report(bundle: Bundle, plan: Plan, here: "Connector", points: int) -> Imported:
    new = Counter({entity: len(rows) for entity, rows in plan.made.items()})
    new[DataCsv] = len(plan.tables(bundle))
    return Imported(
        project=Project.get(plan.here[Project][bundle.manifest.project], connector=here),
        new=_by_table(new),
        known=_by_table(plan.known),
        filled=_by_table(Counter(row.entity for row, _, _ in plan.filled)),
        left=_by_table(plan.left),
        objects=len(plan.hashes(bundle)),
        points=points if plan.made[DataSource] else 0,
    )


def _by_table(counts: "Counter[Kind]") -> dict[str, int]:
    return {entity.__tablename__: counts[entity] for entity in ENTITIES if counts[entity]}
