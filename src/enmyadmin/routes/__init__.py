"""The REST interface, one file for each subject. Packages may register further routers as entry points."""

from importlib import import_module
from typing import TYPE_CHECKING

from enstorage.plugins import Kind, load, names

if TYPE_CHECKING:
    from fastapi import APIRouter

KIND = Kind("enstorage.routes", "router", ("fastapi.APIRouter",))

#: The modules with the routers under /api/v1, in the order of the documentation.
_MODULES = (
    "records.schema",
    "records.router",
    "data.points",
    "data.panels",
    "data.tables",
    "data.series",
    "data.uploads",
    "results.models",
    "results.ensembles",
    "browsing.around",
    "browsing.catalogue",
    "browsing.changes",
    "work.runs",
    "work.orchestrator",
    "work.shortcuts",
    "work.pipelines",
    "work.schedules",
    "work.intents",
    "work.notifications",
    "releases.registry",
    "releases.reports",
    "releases.monitoring",
    "access.session",
    "access.users",
    "access.tokens",
    "access.policies",
    "access.audit",
)
#: Those whose requests may bring files, which are larger than JSON.
_TAKE_FILES = {"data.points", "data.uploads", "results.models"}


def routers() -> "list[tuple[APIRouter, bool]]":
    """The routers of the interface, then those that other packages register; each with true if its requests bring files."""
    own = [(import_module(f"enmyadmin.routes.{module}").router, module in _TAKE_FILES) for module in _MODULES]
    return [*own, *((load(KIND, name), True) for name in names(KIND))]
