"""Tables of what the product does and who may do it: pipelines, runs with their steps, users, policies, the audit log.

The rules by which rows change live in the package that owns the verb (`enorchestrator`, `enmyadmin`). Rows of the ledger are
no entities: they have no lineage and no trash, and bundles do not carry them; a backup of the store does.
"""

from enstorage.ledger.attempt import Attempt
from enstorage.ledger.audit import AuditEntry
from enstorage.ledger.base import LedgerRow
from enstorage.ledger.monitoring.feedback import Feedback
from enstorage.ledger.monitoring.issued_forecast import IssuedForecast
from enstorage.ledger.monitoring.observation import MonitorAlert, Observation
from enstorage.ledger.monitoring.sink_delivery import SinkDelivery
from enstorage.ledger.notification.notice import Notice
from enstorage.ledger.notification.rule import NotificationRule
from enstorage.ledger.pipeline import Pipeline
from enstorage.ledger.pipeline_schedule import PipelineSchedule
from enstorage.ledger.policy import StoredPolicy
from enstorage.ledger.releases.model_alias import AliasChange, ModelAlias
from enstorage.ledger.releases.model_version import ModelVersion
from enstorage.ledger.releases.registered_model import RegisteredModel
from enstorage.ledger.releases.version_evaluation import VersionEvaluation
from enstorage.ledger.run import Run
from enstorage.ledger.run_event import RunEvent
from enstorage.ledger.service.dispatcher_presence import DispatcherPresence
from enstorage.ledger.step import RunStep
from enstorage.ledger.step_need import StepNeed
from enstorage.ledger.token import Token
from enstorage.ledger.user import User

__all__ = [
    "AliasChange",
    "Attempt",
    "AuditEntry",
    "DispatcherPresence",
    "Feedback",
    "IssuedForecast",
    "LedgerRow",
    "ModelAlias",
    "ModelVersion",
    "MonitorAlert",
    "Notice",
    "NotificationRule",
    "Observation",
    "Pipeline",
    "PipelineSchedule",
    "RegisteredModel",
    "Run",
    "RunEvent",
    "RunStep",
    "SinkDelivery",
    "StepNeed",
    "StoredPolicy",
    "Token",
    "User",
    "VersionEvaluation",
]
