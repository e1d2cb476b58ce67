"""All kinds of work by name, each imported when it is asked for: a dispatcher has steps executed by its child processes."""

from functools import cache
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from enorchestrator.work.port import ENTITY_TYPES
from enstorage import plugins
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enorchestrator.work.kind import WorkKind

#: The place of each of our kinds in this package: a kind, or several.
_PLACES = {
    **{f"create_{table}": "store.create:CREATE" for table in ENTITY_TYPES},
    "fit": "models.fit:FIT",
    "backtest": "models.backtest:BACKTEST",
    "tune": "models.tune:TUNE",
    "form": "ensembles.form:FORM",
    "render": "ensembles.render:RENDER",
    "verify": "ensembles.verify:VERIFY",
    "diagnose": "ensembles.diagnose:DIAGNOSE",
    "calibrate": "ensembles.calibrate:CALIBRATE",
    "forecast": "ensembles.forecast:FORECAST",
    "report": "ensembles.report:REPORT",
    "autoforecast": "tables.autoforecast:AUTOFORECAST",
    "load_series": "data.load:LOAD_SERIES",
    "deliver": "data.deliver:DELIVER",
    "check_values": "checks.check_values:CHECK_VALUES",
    "check_data_set": "checks.check_data_set:CHECK_DATA_SET",
    "require": "checks.require:REQUIRE",
    "register": "releases.register:REGISTER",
    "evaluate_version": "releases.evaluate_version:EVALUATE_VERSION",
    "promote": "releases.promote:PROMOTE",
    "rollback": "releases.promote:ROLLBACK",
    "issue_forecasts": "releases.watch:ISSUE_FORECASTS",
    "monitor": "releases.watch:MONITOR",
    "watch_resources": "releases.watch:WATCH_RESOURCES",
    "renew": "releases.renew:RENEW",
    "import_bundle": "store.import_bundle:IMPORT_BUNDLE",
    "export_bundle": "store.export_bundle:EXPORT_BUNDLE",
    "check": "store.check:CHECK",
    "gc": "store.gc:GC",
    "change_records": "store.change_records:CHANGE_RECORDS",
}
#: The names of our kinds, and their modules.
OURS = tuple(_PLACES)
MODULES = tuple(sorted({f"enorchestrator.work.{place.partition(':')[0]}" for place in _PLACES.values()}))
#: Kinds of other packages: objects `WorkKind`, each under its name.
FURTHER = plugins.Kind("enstorage.work", "kind of work")


def all_kinds() -> "dict[str, WorkKind]":
    """The kinds by name, those of other packages that can be loaded too; they replace none of ours."""
    return {**plugins.usable(FURTHER)[0], **{name: _our_kind(name) for name in OURS}}


def find_kind(name: str) -> "WorkKind":
    """The kind with a name, such as `fit`, or `module:function` of a step in Python.

    Raises:
        InvalidInputError: there is none.
    """
    if isinstance(name, str) and ":" in name:
        from enorchestrator.work.python_step import find_step

        return find_step(name)
    if isinstance(name, str) and name in _PLACES:
        return _our_kind(name)
    if isinstance(name, str) and plugins.has(FURTHER, name):
        found: WorkKind = plugins.load(FURTHER, name)
        return found
    known = ", ".join((*OURS, *plugins.names(FURTHER)))
    raise InvalidInputError(
        f"There is no kind of work {name!r:.60}; expected one of {known}. Correct it.", field="kind"
    )


@cache
def _our_kind(name: str) -> "WorkKind":
    found = resolve_name(f"enorchestrator.work.{_PLACES[name]}")
    kinds: tuple[WorkKind, ...] = found if isinstance(found, tuple) else (found,)
    return next(kind for kind in kinds if kind.name == name)
