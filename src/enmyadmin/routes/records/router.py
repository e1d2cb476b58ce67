"""The routes of all collections."""

from fastapi import APIRouter

from enmyadmin.routes.records.changing import add_changing
from enmyadmin.routes.records.collection import COLLECTIONS
from enmyadmin.routes.records.reading import add_reading
from enmyadmin.routes.records.selecting import add_selecting

router = APIRouter()
for _collection in COLLECTIONS:
    _own = APIRouter(prefix=f"/{_collection.path}", tags=[_collection.path])
    add_selecting(_own, _collection)  # before those with an id, which would take its paths
    add_reading(_own, _collection)
    add_changing(_own, _collection)
    router.include_router(_own)
