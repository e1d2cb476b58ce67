"""Ensembles: members, weights, errors, diagnosis, leaderboard, report. Only what is stored is read."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json, PageLanguage, report_page
from enmyadmin.routes.dependencies import Store
from enstorage import Ensemble

RecordId = Annotated[int, Path(ge=1, lt=2**63)]
router = APIRouter(prefix="/ensembles/{id}", tags=["ensembles"], dependencies=[Depends(allowed("read", "ensemble"))])


class EnsembleMember(BaseModel):
    """A member of an ensemble."""

    id: int
    key: str
    position: int
    name: str
    model_id: int | None
    member_id: int | None
    properties: dict[str, Any]
    dropped: str | None


class EnsembleRemarks(BaseModel):
    """The mark of the fit, whether there is a diagnosis, and sentences about an ensemble."""

    mark: str
    is_diagnosed: bool
    claims: dict[str, list[str]]
    remarks: list[str]
    warnings: list[str]


class RankedMembers(BaseModel):
    """An ensemble and its members, the best first."""

    part: str
    metric: str
    rows: list[dict[str, Any]]
    undefined: dict[str, str]
    remarks: list[str]


@router.get("/items", response_model=list[EnsembleMember])
def list_ensemble_items(store: Store, id: RecordId) -> Json:
    """List the members of an ensemble."""
    ensemble = Ensemble.get(id, connector=store)
    items = ensemble.items()
    labels = ensemble.labels(items)
    columns = ("id", "key", "position", "model_id", "member_id", "properties", "dropped")
    return Json([{name: getattr(item, name) for name in columns} | {"name": labels[item.id]} for item in items])


@router.get("/weights", response_model=dict[str, float])
def get_ensemble_weights(
    store: Store,
    id: RecordId,
    step: Annotated[int | None, Query(ge=1, lt=2**31, description="Of weights that differ by step.")] = None,
    quantile: Annotated[float | None, Query(gt=0, lt=1, description="Of weights that differ by quantile.")] = None,
) -> Json:
    """Give the weight of each member, by its name."""
    return Json(Ensemble.get(id, connector=store).weights(step, quantile))


@router.get("/metrics", response_model=dict[str, Any])
def get_ensemble_metrics(store: Store, id: RecordId) -> Json:
    """Give the errors of an ensemble and of its members, by part."""
    return Json(Ensemble.get(id, connector=store).metrics())


@router.get("/diagnosis", response_model=dict[str, Any])
def get_ensemble_diagnosis(store: Store, id: RecordId) -> Json:
    """Give the stored diagnosis of an ensemble: the contribution of each member."""
    return Json(Ensemble.get(id, connector=store).diagnosis())


@router.get("/leaderboard", response_model=RankedMembers)
def get_ensemble_leaderboard(
    store: Store,
    id: RecordId,
    metric: Annotated[str | None, Query(description="To sort by, such as mase.")] = None,
    part: Annotated[Literal["train", "valid", "test"] | None, Query(description="By default the last one.")] = None,
    by_step: Annotated[bool, Query(description="Measure each forecast step by itself.")] = False,
) -> Json:
    """Rank an ensemble and its members by a metric."""
    import endirector

    board = endirector.leaderboard(Ensemble.get(id, connector=store), metric, part, by_step=by_step)
    facts = {"part": board.part, "metric": board.metric, "rows": board.table.to_dicts()}
    return Json(facts | {"undefined": dict(board.undefined), "remarks": list(board.remarks)})


@router.get("/intervals", response_model=list[dict[str, Any]])
def get_ensemble_intervals(store: Store, id: RecordId) -> Json:
    """Give width and coverage of the prediction intervals of an ensemble, by step and level."""
    return Json(Ensemble.get(id, connector=store).intervals().to_dicts())


@router.get("/staleness", response_model=list[str])
def get_ensemble_staleness(store: Store, id: RecordId) -> Json:
    """Give what has changed since an ensemble was rendered, in sentences."""
    return Json(Ensemble.get(id, connector=store).staleness())


@router.get("/remarks", response_model=EnsembleRemarks)
def get_ensemble_remarks(store: Store, id: RecordId) -> Json:
    """Give the mark of an ensemble, and what is to be said about its errors."""
    ensemble = Ensemble.get(id, connector=store)
    return Json(
        {
            "mark": ensemble.shown_mark(),
            "is_diagnosed": ensemble.rendered_result().diagnosis is not None,
            "claims": ensemble.claims(),
            "remarks": ensemble.remarks(),
            "warnings": ensemble.warnings(),
        }
    )


@router.get("/report", response_class=HTMLResponse)
def get_ensemble_report(store: Store, id: RecordId, language: PageLanguage = "en") -> Response:
    """Give the page about a diagnosed ensemble, one file that loads nothing and runs no script."""
    import endirector

    ensemble = Ensemble.get(id, connector=store)
    ensemble.diagnosis()  # raises where there is none: the report would make and store one
    return report_page(endirector.report(ensemble, language=language, progress=False).html)
