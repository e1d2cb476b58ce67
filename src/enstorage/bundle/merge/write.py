"""Writing what a plan says into the database, inside one transaction."""

from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.orm import Session, class_mapper

from enstorage.bundle.contents.closure import chunks, foreign_keys
from enstorage.bundle.contents.rows import Row, by_owner
from enstorage.bundle.file.read import Bundle
from enstorage.bundle.merge.local_ids import local_ids, local_result, local_search
from enstorage.bundle.merge.parts import member_here
from enstorage.bundle.merge.plan import Plan, origin_of
from enstorage.database.types import to_json_text
from enstorage.entity import (
    ORIGIN,
    DataCsv,
    DataSnapshot,
    DataSource,
    Ensemble,
    EnsembleItem,
    Model,
    ModelMeta,
)
from enstorage.entity._record import Record
from enstorage.entity._references import entities_in_order
from enstorage.entity.ensemble_item import item_key
from enstorage.entity.model_meta import label_of, number_of


def store_records(session: Session, plan: Plan, bundle: Bundle, source_ids: dict[int, int]) -> None:
    """Make the records of a plan, with new ids, and fill in those that are known.

    Args:
        session: of the transaction.
        plan: the plan; the new ids are added to it.
        bundle: the bundle of the plan.
        source_ids: the ids that new sources get, by their ids in the bundle.
    """
    _forget_deleted(session, plan)
    for entity in entities_in_order(Record.registry):
        if entity is DataCsv:
            continue  # each comes with its owner
        rows = sorted(plan.made[entity], key=lambda row: row.id)
        # Ensembles one after another, since the table of one may name one before it.
        for batch in [[row] for row in rows] if entity is Ensemble else [rows]:
            _make_tables(session, plan, bundle, [row.values.get("data_csv_id") for row in batch])
            if entity._part_of:
                for chunk in chunks(batch):
                    session.execute(insert(entity.__table__), [_values(plan, bundle, row) for row in chunk])  # type: ignore[arg-type]
            else:
                _make(session, plan, bundle, batch, source_ids if entity is DataSource else {})
        if not entity._part_of:
            _note_origins(session, bundle, [(row, plan.here[entity][row.id]) for row in rows])
    _fill_known(session, plan, bundle)
    _store_results(session, plan, bundle)


def _make_tables(session: Session, plan: Plan, bundle: Bundle, ids: list[int | None]) -> None:
    rows = [bundle.rows[DataCsv][id] for id in ids if id is not None]
    _make(session, plan, bundle, rows, {})


def _make(session: Session, plan: Plan, bundle: Bundle, rows: list[Row], ids: dict[int, int]) -> None:
    made: list[Record] = []
    for row in rows:
        # Not by the constructors: they ask for records and compute, and these are read.
        record = class_mapper(row.entity).class_manager.new_instance()
        if row.id in ids:
            record.id = ids[row.id]
        for name, value in _values(plan, bundle, row).items():
            setattr(record, name, value)
        made.append(record)
    session.add_all(made)
    session.flush()
    for row, record in zip(rows, made, strict=True):
        plan.here[row.entity][row.id] = record.id
    session.expunge_all()


def _values(plan: Plan, bundle: Bundle, row: Row) -> dict[str, Any]:
    """The values of a row as they are here."""
    values = dict(row.values)
    values["deleted_at"] = plan.trashed.get((row.entity, row.id), values["deleted_at"])
    for name, parent in foreign_keys(row.entity).items():
        if values[name] is not None:
            values[name] = plan.here[parent][values[name]]
    if row.entity is DataCsv:
        here = {entity.__tablename__: plan.here[entity] for entity in (DataSource, Model, Ensemble)}
        values["local_ids"] = local_ids(bundle.named[row.id], values["local_ids"], here)
    if row.entity is DataSnapshot:
        # Of the series store there; this one never had it, and was never looked into.
        values["series_version"] = values["checked_at"] = values["check_result"] = None
    if row.entity is Ensemble:
        values["result"] = None  # it names items, which are made after ensembles; see `_store_results`
        if values["formed"] is not None:
            here = {entity.__tablename__: plan.here[entity] for entity in (Model, Ensemble)}
            values["formed"] = local_search(values["formed"], [_key(item) for item in _items(bundle, row)], here)
    if row.entity is ModelMeta:
        values["number"] = number_of(values["value"])
        values["label"] = label_of(values["value"], to_json_text(values["value"]))
    return values


def _fill_known(session: Session, plan: Plan, bundle: Bundle) -> None:
    for row, id, values in plan.filled:
        _make_tables(session, plan, bundle, [values.get("data_csv_id")])
        table, new = row.entity.__table__, _values(plan, bundle, row)
        session.execute(update(table).where(table.c.id == id).values({name: new[name] for name in values}))  # type: ignore[arg-type]


def _items(bundle: Bundle, ensemble: Row) -> list[Row]:
    """The members of an ensemble, in their order."""
    items = by_owner(bundle.rows[EnsembleItem].values(), "ensemble_id")[ensemble.id]
    return sorted(items, key=lambda item: item.values["position"])


def _key(item: Row) -> str:
    return item_key(item.values["model_id"], item.values["member_id"])


def _store_results(session: Session, plan: Plan, bundle: Bundle) -> None:
    """Give the ensembles that were made or filled their results, which name the items of their members by ids."""
    filled = [row for row, _, values in plan.filled if row.entity is Ensemble and "result" in values]
    ensembles, table = Ensemble.__table__, EnsembleItem.__table__
    for row in [*plan.made[Ensemble], *filled]:
        if row.values["result"] is None:
            continue
        id_here = plan.here[Ensemble][row.id]
        query = select(table.c.id, table.c.model_id, table.c.member_id).where(table.c.ensemble_id == id_here)
        here = {(model_id, member_id): id for id, model_id, member_id in session.execute(query)}
        living = [item for item in _items(bundle, row) if "dropped" not in item.values["properties"]]
        result = local_result(row.values["result"], {item.id: here[member_here(plan, item)] for item in living})
        written = {"result": result, "updated_at": ensembles.c.updated_at}
        session.execute(update(ensembles).where(ensembles.c.id == id_here).values(written))  # type: ignore[arg-type]


def _note_origins(session: Session, bundle: Bundle, made: list[tuple[Row, int]]) -> None:
    for chunk in chunks(made):
        rows = []
        for row, id in chunk:
            store, id_there = origin_of(row, bundle)
            rows.append({"entity": row.entity.__tablename__, "id": id, "store": store, "id_there": id_there})
        session.execute(insert(ORIGIN), rows)


def _forget_deleted(session: Session, plan: Plan) -> None:
    """Remove the origins of records that were deleted since: what is made anew gets them."""
    for chunk in chunks(plan.stale):
        session.execute(delete(ORIGIN).where(tuple_(ORIGIN.c.entity, ORIGIN.c.id).in_(chunk)))
