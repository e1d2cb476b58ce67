"""Commands about stored entities: list, find, show, compare."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.commands.opening import Store, open_store
from enmyadmin.output import Json, print_json, print_table, shortened
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage import DataSource, Ensemble, Model
    from enstorage.entity._record import Record

Entity = Annotated[str, typer.Argument(help="Such as project, data_source, model, ensemble.", metavar="ENTITY")]

# What a list leaves to `show`.
_LONG = {
    *(
        "description",
        "tags",
        "updated_at",
        "deleted_at",
        "network",
        "state",
        "result",
        "properties",
        "columns",
        "adapter",
    ),
    *(
        "created_at",
        "rendered_at",
        "object_format",
        "number",
        "label",
        "lost",
        "sha256",
        "object_sha256",
        "object_bytes",
        "seed",
        "split",
        "data_csv_id",
        "data",
        "local_ids",
        "parameters",
        "series_version",
        "formed",
        "checked_at",
        "check_result",
    ),
}

_TOLD_APART = {"meta", "items", "result", "formed"}


def list_entities(entity: Entity, store: Store = None, as_json: Json = False) -> None:
    """List what is stored of an entity."""
    kind = entity_class(entity)
    _print_records(kind, kind.get_list(connector=open_store(store)), "in all", as_json=as_json)


def find(
    entity: Entity,
    query: Annotated[
        str | None,
        typer.Argument(help="Such as \"meta.loss < 0.01 and research.name = 'Standard data'\"; all without one."),
    ] = None,
    order_by: Annotated[
        str | None, typer.Option("--order-by", help='Such as "meta.mse desc, name".', show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many.", show_default=False)] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Find what a query asks for."""
    kind = entity_class(entity)
    found = kind.find(query, order_by=order_by, limit=limit, connector=open_store(store))
    _print_records(kind, found, "found", as_json=as_json)


def compare(
    entity: Entity,
    ids: Annotated[list[int], typer.Argument(help="Two or more ids, as `enstorage list` shows.", metavar="ID...")],
    everything: Annotated[bool, typer.Option("--all", help="Also what is the same for all.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show what differs between records: their facts, their results, and what they were made from."""
    from enstorage.views.comparing import compare

    kind = entity_class(entity)
    comparison = compare(kind.get_list(ids, connector=open_store(store)))
    if as_json:
        print_json(comparison.to_json(everything=everything))
        return
    shown = comparison.values if everything else comparison.differing
    if not shown:
        typer.echo(f"They do not differ in any of {len(comparison.values)} values.")
        return
    heads = [f"{kind.__tablename__} {id}" for id in ids]
    print_table(["", *heads], [[name, *map(_side, values)] for name, values in shown.items()])


def _side(value: Any) -> Any:
    """A value that stands beside others of its kind, in a column of other kinds."""
    return f"{value:.6g}" if isinstance(value, float) else shortened(value, 16)


def _print_records(kind: "type[Record]", records: "Sequence[Record]", word: str, *, as_json: bool) -> None:
    rows = [record.as_dictionary() for record in records]
    if as_json:
        print_json(rows)
        return
    columns = [column.key for column in kind.__table__.columns if column.key not in _LONG]
    print_table(columns, [[shortened(row[column]) for column in columns] for row in rows])
    typer.echo(f"{len(rows)} {word}")


def show(
    entity: Entity,
    id: Annotated[int, typer.Argument(help="Its id, as `enstorage list` shows.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show one entity, its facts and what it was made from."""
    from enstorage import DataSource, Ensemble, Model

    kind = entity_class(entity)
    record = kind.get(id, connector=open_store(store))
    facts = record.as_dictionary()
    if isinstance(record, Model):
        facts["meta"] = record.metas()
        facts["curves"] = _curves(record)
    if isinstance(record, DataSource):
        facts |= _points(record)
    if isinstance(record, Ensemble):
        facts["result"] = record.labelled_result()
        facts["items"] = [
            {"model_id": item.model_id, "member_id": item.member_id, **item.properties} for item in record.items()
        ]
    made_from = record.lineage() if kind._upstream or kind is Ensemble else None
    if as_json:
        print_json({**facts, "lineage": made_from.to_json()} if made_from else facts)
        return
    told = [
        [name, value] for name, value in facts.items() if value not in (None, "", {}, []) and name not in _TOLD_APART
    ]
    print_table([kind.__name__, ""], [[name, shortened(value, 200)] for name, value in told])
    if isinstance(record, Model) and facts["meta"]:
        print_table(["meta", ""], [[key, shortened(value, 200)] for key, value in facts["meta"].items()])
    if isinstance(record, Ensemble) and record.result is not None:
        _tell_ensemble(record)
    if made_from is not None:
        typer.echo(f"\nMade from\n{made_from}")


def _curves(model: "Model") -> dict[str, dict[str, Any]]:
    """Of each curve how many steps it has, and its last value."""
    table = model.curves()
    curves = {name: table[name].drop_nulls() for name in table.columns if name != "step"}
    return {name: {"steps": len(values), "last": values[-1]} for name, values in curves.items()}


def _points(source: "DataSource") -> dict[str, Any]:
    from enstorage.instant import to_iso

    times, _ = source.read()
    ends = {"first_point": to_iso(int(times[0])), "last_point": to_iso(int(times[-1]))} if len(times) else {}
    return {"points": len(times), **ends}


def _tell_ensemble(ensemble: "Ensemble") -> None:
    from enstorage.entity.ensemble_result import judged_by

    alignment, metrics = ensemble.alignment(), ensemble.metrics()
    measure, told = judged_by(metrics)
    typer.echo(f"\n{alignment['common']} common targets; fitted {ensemble.mark()}. By part the {told}:")
    rows: list[list[Any]] = []
    living = [item for item in ensemble.items() if item.dropped is None]
    for name, item in zip(alignment["lost"], living, strict=True):
        errors = [metrics[part]["members"][name][measure] for part in metrics]
        rows.append([name, item.rendered_result().weight, alignment["lost"][name], *errors])
    rows.append(["ensemble", None, None, *(metrics[part]["ensemble"][measure] for part in metrics)])
    print_table(["member", "weight", "lost rows", *metrics], rows)
    if ensemble.formed is not None:
        typer.echo(
            f"Chosen among {len(ensemble.formed['tried'])} things that were tried; --json has them, and the report."
        )
    for name, reason in ensemble.dropped().items():
        typer.echo(f"Left out: {name}. {reason}")
    for said in ensemble.warnings():
        typer.echo(f"Warning: {said}")


def entity_class(name: str) -> "type[Record]":
    """The class of an entity by the name of its table; hyphens and a plural s are understood.

    Raises:
        InvalidInputError: there is no such entity.
    """
    from enstorage.entity import ENTITIES

    known = {entity.__tablename__: entity for entity in ENTITIES}
    wanted = name.lower().replace("-", "_")
    found = known.get(wanted) or known.get(wanted.removesuffix("s")) or known.get(wanted.removesuffix("es"))
    if found is None:
        raise InvalidInputError(f"There is no entity {name!r}; known are {', '.join(known)}.")
    return found
