"""All kinds of work by name."""

from enorchestrator.work.checks.check_data_set import CHECK_DATA_SET
from enorchestrator.work.checks.check_values import CHECK_VALUES
from enorchestrator.work.checks.require import REQUIRE
from enorchestrator.work.data.load import LOAD_SERIES
from enorchestrator.work.ensembles.calibrate import CALIBRATE
from enorchestrator.work.ensembles.diagnose import DIAGNOSE
from enorchestrator.work.ensembles.forecast import FORECAST
from enorchestrator.work.ensembles.form import FORM
from enorchestrator.work.ensembles.render import RENDER
from enorchestrator.work.ensembles.report import REPORT
from enorchestrator.work.ensembles.verify import VERIFY
from enorchestrator.work.kind import WorkKind
from enorchestrator.work.models.backtest import BACKTEST
from enorchestrator.work.models.fit import FIT
from enorchestrator.work.models.tune import TUNE
from enorchestrator.work.python_step import find_step
from enorchestrator.work.releases.evaluate_version import EVALUATE_VERSION
from enorchestrator.work.releases.promote import PROMOTE, ROLLBACK
from enorchestrator.work.releases.register import REGISTER
from enorchestrator.work.releases.renew import RENEW
from enorchestrator.work.releases.watch import ISSUE_FORECASTS, MONITOR, WATCH_RESOURCES
from enorchestrator.work.store.change_records import CHANGE_RECORDS
from enorchestrator.work.store.check import CHECK
from enorchestrator.work.store.create import CREATE
from enorchestrator.work.store.export_bundle import EXPORT_BUNDLE
from enorchestrator.work.store.gc import GC
from enorchestrator.work.store.import_bundle import IMPORT_BUNDLE
from enorchestrator.work.tables.autoforecast import AUTOFORECAST
from enstorage import plugins
from enstorage.errors import InvalidInputError

_ALL = (
    *CREATE,
    *(FIT, BACKTEST, TUNE),
    *(FORM, RENDER, VERIFY, DIAGNOSE, CALIBRATE, FORECAST, REPORT),
    AUTOFORECAST,
    LOAD_SERIES,
    *(CHECK_VALUES, CHECK_DATA_SET, REQUIRE),
    *(REGISTER, EVALUATE_VERSION, PROMOTE, ROLLBACK),
    *(ISSUE_FORECASTS, MONITOR, WATCH_RESOURCES, RENEW),
    *(IMPORT_BUNDLE, EXPORT_BUNDLE, CHECK, GC, CHANGE_RECORDS),
)
KINDS: dict[str, WorkKind] = {kind.name: kind for kind in _ALL}
#: Kinds of other packages: objects `WorkKind`, each under its name.
FURTHER = plugins.Kind("enstorage.work", "kind of work")


def all_kinds() -> dict[str, WorkKind]:
    """The kinds by name, those of other packages that can be loaded too; they replace none of ours."""
    return {**plugins.usable(FURTHER)[0], **KINDS}


def find_kind(name: str) -> WorkKind:
    """The kind with a name, such as `fit`, or `module:function` of a step in Python.

    Raises:
        InvalidInputError: there is none.
    """
    if isinstance(name, str) and ":" in name:
        return find_step(name)
    if isinstance(name, str) and name in KINDS:
        return KINDS[name]
    if isinstance(name, str) and plugins.has(FURTHER, name):
        found: WorkKind = plugins.load(FURTHER, name)
        return found
    known = ", ".join((*KINDS, *plugins.names(FURTHER)))
    raise InvalidInputError(
        f"There is no kind of work {name!r:.60}; expected one of {known}. Correct it.", field="kind"
    )
