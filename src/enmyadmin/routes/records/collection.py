"""The collections of the interface: one for each entity that is a resource of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy import BigInteger, Boolean, Float, Integer

from enstorage import (
    DataCsv,
    DataPreparation,
    DataSet,
    DataSnapshot,
    DataSource,
    Ensemble,
    Forecast,
    Model,
    Panel,
    Project,
    Research,
    Scene,
)
from enstorage.database.types import JsonText
from enstorage.entity._record import Record
from enstorage.entity.columns import facts_of
from enstorage.entity.creating import Field, fields
from enstorage.entity.ways import WAYS

_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "whole number": {"type": "integer"},
    "number": {"type": "number"},
    "true or false": {"type": "boolean"},
    "time": {"type": ["string", "integer"]},
    "id": {"type": "integer"},
    "ids": {"type": "array", "items": {"type": "integer"}},
    "list": {"type": "array"},
    "JSON": {"type": "object"},
}


@dataclass(frozen=True)
class Collection:
    """One collection.

    Attributes:
        path: its path, such as `data-sources`.
        entity: the class of its records.
        one: word for one record in names of operations, such as `data_source`.
        many: word for several.
    """

    path: str
    entity: type[Record]
    one: str
    many: str

    @property
    def kind(self) -> str:
        """The name of the entity, as permissions and `create` take it."""
        return str(self.entity.__tablename__)

    @property
    def label(self) -> str:
        """Its display name."""
        return self.path.replace("-", " ")

    @property
    def can_create(self) -> bool:
        """True if records are created separately, not with a whole."""
        return any(way.entity is self.entity for way in WAYS)

    @cached_property
    def item(self) -> type[BaseModel]:
        """The schema of a record. Each column may be absent: a list gives those that are asked for."""
        columns = self.entity.__table__.columns
        own: dict[str, Any] = {}
        for name, facts in facts_of(self.entity).items():
            kind = _python_type(columns[name].type, is_time=facts.is_time)
            own[name] = (kind | None if columns[name].nullable else kind, None)
        own |= {"entity": (str, ...), "id": (int, ...), "in_trash": (bool, ...)}
        own |= {"parents": (dict[str, ParentReference], ...), "facts": (dict[str, Any], None)}
        name = f"{self.entity.__name__}Item"
        return create_model(name, __config__=ConfigDict(title=name), **own)

    @cached_property
    def page(self) -> type[BaseModel]:
        """The schema of a page of records."""
        item: Any = self.item
        own: dict[str, Any] = {
            "items": (list[item], ...),
            "next": (str | None, None),
            "count": (CountedRecords | None, None),
        }
        return create_model(f"{self.entity.__name__}Page", **own)


class ParentReference(BaseModel):
    """A record that another one belongs to or was made from."""

    id: int
    name: str | None


class CountedRecords(BaseModel):
    """The number of records that a query finds; capped if there are more, which were not counted."""

    value: int
    capped: bool


COLLECTIONS = (
    Collection("projects", Project, "project", "projects"),
    Collection("data-sources", DataSource, "data_source", "data_sources"),
    Collection("panels", Panel, "panel", "panels"),
    Collection("scenes", Scene, "scene", "scenes"),
    Collection("snapshots", DataSnapshot, "snapshot", "snapshots"),
    Collection("preparations", DataPreparation, "preparation", "preparations"),
    Collection("data-sets", DataSet, "data_set", "data_sets"),
    Collection("researches", Research, "research", "researches"),
    Collection("models", Model, "model", "models"),
    Collection("ensembles", Ensemble, "ensemble", "ensembles"),
    Collection("forecasts", Forecast, "forecast", "forecasts"),
    Collection("tables", DataCsv, "table", "tables"),
)


def body_of(known: list[Field], *, all_optional: bool) -> dict[str, Any]:
    """The part of an OpenAPI operation that describes a JSON body with these fields."""
    properties = {}
    for each in known:
        schema = {**_SCHEMAS[each.type], "description": each.help}
        if each.name == "value":
            schema = {"description": each.help}
        if each.choices is not None:
            schema["enum"] = list(each.choices)
        is_open = all_optional or not each.required
        if is_open and "type" in schema:
            own = schema["type"]
            schema["type"] = [*(own if isinstance(own, list) else [own]), "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        properties[each.name] = schema
    body: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [each.name for each in known if each.required and not all_optional]:
        body["required"] = required
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


def fields_of(collection: Collection) -> list[Field]:
    """The fields that create a record of a collection; none for parts."""
    return fields(collection.kind) if collection.can_create else []


def _python_type(column: Any, *, is_time: bool) -> Any:
    if is_time:
        return str | int
    match column:
        case JsonText():
            return Any
        case Boolean():
            return bool
        case BigInteger() | Integer():
            return int
        case Float():
            return float
        case _:
            return str
