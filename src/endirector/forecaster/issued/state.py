"""A forecast of a table as JSON, with which it is opened again in its store."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import polars as pl

from endirector.forecaster.group import ForecastRequest, Group
from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from endirector.forecaster.plan import ForecastPlan, PlannedMember, Tier
from endirector.forecaster.understanding.reading import TableForm
from endirector.forecaster.understanding.stored import StoredCovariates
from endirector.forecasting.later_rows import LaterRows
from enstorage import DataSnapshot, Ensemble, Panel, Project
from entrainer.networks.specification import spec_from_json

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast


def to_json(forecast: "AutoForecast") -> dict[str, Any]:
    """Everything but the tables and what computes; ids refer to the store."""
    request, covariates = forecast.request, forecast.covariates
    return {
        "remarks": list(forecast.remarks),
        "request": {name: getattr(request, name) for name in _OF_REQUEST} | {"levels": list(request.levels)},
        "snapshots": {key: snapshot.id for key, snapshot in forecast.snapshots.items()},
        "covariates": {
            "known": {name: panel.id for name, panel in covariates.known.items()},
            "past": {name: panel.id for name, panel in covariates.past.items()},
            "groups": {name: dict(texts) for name, texts in covariates.groups.items()},
            "form": covariates.form.to_json(),
        },
        "hierarchy": None if forecast.hierarchy is None else forecast.hierarchy.to_json(),
        "groups": [_group_to_json(group) for group in forecast.groups],
    }


def parts_from_json(panel: Panel, state: Mapping[str, Any], table: pl.DataFrame) -> dict[str, Any]:
    """The fields of `AutoForecast` but the panel.

    Args:
        panel: of the series.
        state: the result of `to_json`.
        table: the forecasts.
    """
    request = ForecastRequest(**{**state["request"], "levels": tuple(state["request"]["levels"])})
    covariates = state["covariates"]
    panels = {
        role: {name: Panel.get(id, connector=panel.connector) for name, id in covariates[role].items()}
        for role in ("known", "past")
    }
    ids = state["snapshots"]
    snapshots = dict(zip(ids, DataSnapshot.get_list([*ids.values()], connector=panel.connector), strict=True))
    return {
        "groups": [_group_from_json(panel, group, table) for group in state["groups"]],
        "remarks": tuple(state["remarks"]),
        "request": request,
        "snapshots": snapshots,
        "hierarchy": Hierarchy.from_json(state["hierarchy"]),
        "covariates": StoredCovariates(
            **panels, groups=covariates["groups"], form=TableForm.from_json(covariates["form"])
        ),
    }


_OF_REQUEST = ("metric", "seed", "by", "form")
_OF_PLAN = tuple(field.name for field in fields(ForecastPlan) if field.name not in ("members", "remarks"))


def _group_to_json(group: Group) -> dict[str, Any]:
    plan = group.tier.plan
    return {
        "name": group.tier.name,
        "keys": list(group.tier.keys),
        "plan": {name: getattr(plan, name) for name in _OF_PLAN},
        "members": [_member_to_json(member) for member in plan.members],
        "plan_remarks": list(plan.remarks),
        "project": None if group.project is None else group.project.id,
        "ensemble": None if group.ensemble is None else group.ensemble.id,
        "remarks": list(group.remarks),
        "seconds": dict(group.seconds),
        "later": None if group.later is None else group.later.to_json(),
    }


def _group_from_json(panel: Panel, state: Mapping[str, Any], table: pl.DataFrame) -> Group:
    members = tuple(
        PlannedMember(**{**member, "network": spec_from_json(member["network"])}) for member in state["members"]
    )
    plan = ForecastPlan(**state["plan"], members=members, remarks=tuple(state["plan_remarks"]))
    project, ensemble = state["project"], state["ensemble"]
    return Group(
        tier=Tier(state["name"], tuple(state["keys"]), plan),
        project=None if project is None else Project.get(project, connector=panel.connector),
        ensemble=None if ensemble is None else Ensemble.get(ensemble, connector=panel.connector),
        table=table.filter(pl.col("series").is_in(state["keys"])),
        remarks=tuple(state["remarks"]),
        seconds=state["seconds"],
        later=None if state.get("later") is None else LaterRows.from_json(state["later"]),
    )


def _member_to_json(member: PlannedMember) -> dict[str, Any]:
    own = {field.name: getattr(member, field.name) for field in fields(member)}
    return own | {"network": member.network.to_json()}
