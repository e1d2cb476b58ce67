"""Put imported records into the trash together with the records they belong to, to be restored with them."""

from collections import defaultdict
from datetime import datetime

from enstorage.bundle.contents.closure import Kind, foreign_keys
from enstorage.bundle.contents.rows import Row
from enstorage.bundle.merge.plan import Plan
from enstorage.entity._record import Record
from enstorage.entity._references import entities_in_order


def follow_trash(plan: Plan) -> None:
    """Give what is made the moment at which something that it needs was put into the trash here."""
    for entity in entities_in_order(Record.registry):
        if entity._part_of:
            continue
        members = _of_parts(plan, entity)
        for row in plan.made[entity]:
            needed = [*_references(row), *members[row.id]]
            moments = [moment for parent, id in needed if (moment := _moment(plan, parent, id)) is not None]
            if moments and row.values["deleted_at"] is None:
                plan.trashed[entity, row.id] = max(moments)


def _moment(plan: Plan, entity: Kind, id: int) -> datetime | None:
    """Time when a record was put into the trash here, or will be by this import."""
    kept = plan.kept[entity].get(id)
    return plan.trashed.get((entity, id)) if kept is None else kept["deleted_at"]


def _of_parts(plan: Plan, whole: Kind) -> dict[int, list[tuple[Kind, int]]]:
    """The records that the parts of records refer to, by the ids of these."""
    found: dict[int, list[tuple[Kind, int]]] = defaultdict(list)
    for part, rows in plan.made.items():
        for name in part._part_of:
            for row in rows if foreign_keys(part)[name] is whole else ():
                if row.values[name] is not None:
                    found[row.values[name]] += _references(row)
    return found


def _references(row: Row) -> list[tuple[Kind, int]]:
    keys = foreign_keys(row.entity)
    return [
        (parent, row.values[name])
        for name, parent in keys.items()
        if name not in row.entity._part_of and row.values[name] is not None
    ]
