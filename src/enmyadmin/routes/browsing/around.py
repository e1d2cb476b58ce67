"""Records in relation to others: lineage, comparison, search."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, create_model

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.records.changing import RecordReference
from enmyadmin.routes.records.collection import COLLECTIONS
from enmyadmin.routes.records.selection import words
from enstorage.entity.creating import entity_of
from enstorage.errors import InvalidInputError
from enstorage.search.everywhere import search_names
from enstorage.views.comparing import compare
from enstorage.views.neighbours import neighbourhood

#: Most records of a comparison.
_MOST_COMPARED = 100
_MOST_HOPS = 10

router = APIRouter(tags=["browsing"], dependencies=[Depends(allowed("read"))])


class LineageGraph(BaseModel):
    """Records and what they were made from."""

    nodes: list[RecordReference]
    edges: list[tuple[int, int]]
    is_whole: bool


class ComparedRecords(BaseModel):
    """Values of several records, one column for each."""

    entity: str
    ids: list[int]
    values: dict[str, list[Any]]


class FoundRecord(RecordReference):
    """A record that a search found."""

    description: str


class FoundRecords(BaseModel):
    """The records that a search found."""

    items: list[FoundRecord]


@router.get("/lineage/{entity}/{id}", response_model=LineageGraph)
def get_lineage(
    store: Store,
    entity: str,
    id: Annotated[int, Path(ge=1, lt=2**63)],
    hops: Annotated[int, Query(ge=0, le=_MOST_HOPS)] = 2,
) -> Json:
    """Give the records around a record, in both directions."""
    try:
        kind = entity_of(entity)
    except InvalidInputError as error:
        error.field = "entity"
        raise
    return Json(neighbourhood(kind.get(id, connector=store), hops).to_json())


_Compared = create_model(
    "ComparedParameters",
    __config__=ConfigDict(extra="forbid"),
    everything=(bool, Field(False, description="Also values that do not differ.")),
    **{each.many: (str | None, Field(None, description="Ids, with commas between them.")) for each in COLLECTIONS},  # type: ignore[call-overload]
)


@router.get("/compare", name="compare_records", response_model=ComparedRecords)
def compare_records(store: Store, asked: Annotated[_Compared, Query()]) -> Json:  # type: ignore[valid-type]
    """Compare records of one collection, such as `?models=1,2,3`."""
    given: Any = asked
    named = [(each, words(text)) for each in COLLECTIONS if (text := getattr(given, each.many)) is not None]
    if len(named) != 1:
        raise InvalidInputError(
            f"A comparison takes the ids of one collection; received those of {len(named)}. Give for example models=1,2.",
            field=named[1][0].many if named else "models",
        )
    collection, ids = named[0]
    if not ids or not all(id.isdecimal() for id in ids) or len(ids) > _MOST_COMPARED:
        raise InvalidInputError(
            f"{','.join(ids or [])!r:.60} are no ids; expected 2 to {_MOST_COMPARED} whole numbers with commas.",
            field=collection.many,
        )
    records = collection.entity.get_list([int(id) for id in ids], connector=store)
    return Json(compare(records).to_json(everything=given.everything))


@router.get("/search", name="search_records", response_model=FoundRecords)
def search_records(
    store: Store,
    q: Annotated[str, Query(description="Part of a name or a description, or an id.")],
    limit: Annotated[int, Query(ge=1, le=100, description="Most records of one collection.")] = 10,
) -> Json:
    """Find records by their names, descriptions and ids."""
    return Json({"items": search_names(q, most=limit, connector=store)})
