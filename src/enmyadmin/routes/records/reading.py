"""Lists of records, and single ones."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.records.collection import Collection
from enmyadmin.routes.records.selection import query_of, selection_of
from enstorage.search.listing import count_records, list_records, read_record

RecordId = Annotated[int, Path(ge=1, lt=2**63)]


def add_reading(router: APIRouter, collection: Collection) -> None:
    """Add the routes that read records of a collection."""
    entity, parameters = collection.entity, selection_of(collection, paged=True)
    may_read = [Depends(allowed("read", collection.kind))]

    def list_all(store: Store, asked: Annotated[parameters, Query()]) -> Json:  # type: ignore[valid-type]
        given: Any = asked
        query = query_of(collection, given)
        page = list_records(entity, query, limit=given.limit, cursor=given.cursor, connector=store)
        count = None
        if given.count:
            value, capped = count_records(entity, query, connector=store)
            count = {"value": value, "capped": capped}
        return Json({"items": page.items, "next": page.next, "count": count})

    def get_one(store: Store, id: RecordId) -> Json:
        return Json(read_record(entity, id, connector=store))

    router.get("", name=f"list_{collection.many}", response_model=collection.page, dependencies=may_read)(list_all)
    router.get("/{id}", name=f"get_{collection.one}", response_model=collection.item, dependencies=may_read)(get_one)
