"""Making the plan of an import: which records of a bundle are new here, and which are here already and stay as they are."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.bundle.contents.closure import Kind, chunks, foreign_keys
from enstorage.bundle.contents.rows import Row, by_owner
from enstorage.bundle.file.read import Bundle
from enstorage.bundle.merge.follow_trash import follow_trash
from enstorage.bundle.merge.local_ids import local_search
from enstorage.bundle.merge.parts import member_here, plan_parts
from enstorage.bundle.merge.plan import Kept, Plan, origin_of
from enstorage.database.types import JsonText, to_json_text
from enstorage.entity import (
    ENTITIES,
    ORIGIN,
    STORE,
    DataCsv,
    DataPreparation,
    DataSet,
    Ensemble,
    EnsembleItem,
    Model,
    Research,
)
from enstorage.errors import InvalidInputError

# Two records of one search differ by the keys of candidates, which are of one store.
_NOWHERE: dict[str, dict[int, int]] = {"model": {}, "ensemble": {}}


def make_plan(session: Session, bundle: Bundle) -> Plan:
    """Compare a bundle with what is here.

    Raises:
        InvalidInputError: records that have one origin are not the same, or do not go together.
    """
    plan = Plan(str(session.scalar(select(STORE.c.uuid))))
    wholes = [entity for entity in ENTITIES if not entity._part_of and entity is not DataCsv]
    for entity in wholes:
        _find_known(session, plan, entity, bundle)
    for entity in wholes:
        for row in bundle.rows[entity].values():
            if row.id in plan.here[entity]:
                _check_same(plan, row, bundle)
                _fill(session, plan, row, bundle)
                plan.known[entity] += 1
            else:
                plan.made[entity].append(row)
    plan_parts(session, plan, bundle)
    _check_researches(plan, bundle)
    follow_trash(plan)
    return plan


def _find_known(session: Session, plan: Plan, entity: Kind, bundle: Bundle) -> None:
    rows = bundle.rows[entity]
    by_store: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows.values():
        store, id_there = origin_of(row, bundle)
        by_store[store][id_there] = row.id
    candidates: dict[int, int] = {}
    for store, ids in by_store.items():
        if store == plan.store:
            candidates |= {id: there for there, id in ids.items()}
        for chunk in chunks(ids):
            query = select(ORIGIN.c.id_there, ORIGIN.c.id).where(
                ORIGIN.c.entity == entity.__tablename__, ORIGIN.c.store == store, ORIGIN.c.id_there.in_(chunk)
            )
            candidates |= {ids[id_there]: id for id_there, id in session.execute(query)}
    kept: dict[int, Kept] = {}
    for chunk in chunks(candidates.values()):
        query_kept = select(entity.__table__).where(entity.id.in_(chunk))
        kept |= {values["id"]: values for values in session.execute(query_kept).mappings()}
    for id, id_here in candidates.items():
        if id_here in kept:
            plan.here[entity][id] = id_here
            plan.kept[entity][id] = kept[id_here]
        else:
            plan.stale.append((entity.__tablename__, id_here))


def _check_same(plan: Plan, row: Row, bundle: Bundle) -> None:
    """Refuse a record that has the origin of one that is here and is another.

    That happens where a store was copied, or restored from a backup, and both were used: they name different records by
    the same ids.
    """
    kept, keys = plan.kept[row.entity][row.id], foreign_keys(row.entity)
    for name in ("created_at", *sorted(row.entity._immutable - {"data_csv_id", "series_version"})):
        value = row.values[name]
        if value is None and bundle.manifest.is_older:
            continue  # a column of a later version
        if name in keys and value is not None:
            value = plan.here[keys[name]].get(value)
        other = kept[name]
        if row.entity is Ensemble and name == "formed" and value is not None and other is not None:
            value, other = local_search(value, [], _NOWHERE), local_search(other, [], _NOWHERE)
        if not _equal(row.entity, name, value, other):
            raise InvalidInputError(
                f"{row} of the bundle and {row.entity.__name__}({kept['id']}) of this store have one origin and are not the "
                f"same: {name} is {row.values[name]!s:.60} there and {kept[name]!s:.60} here. One store is a copy of the "
                "other, or came back from a backup, and both went on. Nothing was changed. Import into an empty store."
            )


def _equal(entity: Kind, name: str, one: Any, other: Any) -> bool:
    if isinstance(entity.__table__.columns[name].type, JsonText):
        return to_json_text(one) == to_json_text(other)
    return bool(one == other)


def _fill(session: Session, plan: Plan, row: Row, bundle: Bundle) -> None:
    """Note the columns that are still empty here, if what is not empty is the same."""
    entity, kept, keys = row.entity, plan.kept[row.entity][row.id], foreign_keys(row.entity)
    values = {}
    for name in entity._written_later:
        value = row.values[name]
        if is_empty(kept[name]):
            values[name] = value
        elif not _equal(entity, name, plan.here[keys[name]].get(value) if name in keys else value, kept[name]):
            return
    values = {name: value for name, value in values.items() if not is_empty(value)}
    if values and (entity is not Ensemble or _has_same_members(session, plan, row, bundle)):
        plan.filled.append((row, plan.here[entity][row.id], values))


def is_empty(value: Any) -> bool:
    """True if a column that is written later was not written yet."""
    return value is None or value == {}


def _has_same_members(session: Session, plan: Plan, row: Row, bundle: Bundle) -> bool:
    items = by_owner(bundle.rows[EnsembleItem].values(), "ensemble_id")[row.id]
    there = {(*member_here(plan, item), item.values["position"]) for item in items}
    query = select(EnsembleItem.model_id, EnsembleItem.member_id, EnsembleItem.position)
    members = session.execute(query.where(EnsembleItem.ensemble_id == plan.here[Ensemble][row.id]))
    return there == {tuple(each) for each in members}


def _check_researches(plan: Plan, bundle: Bundle) -> None:
    """Refuse models whose data sets are of another preparation than their research is here."""
    filled = {(row.entity, row.id): values for row, _, values in plan.filled}

    def here(entity: Kind, id: int | None) -> int | None:
        """An id here, and for what is to be made a number below 0."""
        return None if id is None else plan.here[entity].get(id, -id)

    changed = [*plan.made[Model], *(row for row, _, values in plan.filled if "data_set_id" in values)]
    for row in changed:
        research_id, data_set_id = row.values["research_id"], row.values["data_set_id"]
        if data_set_id is None or research_id not in plan.here[Research]:
            continue
        chosen = plan.kept[Research][research_id]["data_preparation_id"]
        if (Research, research_id) in filled:
            chosen = here(DataPreparation, filled[Research, research_id]["data_preparation_id"])
        own = here(DataPreparation, bundle.rows[DataSet][data_set_id].values["data_preparation_id"])
        if own not in (None, chosen):
            raise InvalidInputError(
                f"{row} of the bundle sees data of another preparation than the other models of "
                f"Research({plan.here[Research][research_id]}) of this store: both went on after the last bundle. Nothing "
                "was changed. Import into an empty store."
            )
