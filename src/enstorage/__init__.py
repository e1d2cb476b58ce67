"""enstorage keeps every step of forecasting with ensembles: source, snapshot, preparation, data set, model, forecast.

Public names load on first use, so that `import enstorage` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from enstorage._version import __version__

if TYPE_CHECKING:
    from enstorage import adapter, errors
    from enstorage.backup.report import BackupReport
    from enstorage.backup.restore import restore_store
    from enstorage.backup.write import backup_store
    from enstorage.bundle.export_project import export_project
    from enstorage.bundle.import_bundle import import_bundle
    from enstorage.bundle.report import Exported, Imported
    from enstorage.connector import Connector
    from enstorage.entity._many import create_preparations, create_snapshots, write_all
    from enstorage.entity._saving import save_all
    from enstorage.entity.creating import Field, create, fields
    from enstorage.entity.data_csv import DataCsv
    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.entity.data_set import DataSet
    from enstorage.entity.data_set_input import DataSetInput
    from enstorage.entity.data_snapshot import DataSnapshot
    from enstorage.entity.data_source import DataSource
    from enstorage.entity.ensemble import Ensemble
    from enstorage.entity.ensemble_item import EnsembleItem
    from enstorage.entity.forecast import Forecast
    from enstorage.entity.model import Model
    from enstorage.entity.model_curve import ModelCurve
    from enstorage.entity.model_meta import ModelMeta
    from enstorage.entity.panel import Panel
    from enstorage.entity.panel_member import PanelMember
    from enstorage.entity.panel_scene import PanelScene
    from enstorage.entity.project import Project
    from enstorage.entity.research import Research
    from enstorage.entity.scene import Scene
    from enstorage.entity.scene_band import SceneBand
    from enstorage.errors import EnstorageError
    from enstorage.exchange.exporting import ExportedModel
    from enstorage.exchange.loading import LoadedPoints, load
    from enstorage.formats.keras_objects import register
    from enstorage.formats.onnx import OnnxModel
    from enstorage.progress import Progress
    from enstorage.upkeep.check import Finding, check
    from enstorage.upkeep.sweep import Garbage, Sweep, gc
    from enstorage.views.comparing import Comparison, compare
    from enstorage.views.lineage import Lineage

__all__ = [
    "BackupReport",
    "Comparison",
    "Connector",
    "DataCsv",
    "DataPreparation",
    "DataSet",
    "DataSetInput",
    "DataSnapshot",
    "DataSource",
    "Ensemble",
    "EnsembleItem",
    "EnstorageError",
    "Exported",
    "ExportedModel",
    "Field",
    "Finding",
    "Forecast",
    "Garbage",
    "Imported",
    "Lineage",
    "LoadedPoints",
    "Model",
    "ModelCurve",
    "ModelMeta",
    "OnnxModel",
    "Panel",
    "PanelMember",
    "PanelScene",
    "Progress",
    "Project",
    "Research",
    "Scene",
    "SceneBand",
    "Sweep",
    "__version__",
    "adapter",
    "backup_store",
    "check",
    "compare",
    "create",
    "create_preparations",
    "create_snapshots",
    "errors",
    "export_project",
    "fields",
    "gc",
    "import_bundle",
    "load",
    "register",
    "restore_store",
    "save_all",
    "write_all",
]

_HOME = {
    "BackupReport": "enstorage.backup.report",
    "Comparison": "enstorage.views.comparing",
    "Connector": "enstorage.connector",
    "DataCsv": "enstorage.entity.data_csv",
    "DataPreparation": "enstorage.entity.data_preparation",
    "DataSet": "enstorage.entity.data_set",
    "DataSetInput": "enstorage.entity.data_set_input",
    "DataSnapshot": "enstorage.entity.data_snapshot",
    "DataSource": "enstorage.entity.data_source",
    "Ensemble": "enstorage.entity.ensemble",
    "EnsembleItem": "enstorage.entity.ensemble_item",
    "EnstorageError": "enstorage.errors",
    "Exported": "enstorage.bundle.report",
    "ExportedModel": "enstorage.exchange.exporting",
    "Field": "enstorage.entity.creating",
    "Finding": "enstorage.upkeep.check",
    "Forecast": "enstorage.entity.forecast",
    "Garbage": "enstorage.upkeep.sweep",
    "Imported": "enstorage.bundle.report",
    "Lineage": "enstorage.views.lineage",
    "LoadedPoints": "enstorage.exchange.loading",
    "Model": "enstorage.entity.model",
    "ModelCurve": "enstorage.entity.model_curve",
    "ModelMeta": "enstorage.entity.model_meta",
    "OnnxModel": "enstorage.formats.onnx",
    "Progress": "enstorage.progress",
    "Panel": "enstorage.entity.panel",
    "PanelMember": "enstorage.entity.panel_member",
    "PanelScene": "enstorage.entity.panel_scene",
    "Project": "enstorage.entity.project",
    "Research": "enstorage.entity.research",
    "Scene": "enstorage.entity.scene",
    "SceneBand": "enstorage.entity.scene_band",
    "Sweep": "enstorage.upkeep.sweep",
    "backup_store": "enstorage.backup.write",
    "check": "enstorage.upkeep.check",
    "compare": "enstorage.views.comparing",
    "create": "enstorage.entity.creating",
    "create_preparations": "enstorage.entity._many",
    "create_snapshots": "enstorage.entity._many",
    "export_project": "enstorage.bundle.export_project",
    "fields": "enstorage.entity.creating",
    "import_bundle": "enstorage.bundle.import_bundle",
    "gc": "enstorage.upkeep.sweep",
    "load": "enstorage.exchange.loading",
    "register": "enstorage.formats.keras_objects",
    "restore_store": "enstorage.backup.restore",
    "save_all": "enstorage.entity._saving",
    "write_all": "enstorage.entity._many",
}
_SUBMODULES = frozenset({"adapter", "errors"})


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"enstorage.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'enstorage' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
