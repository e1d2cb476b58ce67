"""Timelines of registered models, and the pages about versions."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import PageLanguage, report_page
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.releases.registry import Name, Version
from enorchestrator import report_version, timeline
from enorchestrator.reporting.timeline import EventKind

_READER = Depends(allowed("read", "registered_model"))
router = APIRouter(prefix="/registry/{name}", tags=["registry"], dependencies=[_READER])


class TimelineAnswer(BaseModel):
    """Something that happened to a registered model."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: EventKind
    version: Annotated[int | None, Field(description="Number of the version that it is about.")]
    message: str
    by: Annotated[str, Field(description="Who did it; empty for the product itself.")]
    alert: Annotated[int | None, Field(description="Id of the alert.")]


class TimelineList(BaseModel):
    """Events, the oldest first."""

    items: list[TimelineAnswer]


@router.get("/timeline")
def read_timeline(store: Store, name: Name) -> TimelineList:
    """List what happened to a registered model: versions, evaluations, releases, alerts, the oldest first."""
    return TimelineList(items=[TimelineAnswer.model_validate(each) for each in timeline(name, connector=store)])


@router.get("/versions/{version}/report", response_class=HTMLResponse)
def read_report_of_version(store: Store, name: Name, version: Version, language: PageLanguage = "en") -> Response:
    """Give the page about a version, one file that loads nothing and runs no script."""
    return report_page(report_version(name, version, language=language, connector=store).html)
