"""Creating, changing, trashing, restoring and purging records."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from pydantic import BaseModel

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.records.collection import Collection, body_of, fields_of
from enmyadmin.routes.records.reading import RecordId
from enstorage import create
from enstorage.entity._record import Record
from enstorage.entity.changing import change, changeable, purge_all, restore_all, trash_all
from enstorage.search.listing import read_record

Values = Annotated[dict[str, Any], Body()]


class RecordReference(BaseModel):
    """A record by its entity and id, with its name if it has one."""

    entity: str
    id: int
    name: str | None


class Trashed(BaseModel):
    """Records that were put into the trash."""

    trashed: list[RecordReference]


class Restored(BaseModel):
    """Records that were taken out of the trash."""

    restored: list[RecordReference]


class Purged(BaseModel):
    """Records that were deleted for good."""

    purged: list[RecordReference]


def add_changing(router: APIRouter, collection: Collection) -> None:
    """Add the routes that change records of a collection."""
    entity, kind, one = collection.entity, collection.kind, collection.one

    def create_one(request: Request, store: Store, values: Values) -> Json:
        record = create(kind, values, connector=store)
        note(request, entity_id=record.id)
        place = {"Location": f"/api/v1/{collection.path}/{record.id}"}
        return Json(read_record(entity, record.id, connector=store), 201, place)

    def change_one(request: Request, store: Store, id: RecordId, values: Values) -> Json:
        note(request, detail={"columns": sorted(values)})
        change(kind, id, values, connector=store)
        return Json(read_record(entity, id, connector=store))

    def trash_one(store: Store, id: RecordId) -> Json:
        return Json({"trashed": references(trash_all([entity.get(id, connector=store)]))})

    def restore_one(store: Store, id: RecordId) -> Json:
        return Json({"restored": references(restore_all([entity.get(id, connector=store)]))})

    def purge_one(store: Store, id: RecordId) -> Json:
        return Json({"purged": references(purge_all([entity.get(id, connector=store)]))})

    known = fields_of(collection)
    if known:
        router.post(
            "",
            name=f"create_{one}",
            status_code=201,
            response_model=collection.item,
            dependencies=[Depends(allowed("create", kind))],
            openapi_extra=body_of(known, all_optional=False),
        )(create_one)
    router.patch(
        "/{id}",
        name=f"change_{one}",
        response_model=collection.item,
        dependencies=[Depends(allowed("change", kind))],
        openapi_extra=body_of(changeable(kind), all_optional=True),
    )(change_one)
    may_trash, may_purge = [Depends(allowed("trash", kind))], [Depends(allowed("purge", kind))]
    router.delete("/{id}", name=f"trash_{one}", response_model=Trashed, dependencies=may_trash)(trash_one)
    router.post("/{id}/restore", name=f"restore_{one}", response_model=Restored, dependencies=may_trash)(restore_one)
    router.post("/{id}/purge", name=f"purge_{one}", response_model=Purged, dependencies=may_purge)(purge_one)


def references(records: list[Record]) -> list[dict[str, Any]]:
    """Records by entity, id and name."""
    return [{"entity": each.__tablename__, "id": each.id, "name": getattr(each, "name", None)} for each in records]
