"""One action on many records, and exports of all that a query finds."""

from typing import Annotated, Any

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
from enmyadmin.routes.work.described import RunAnswer
from enmyadmin.routes.work.runs import submitted
from enorchestrator import submit
from enorchestrator.work.store.change_records import DEMANDED, MOST_IDS
from enstorage.entity.acting import Action
from enstorage.entity.changing import purge_all, restore_all, tag_all, trash_all
from enstorage.errors import InvalidInputError
from enstorage.search.exporting import FORMATS, export_records
from enstorage.search.listing import ListQuery, count_records, find_ids

#: Most records that are changed while the request waits; more of them are a run.
MOST_AT_ONCE = 1_000


class BulkRequest(BaseModel):
    """An action on the records with some ids, or on all that a query finds."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] | None = Field(None, max_length=MOST_IDS)
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
        demand = request.app.state.access.demand
        demand(who, DEMANDED[asked.action], kind)
        if (asked.ids is None) == (asked.where is None):
            raise InvalidInputError(
                "An action takes ids or a query; expected one of them. Give ids or where.", field="ids"
            )
        ids = asked.ids
        if ids is None:
            query = ListQuery(asked.where, trash=asked.action in ("restore", "purge"))
            _, has_more = count_records(entity, query, most=MOST_AT_ONCE, connector=store)
            ids = None if has_more else find_ids(entity, query, most=MOST_AT_ONCE, connector=store)
        if ids is None or len(ids) > MOST_AT_ONCE:
            demand(who, "run", "run")
            work = {"entity": kind} | asked.model_dump(exclude_none=True)
            return submitted(submit("change_records", work, connector=store, created_by=who.name), request)
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

    router.post(
        "/bulk",
        name=f"bulk_{collection.many}",
        response_model=BulkResult,
        responses={202: {"model": RunAnswer, "description": "More than 1,000 records: a run, see /runs."}},
    )(bulk)
    router.get(
        "/export",
        name=f"export_{collection.many}",
        response_class=Response,
        responses={200: {"content": {media: {} for media in FORMATS.values()}, "description": "The file."}},
        dependencies=[Depends(allowed("download", kind))],
    )(export)
