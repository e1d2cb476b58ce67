"""The REST interface, one file for each subject.

Packages may register further routers as entry points: functions that take `allowed`, by which each route says its
permission, and give a router.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from fastapi.routing import iter_route_contexts

from enmyadmin.access.permission import allowed, permissions_of
from enstorage.errors import PluginError
from enstorage.plugins import Kind, load, names

if TYPE_CHECKING:
    from fastapi import APIRouter

KIND = Kind("enstorage.routes", "router")

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
    return [*own, *((_further(name), True) for name in names(KIND))]


def _further(name: str) -> "APIRouter":
    router: APIRouter = load(KIND, name)(allowed)
    for route in iter_route_contexts(router.routes):
        if len(permissions_of(route.dependant)) != 1:
            raise PluginError(
                f"The route {route.path} of the router {name!r} has no permission, or several; expected one. Give it "
                "dependencies=[Depends(allowed(action, table))], or remove the package."
            )
    return router
