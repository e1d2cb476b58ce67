"""Series as charts draw them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enstorage import DataPreparation, DataSnapshot, DataSource, Ensemble, Model
from enstorage.views.charts.of_records import (
    WIDEST,
    ChartWindow,
    chart_of_ensemble,
    chart_of_model,
    chart_of_preparation,
    chart_of_snapshot,
    chart_of_source,
)
from enstorage.views.charts.steps_ahead import chart_of_steps_ahead

RecordId = Annotated[int, Path(ge=1, lt=2**63)]
Part = Annotated[Literal["train", "valid", "test", "out_of_fold"] | None, Query(description="By default all parts.")]
SeriesId = Annotated[int | None, Query(ge=1, lt=2**63, description="Id of the data source; by default the first.")]
Step = Annotated[int, Query(ge=1, lt=2**31, description="Steps ahead.")]
_Numbers = list[float | None]


class DrawnSeries(BaseModel):
    """Points of a chart, by column; null at gaps. Lines are `value`, or `truth`, `forecast`, `lower` and `upper`.

    `quantiles` has values by level.
    """

    time: list[float]
    value: _Numbers | None = None
    prepared: _Numbers | None = None
    truth: _Numbers | None = None
    forecast: _Numbers | None = None
    lower: _Numbers | None = None
    upper: _Numbers | None = None
    members: dict[str, _Numbers] | None = None
    names: dict[str, str] | None = None
    quantiles: dict[str, _Numbers] | None = None
    levels: list[float] | None = None
    rows: int
    shown: int
    unit: str
    time_zone: str
    is_counter: bool
    parts: dict[str, list[float]]


async def _window(
    time_from: Annotated[str | None, Query(description="First time, ISO 8601 or an integer.")] = None,
    time_to: Annotated[str | None, Query(description="End, itself excluded.")] = None,
    width: Annotated[int, Query(ge=1, le=WIDEST, description="Of the chart, in pixels.")] = 1_200,
) -> ChartWindow:
    return ChartWindow(time_from, time_to, width)


Window = Annotated[ChartWindow, Depends(_window)]
router = APIRouter(tags=["charts"])


@router.get(
    "/data-sources/{id}/series", response_model=DrawnSeries, dependencies=[Depends(allowed("read", "data_source"))]
)
def draw_data_source(store: Store, id: RecordId, window: Window) -> Json:
    """Give the points of a data source, thinned out for a chart."""
    return Json(chart_of_source(DataSource.get(id, connector=store), window).to_json())


@router.get(
    "/snapshots/{id}/series", response_model=DrawnSeries, dependencies=[Depends(allowed("read", "data_snapshot"))]
)
def draw_snapshot(store: Store, id: RecordId, window: Window) -> Json:
    """Give the rows of a snapshot, thinned out for a chart."""
    return Json(chart_of_snapshot(DataSnapshot.get(id, connector=store), window).to_json())


@router.get(
    "/preparations/{id}/series", response_model=DrawnSeries, dependencies=[Depends(allowed("read", "data_preparation"))]
)
def draw_preparation(store: Store, id: RecordId, window: Window) -> Json:
    """Give the rows of a preparation, thinned out for a chart."""
    return Json(chart_of_preparation(DataPreparation.get(id, connector=store), window).to_json())


@router.get("/models/{id}/series", response_model=DrawnSeries, dependencies=[Depends(allowed("read", "model"))])
def draw_model(
    store: Store, id: RecordId, window: Window, part: Part = None, series: SeriesId = None, step: Step = 1
) -> Json:
    """Give the forecasts of a model beside the truth, thinned out for a chart."""
    model = Model.get(id, connector=store)
    return Json(chart_of_model(model, window, part=part, series=series, step=step).to_json())


@router.get("/models/{id}/ahead", response_model=DrawnSeries, dependencies=[Depends(allowed("read", "model"))])
def draw_steps_ahead(
    store: Store,
    id: RecordId,
    window: Window,
    series: SeriesId = None,
    history: Annotated[
        int | None, Query(ge=0, lt=2**31, description="Rows before the first step; by default all.")
    ] = None,
) -> Json:
    """Give the forecasts of a model from one origin, with all quantiles, behind the known values of the series."""
    model = Model.get(id, connector=store)
    return Json(chart_of_steps_ahead(model, window, series=series, history=history).to_json())


@router.get("/ensembles/{id}/series", response_model=DrawnSeries, dependencies=[Depends(allowed("read", "ensemble"))])
def draw_ensemble(
    store: Store, id: RecordId, window: Window, part: Part = None, series: SeriesId = None, step: Step = 1
) -> Json:
    """Give the forecasts of an ensemble and of its members beside the truth, thinned out for a chart."""
    ensemble = Ensemble.get(id, connector=store)
    return Json(chart_of_ensemble(ensemble, window, part=part, series=series, step=step).to_json())
