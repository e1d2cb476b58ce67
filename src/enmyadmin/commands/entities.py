"""Commands about stored entities: list, find, show, compare."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import Entity, entity_class, find_record, find_records
from enmyadmin.commands.changing import trashed
from enmyadmin.output import Json, as_cell, print_json, print_line, print_lines, print_table, shortened
from enmyadmin.rendered import print_rendered
from enstorage.errors import CorruptError

if TYPE_CHECKING:
    from enstorage import DataSource, Model
    from enstorage.entity._record import Record

#: Facts that `show` does not list among the columns, but by themselves.
_SHOWN_BELOW = {"meta", "items", "result", "formed", "remarks"}

Trash = Annotated[bool, typer.Option("--trash", help="Only records in the trash.")]


def list_entities(
    entity: Annotated[
        str | None,
        typer.Argument(help="Such as project, data_source, model; with --trash all by default.", metavar="ENTITY"),
    ] = None,
    trash: Trash = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List the records of an entity.

    Example: enstorage list models
    """
    if entity is not None:
        kind = entity_class(entity)
        records = kind.find(trash=trash, connector=open_store(store))
        _print_records(kind, records, "in the trash" if trash else "in all", as_json=as_json)
    elif trash:
        _print_trash(trashed(open_store(store)), as_json=as_json)
    else:
        raise typer.BadParameter("expected an entity, such as `enstorage list models`, or --trash.")


def find(
    entity: Entity,
    query: Annotated[
        str | None,
        typer.Argument(help="Such as \"meta.loss < 0.01 and research.name = 'Standard data'\"; all without one."),
    ] = None,
    order_by: Annotated[
        str | None, typer.Option("--order-by", help='Such as "meta.mse desc, name".', show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Largest number of records.", show_default=False)] = None,
    trash: Trash = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Find the records that fulfil a query.

    Example: enstorage find model "meta.loss < 0.01 and name like 'lag%'" --order-by "meta.loss" --limit 5
    """
    kind = entity_class(entity)
    found = kind.find(query, order_by=order_by, limit=limit, trash=trash, connector=open_store(store))
    _print_records(kind, found, "found", as_json=as_json)


def _print_trash(records: "list[Record]", *, as_json: bool) -> None:
    facts = [[each.__tablename__, each.id, getattr(each, "name", None), each.deleted_at] for each in records]
    heads = ["entity", "id", "name", "deleted_at"]
    if as_json:
        print_json([dict(zip(heads, each, strict=True)) for each in facts])
        return
    print_table(heads, facts)
    print_line(f"{len(records)} in the trash")


def compare(
    entity: Entity,
    ids: Annotated[list[str], typer.Argument(help="Two or more ids or names.", metavar="ID")],
    everything: Annotated[bool, typer.Option("--all", help="Show also values that do not differ.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Compare facts, results and origins of records.

    Example: enstorage compare model 1 2
    """
    from enstorage.views.comparing import compare

    kind = entity_class(entity)
    records = find_records(kind, ids, open_store(store))
    comparison = compare(records)
    if as_json:
        print_json(comparison.to_json(everything=everything))
        return
    shown = comparison.values if everything else comparison.differing
    if not shown:
        print_line(f"They do not differ in any of {len(comparison.values)} values.")
        return
    heads = [f"{kind.__tablename__} {record.id}" for record in records]
    print_table(["", *heads], [[name, *(as_cell(value, 16) for value in values)] for name, values in shown.items()])


def _print_records(kind: "type[Record]", records: "Sequence[Record]", word: str, *, as_json: bool) -> None:
    from enstorage.entity.columns import named

    rows = [record.as_dictionary() for record in records]
    if as_json:
        print_json([row | _claims(record) for row, record in zip(rows, records, strict=True)])
        return
    columns = list(named(kind, "listed"))
    print_table(columns, [[shortened(row[column]) for column in columns] for row in rows])
    print_line(f"{len(rows)} {word}")


def _claims(record: "Record") -> dict[str, Any]:
    """The claims that the mark of a rendered ensemble rests on; a damaged one is listed as well."""
    from enstorage import Ensemble

    if isinstance(record, Ensemble) and record.result is not None:
        with suppress(CorruptError):
            return {"claims": record.claims()}
    return {}


def show(
    entity: Entity,
    id: Annotated[str, typer.Argument(help="Its id, as `enstorage list` shows, or its name.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show one record, its facts and its origins.

    Example: enstorage show ensemble 1
    """
    from enstorage import DataSource, Ensemble, Model, Panel

    kind = entity_class(entity)
    record = find_record(kind, id, open_store(store))
    facts = record.as_dictionary()
    if isinstance(record, Model):
        facts["meta"] = record.metas()
        facts["curves"] = _curves(record)
    if isinstance(record, DataSource):
        facts |= _points(record)
    if isinstance(record, Panel):
        facts["sources"] = {member.key: member.data_source_id for member in record.members()}
    if isinstance(record, Ensemble):
        facts["result"] = record.labelled_result()
        facts["remarks"] = record.remarks()
        facts["items"] = [
            {"model_id": item.model_id, "member_id": item.member_id, **item.properties} for item in record.items()
        ]
    made_from = record.lineage() if kind._upstream or kind is Ensemble else None
    if as_json:
        print_json({**facts, "lineage": made_from.to_json()} if made_from else facts)
        return
    shown = {
        name: value for name, value in facts.items() if name not in _SHOWN_BELOW and value not in (None, "", {}, [])
    }
    print_table([kind.__name__, ""], [[name, as_cell(value, 200)] for name, value in shown.items()])
    if isinstance(record, Model) and facts["meta"]:
        print_table(["meta", ""], [[key, as_cell(value, 200)] for key, value in facts["meta"].items()])
    if isinstance(record, Ensemble) and record.result is not None:
        print_line()
        print_rendered(record)
    if made_from is not None:
        print_lines(f"\nMade from\n{made_from}")


def _curves(model: "Model") -> dict[str, dict[str, Any]]:
    """The number of steps and the last value of each curve."""
    table = model.curves()
    curves = {name: table[name].drop_nulls() for name in table.columns if name != "step"}
    return {name: {"steps": len(values), "last": values[-1]} for name, values in curves.items()}


def _points(source: "DataSource") -> dict[str, Any]:
    times, _ = source.read()
    ends = (
        {"first_point": source.label(int(times[0])), "last_point": source.label(int(times[-1]))} if len(times) else {}
    )
    return {"points": len(times), **ends}
