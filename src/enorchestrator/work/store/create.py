"""The kinds `create_…`: make a record, with the fields that `enstorage create` and REST take."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, create_model

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.port import ENTITY_TYPES
from enstorage import Connector
from enstorage.entity import creating
from enstorage.entity._record import Record
from enstorage.entity.ways import WAYS
from enstorage.progress import Progress

_TYPES: dict[str, Any] = {
    "text": StrictStr,
    "whole number": StrictInt,
    "number": StrictFloat,
    "true or false": StrictBool,
    "time": StrictStr | StrictInt,
    "list": list[Any],
    "JSON": dict[str, Any],
}


def _type(each: creating.Field) -> Any:
    if each.type not in ("id", "ids"):
        return Annotated[
            _TYPES[each.type], Field(json_schema_extra={"enum": list(each.choices)} if each.choices else {})
        ]
    one = Annotated[int, Field(ge=1, strict=True, json_schema_extra={"entity": each.entity})]
    return one if each.type == "id" else list[one]


def _field(each: creating.Field) -> tuple[Any, Any]:
    given = _type(each) if each.required else _type(each) | None
    return Annotated[given, Field(description=each.help)], ... if each.required else None


def _arguments(table: str) -> type[Arguments]:
    name = "".join(word.capitalize() for word in table.split("_"))
    fields: dict[str, Any] = {each.name: _field(each) for each in creating.fields(table)}
    return create_model(f"Create{name}", __base__=Arguments, **fields)


def _given(arguments: Arguments) -> dict[str, Any]:
    return arguments.model_dump(exclude_none=True)


def _create(
    table: str, arguments: Arguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    progress("Creating", 0, 1)
    made = creating.create(table, _given(arguments), connector=connector)
    progress("Creating", 1, 1)
    return _outputs(table, made)


def _outputs(table: str, made: Record) -> dict[str, Any]:
    return {table: {"id": made.id, "name": getattr(made, "name", None)}}


def _outputs_of(table: str, _arguments: Arguments, made: Sequence[Any]) -> dict[str, Any] | None:
    found = [each for each in made if isinstance(each, Record) and each.__tablename__ == table]
    return _outputs(table, found[-1]) if found else None


def _check(table: str, arguments: Arguments, connector: Connector) -> None:
    """Refuse ids that are not stored, before anything is executed."""
    given = _given(arguments)
    entities: dict[str | None, type[Record]] = {way.entity.__tablename__: way.entity for way in WAYS}
    for each in creating.fields(table):
        if each.entity is None or each.name not in given:
            continue
        ids = given[each.name] if each.type == "ids" else [given[each.name]]
        with creating.about(each.name):
            entities[each.entity].get_list(ids, connector=connector)


def _kind(table: str) -> WorkKind:
    call: Callable[..., dict[str, Any]] = partial(_create, table)
    return WorkKind(
        f"create_{table}",
        "create",
        table,
        f"Create {table.replace('_', ' ')}",
        _arguments(table),
        call,
        partial(_check, table),
        outputs={table: table},
        outputs_of=partial(_outputs_of, table),
    )


#: One for each table. Facts, forecasts and members of panels are parts of other records, which other kinds make.
CREATE = tuple(_kind(table) for table in ENTITY_TYPES)
