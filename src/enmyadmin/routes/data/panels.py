"""The members of panels."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enstorage import Panel, create

RecordId = Annotated[int, Path(ge=1, lt=2**63)]
router = APIRouter(tags=["panels"])


class PanelSource(BaseModel):
    """A data source of a panel, by its key there."""

    model_config = ConfigDict(extra="forbid")

    key: str
    data_source_id: int


class NamedPanelSource(PanelSource):
    """The same with the name of the data source."""

    name: str


@router.get(
    "/panels/{id}/members", response_model=list[NamedPanelSource], dependencies=[Depends(allowed("read", "panel"))]
)
def list_panel_members(store: Store, id: RecordId) -> Json:
    """List the data sources of a panel."""
    sources = Panel.get(id, connector=store).sources()
    return Json([{"key": key, "data_source_id": each.id, "name": each.name} for key, each in sources.items()])


@router.post(
    "/panels/{id}/members",
    status_code=201,
    response_model=PanelSource,
    dependencies=[Depends(allowed("change", "panel"))],
)
def add_panel_member(request: Request, store: Store, id: RecordId, member: PanelSource) -> Json:
    """Add a data source to a panel."""
    create("panel_member", {"panel_id": id, **member.model_dump()}, connector=store)
    note(request, detail=member.model_dump())
    return Json(member.model_dump(), 201)


@router.delete(
    "/panels/{id}/members/{key:path}",
    status_code=204,
    response_model=None,
    dependencies=[Depends(allowed("change", "panel"))],
)
def remove_panel_member(request: Request, store: Store, id: RecordId, key: str) -> None:
    """Take a data source out of a panel; the data source stays."""
    note(request, detail={"removed": key})
    Panel.get(id, connector=store).remove(key)
