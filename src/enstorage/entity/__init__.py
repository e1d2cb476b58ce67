"""The entities of the store, one file each. Importing the package registers all their tables."""

from enstorage.entity._known import KNOWN
from enstorage.entity._origin import ORIGIN, STORE
from enstorage.entity._record import Record
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

#: In the order of the data flow.
ENTITIES: tuple[type[Record], ...] = (
    Project,
    Scene,
    SceneBand,
    DataSource,
    Panel,
    PanelMember,
    PanelScene,
    DataSnapshot,
    DataPreparation,
    DataSet,
    DataSetInput,
    Research,
    Model,
    ModelMeta,
    ModelCurve,
    Forecast,
    Ensemble,
    EnsembleItem,
    DataCsv,
)

__all__ = [
    "ENTITIES",
    "KNOWN",
    "ORIGIN",
    "STORE",
    "DataCsv",
    "DataPreparation",
    "DataSet",
    "DataSetInput",
    "DataSnapshot",
    "DataSource",
    "Ensemble",
    "EnsembleItem",
    "Forecast",
    "Model",
    "ModelCurve",
    "ModelMeta",
    "Panel",
    "PanelMember",
    "PanelScene",
    "Project",
    "Research",
    "Scene",
    "SceneBand",
]
