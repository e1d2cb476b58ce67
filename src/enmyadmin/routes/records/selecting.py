"""One action on many records, and exports of all that a query finds."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json, as_file
from enmyadmin.routes.dependencies import Settings, Store
from enmyadmin.routes.records.changing import RecordReference, references
from enmyadmin.routes.records.collection import Collection
from enmyadmin.routes.records.selection import query_of, selection_of
from enstorage.entity.changing import purge_all, restore_all, tag_all, trash_all
from enstorage.errors import InvalidInputError
from enstorage.search.exporting import FORMATS, export_records
from enstorage.search.listing import ListQuery, find_ids

#: Most records of one action.
MOST_AT_ONCE = 1_000
#: The permission that each action needs, beyond that of the route.
_DEMANDED = {"trash": "trash", "restore": "trash", "purge": "purge", "tag": "change", "untag": "change"}

Action = Literal["trash", "restore", "purge", "tag", "untag"]


class BulkRequest(BaseModel):
    """An action on the records with some ids, or on all that a query finds."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] | None = Field(None, max_length=MOST_AT_ONCE)
    where: str | None = None
    tags: dict[str, Any] = Field({}, description="To set for `tag`; the keys to take away for `untag`.")


class BulkResult(BaseModel):
    """The records that an action changed."""

    action: Action
    records: list[RecordReference]


def add_selecting(router: APIRouter, collection: Collection) -> None:
    """Add the routes that work on many records of a collection."""
    entity, kind = collection.entity, collection.kind
    parameters = selection_of(collection, paged=False)
    may_change = Annotated[Principal, Depends(allowed("trash", kind))]

    def bulk(request: Request, store: Store, asked: BulkRequest, who: may_change) -> Json:
        request.app.state.access.demand(who, _DEMANDED[asked.action], kind)
        if (asked.ids is None) == (asked.where is None):
            raise InvalidInputError(
                "An action takes ids or a query; expected one of them. Give ids or where.", field="ids"
            )
        ids = asked.ids
        if ids is None:
            is_trashed = asked.action in ("restore", "purge")
            ids = find_ids(entity, ListQuery(asked.where, trash=is_trashed), most=MOST_AT_ONCE, connector=store)
        note(request, detail={"action": asked.action, "ids": ids[:100], "count": len(ids)})
        records = entity.get_list(ids, connector=store)
        match asked.action:
            case "trash":
                done = trash_all(records)
            case "restore":
                done = restore_all(records)
            case "purge":
                done = purge_all(records)
            case "tag":
                done = tag_all(records, asked.tags)
            case "untag":
                done = tag_all(records, dict.fromkeys(asked.tags))
        return Json({"action": asked.action, "records": references(done)})

    def export(
        store: Store,
        settings: Settings,
        asked: Annotated[parameters, Query()],  # type: ignore[valid-type]
    ) -> Response:
        given: Any = asked
        query = query_of(collection, given)
        content = export_records(entity, query, given.format, most=settings.max_rows, connector=store)
        return as_file(content, f"{collection.path}.{given.format}", FORMATS[given.format])

    router.post("/bulk", name=f"bulk_{collection.many}", response_model=BulkResult)(bulk)
    router.get(
        "/export",
        name=f"export_{collection.many}",
        response_class=Response,
        responses={200: {"content": {media: {} for media in FORMATS.values()}, "description": "The file."}},
        dependencies=[Depends(allowed("download", kind))],
    )(export)
