"""enorchestrator runs work durably: pipelines, claims, supervised children, executors, policies.

Public names load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enorchestrator.builder.renew import Renewed, renew
    from enorchestrator.delivery.deliver import Delivered, deliver
    from enorchestrator.dispatch.dispatcher import Dispatcher
    from enorchestrator.dispatch.read import events, logs
    from enorchestrator.dispatch.resources import Resources
    from enorchestrator.dispatch.submit import cancel, retry, submit
    from enorchestrator.evaluation.suite import evaluate, register
    from enorchestrator.intent.plan import IntentPlan
    from enorchestrator.intent.planner import StartedIntent, plan_intent, start_intent
    from enorchestrator.monitoring.alerts import close_alert, list_alerts, list_observations
    from enorchestrator.monitoring.feedback import FeedbackRow, give_feedback, list_feedback
    from enorchestrator.monitoring.issue import issue_forecasts
    from enorchestrator.monitoring.resources import leaking_steps
    from enorchestrator.monitoring.settings import MonitorSettings
    from enorchestrator.monitoring.watching.monitor import Monitored, monitor
    from enorchestrator.notification.outbox import list_notices
    from enorchestrator.notification.rules import change_rule, create_rule, delete_rule, list_rules
    from enorchestrator.pipeline.definition import PipelineDefinition
    from enorchestrator.pipeline.manager import (
        archive_pipeline,
        find_pipeline,
        list_pipelines,
        pipeline_versions,
        save_pipeline,
    )
    from enorchestrator.pipeline.patterns import from_pattern
    from enorchestrator.pipeline.submit import run_pipeline
    from enorchestrator.registry.aliases import name_version, promote, rollback
    from enorchestrator.registry.find import (
        alias_history,
        aliases_of,
        find_registered,
        find_version,
        list_evaluations,
        list_registered,
        list_versions,
    )
    from enorchestrator.registry.gates import Floor, Gates
    from enorchestrator.registry.loading import load_version
    from enorchestrator.registry.versions import change_registered, create_registered, delete_registered, reject_version
    from enorchestrator.reporting.report import report_version
    from enorchestrator.reporting.timeline import TimelineEvent, timeline
    from enorchestrator.scheduler.calendar import next_times
    from enorchestrator.scheduler.scheduler import Scheduler
    from enorchestrator.scheduler.schedules import (
        change_schedule,
        create_schedule,
        delete_schedule,
        list_schedules,
        pause_schedule,
        resume_schedule,
    )
    from enorchestrator.service.orchestrator import Orchestrator
    from enorchestrator.service.status import OrchestratorStatus, orchestrator_status, stop_orchestrators
    from enorchestrator.task.limits import Limits, Timing
    from enorchestrator.work.python_step import PythonStep, step

__all__ = [
    "Delivered",
    "Dispatcher",
    "FeedbackRow",
    "Floor",
    "Gates",
    "IntentPlan",
    "Limits",
    "MonitorSettings",
    "Monitored",
    "Orchestrator",
    "OrchestratorStatus",
    "PipelineDefinition",
    "PythonStep",
    "Renewed",
    "Resources",
    "Scheduler",
    "StartedIntent",
    "TimelineEvent",
    "Timing",
    "alias_history",
    "aliases_of",
    "archive_pipeline",
    "cancel",
    "change_registered",
    "change_rule",
    "change_schedule",
    "close_alert",
    "create_registered",
    "create_rule",
    "create_schedule",
    "delete_registered",
    "delete_rule",
    "delete_schedule",
    "deliver",
    "evaluate",
    "events",
    "find_pipeline",
    "find_registered",
    "find_version",
    "from_pattern",
    "give_feedback",
    "issue_forecasts",
    "leaking_steps",
    "list_alerts",
    "list_evaluations",
    "list_feedback",
    "list_notices",
    "list_observations",
    "list_pipelines",
    "list_registered",
    "list_rules",
    "list_schedules",
    "list_versions",
    "load_version",
    "logs",
    "monitor",
    "name_version",
    "next_times",
    "orchestrator_status",
    "pause_schedule",
    "pipeline_versions",
    "plan_intent",
    "promote",
    "register",
    "reject_version",
    "renew",
    "report_version",
    "resume_schedule",
    "retry",
    "rollback",
    "run_pipeline",
    "save_pipeline",
    "start_intent",
    "step",
    "stop_orchestrators",
    "submit",
    "timeline",
]

_PLACES = {
    "renew": "enorchestrator.builder.renew",
    "Renewed": "enorchestrator.builder.renew",
    "MonitorSettings": "enorchestrator.monitoring.settings",
    "Monitored": "enorchestrator.monitoring.watching.monitor",
    "monitor": "enorchestrator.monitoring.watching.monitor",
    "issue_forecasts": "enorchestrator.monitoring.issue",
    "give_feedback": "enorchestrator.monitoring.feedback",
    "list_feedback": "enorchestrator.monitoring.feedback",
    "FeedbackRow": "enorchestrator.monitoring.feedback",
    "list_alerts": "enorchestrator.monitoring.alerts",
    "close_alert": "enorchestrator.monitoring.alerts",
    "list_observations": "enorchestrator.monitoring.alerts",
    "leaking_steps": "enorchestrator.monitoring.resources",
    "IntentPlan": "enorchestrator.intent.plan",
    "StartedIntent": "enorchestrator.intent.planner",
    "plan_intent": "enorchestrator.intent.planner",
    "start_intent": "enorchestrator.intent.planner",
    "Gates": "enorchestrator.registry.gates",
    "Floor": "enorchestrator.registry.gates",
    "create_registered": "enorchestrator.registry.versions",
    "change_registered": "enorchestrator.registry.versions",
    "delete_registered": "enorchestrator.registry.versions",
    "reject_version": "enorchestrator.registry.versions",
    "list_registered": "enorchestrator.registry.find",
    "find_registered": "enorchestrator.registry.find",
    "list_versions": "enorchestrator.registry.find",
    "find_version": "enorchestrator.registry.find",
    "aliases_of": "enorchestrator.registry.find",
    "alias_history": "enorchestrator.registry.find",
    "list_evaluations": "enorchestrator.registry.find",
    "report_version": "enorchestrator.reporting.report",
    "timeline": "enorchestrator.reporting.timeline",
    "TimelineEvent": "enorchestrator.reporting.timeline",
    "load_version": "enorchestrator.registry.loading",
    "promote": "enorchestrator.registry.aliases",
    "rollback": "enorchestrator.registry.aliases",
    "name_version": "enorchestrator.registry.aliases",
    "register": "enorchestrator.evaluation.suite",
    "evaluate": "enorchestrator.evaluation.suite",
    "from_pattern": "enorchestrator.pipeline.patterns",
    "create_rule": "enorchestrator.notification.rules",
    "change_rule": "enorchestrator.notification.rules",
    "list_rules": "enorchestrator.notification.rules",
    "delete_rule": "enorchestrator.notification.rules",
    "list_notices": "enorchestrator.notification.outbox",
    "Delivered": "enorchestrator.delivery.deliver",
    "deliver": "enorchestrator.delivery.deliver",
    "Dispatcher": "enorchestrator.dispatch.dispatcher",
    "Limits": "enorchestrator.task.limits",
    "Orchestrator": "enorchestrator.service.orchestrator",
    "OrchestratorStatus": "enorchestrator.service.status",
    "orchestrator_status": "enorchestrator.service.status",
    "stop_orchestrators": "enorchestrator.service.status",
    "PipelineDefinition": "enorchestrator.pipeline.definition",
    "PythonStep": "enorchestrator.work.python_step",
    "Resources": "enorchestrator.dispatch.resources",
    "Scheduler": "enorchestrator.scheduler.scheduler",
    "Timing": "enorchestrator.task.limits",
    "archive_pipeline": "enorchestrator.pipeline.manager",
    "find_pipeline": "enorchestrator.pipeline.manager",
    "list_pipelines": "enorchestrator.pipeline.manager",
    "pipeline_versions": "enorchestrator.pipeline.manager",
    "run_pipeline": "enorchestrator.pipeline.submit",
    "save_pipeline": "enorchestrator.pipeline.manager",
    "step": "enorchestrator.work.python_step",
    "cancel": "enorchestrator.dispatch.submit",
    "events": "enorchestrator.dispatch.read",
    "logs": "enorchestrator.dispatch.read",
    "change_schedule": "enorchestrator.scheduler.schedules",
    "next_times": "enorchestrator.scheduler.calendar",
    "create_schedule": "enorchestrator.scheduler.schedules",
    "delete_schedule": "enorchestrator.scheduler.schedules",
    "list_schedules": "enorchestrator.scheduler.schedules",
    "pause_schedule": "enorchestrator.scheduler.schedules",
    "resume_schedule": "enorchestrator.scheduler.schedules",
    "retry": "enorchestrator.dispatch.submit",
    "submit": "enorchestrator.dispatch.submit",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
