"""The description of all collections: columns, forms and actions, from which the client draws its pages."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import LargeBinary

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.records.collection import COLLECTIONS, Collection, fields_of
from enstorage.database.types import JsonText, UtcDateTime
from enstorage.entity.changing import changeable
from enstorage.entity.columns import facts_of
from enstorage.entity.creating import type_name
from enstorage.search.relations import ancestors


class ColumnSchema(BaseModel):
    """A column of a collection."""

    name: str
    label: str
    help: str
    type: str
    listed: bool
    sortable: bool
    immutable: bool


class FieldSchema(BaseModel):
    """A field of a form."""

    name: str
    type: str
    required: bool
    default: Any = None
    help: str
    label: str
    choices: list[str] | None = None
    entity: str | None = None


class CollectionSchema(BaseModel):
    """A collection: its columns, the fields that create and change a record, and the entities it can be narrowed to."""

    path: str
    entity: str
    label: str
    columns: list[ColumnSchema]
    fields: list[FieldSchema]
    changeable: list[FieldSchema]
    within: list[str]
    actions: list[str]


router = APIRouter(tags=["schema"])


@router.get("/schema", response_model=list[CollectionSchema], dependencies=[Depends(allowed("read"))])
def get_schema() -> Json:
    """Describe all collections."""
    return Json([_described(each) for each in COLLECTIONS])


def _described(collection: Collection) -> dict[str, Any]:
    columns = collection.entity.__table__.columns
    known = fields_of(collection)
    return {
        "path": collection.path,
        "entity": collection.kind,
        "label": collection.label,
        "columns": [
            {
                "name": name,
                "label": facts.label or name.removesuffix("_id").replace("_", " "),
                "help": facts.help,
                "type": "time"
                if facts.is_time or isinstance(columns[name].type, UtcDateTime)
                else type_name(columns[name].type),
                "listed": facts.listed,
                "sortable": not isinstance(columns[name].type, JsonText),
                "immutable": facts.immutable or name == "id",
            }
            for name, facts in facts_of(collection.entity).items()
            if not isinstance(columns[name].type, LargeBinary)
        ],
        "fields": [each.to_json() for each in known],
        "changeable": [each.to_json() for each in changeable(collection.kind)],
        "within": list(ancestors(collection.entity)),
        "actions": ["list", *(["create"] if known else []), "change", "trash", "restore", "purge", "bulk", "export"],
    }
