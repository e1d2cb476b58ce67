"""Catalogues: the methods, networks, adapters and metrics that there are, with their parameters."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.records.schema import FieldSchema
from enstorage.metrics.catalogue import METRICS
from enstorage.plugins.describing import described

router = APIRouter(tags=["catalogues"], dependencies=[Depends(allowed("read"))])


class DescribedPart(BaseModel):
    """A method, network or adapter, with its parameters as fields of a form."""

    name: str
    help: str
    parameters: list[FieldSchema]


class PartList(BaseModel):
    """Methods, networks or adapters."""

    items: list[DescribedPart]


class DescribedMetric(BaseModel):
    """A metric."""

    name: str
    label: str
    unit: str
    better: str
    trains: bool
    has_level: bool


class MetricList(BaseModel):
    """Metrics."""

    items: list[DescribedMetric]


@router.get("/methods", response_model=PartList)
def list_methods() -> Json:
    """List the methods by which ensembles combine their members."""
    from enstorage.entity.ensemble_columns import METHODS

    return Json({"items": described(METHODS)})


@router.get("/networks", response_model=PartList)
def list_networks() -> Json:
    """List the networks and other models that can be trained here."""
    from entrainer.networks.specification import NETWORK_SPECS

    return Json({"items": described(NETWORK_SPECS)})


@router.get("/adapters", response_model=PartList)
def list_adapters() -> Json:
    """List the adapters that make samples of prepared data."""
    from enstorage.adapter.base import ADAPTERS

    return Json({"items": described(ADAPTERS)})


@router.get("/metrics", response_model=MetricList)
def list_metrics() -> Json:
    """List the metrics of forecasts."""
    names = ("name", "label", "unit", "better", "trains", "has_level")
    return Json({"items": [{name: getattr(each, name) for name in names} for each in METRICS.values()]})
