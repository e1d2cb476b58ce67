"""The kinds `issue_forecasts`, `monitor` and `watch_resources`: what is done with a version in use, mostly by schedules."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.current import tell_alert
from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.releases.named import RegisteredName
from enorchestrator.work.stored_file import kept
from enstorage import Connector
from enstorage.progress import Progress

_Level = Annotated[float, Field(gt=0, lt=1)]


class IssueArguments(Arguments):
    """A registered model, and the steps that its version in production forecasts."""

    name: RegisteredName
    horizon: Annotated[int, Field(ge=1, le=100_000, description="Number of steps.")] = 1
    levels: Annotated[tuple[_Level, ...], Field(max_length=20, description="Of the intervals.")] = ()

    def subject(self) -> str:
        """The name."""
        return self.name


class MonitorArguments(Arguments):
    """A registered model, and when people are told."""

    name: RegisteredName
    settings: Annotated[
        dict[str, Any],
        Field(
            default_factory=dict,
            description="When an alert is made, such as windows, false_alarm, tolerance, patience.",
        ),
    ]
    may_roll_back: Annotated[
        bool, Field(description="Roll back at once where the previous version forecasts better.")
    ] = False

    def subject(self) -> str:
        """The name."""
        return self.name


def _issue(arguments: IssueArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    from enorchestrator.monitoring.issue import issue_forecasts

    progress("Forecast", 0, 1)
    table = issue_forecasts(arguments.name, arguments.horizon, levels=arguments.levels, connector=connector)
    file = kept(table.write_csv().encode(), f"forecast of {arguments.name}.csv", "text/csv", connector)
    return {"name": arguments.name, "count": table.height, "file": file}


def _check_settings(arguments: MonitorArguments, _connector: Connector) -> None:
    from enorchestrator.monitoring.settings import MonitorSettings

    MonitorSettings.read(arguments.settings)


def _monitor(
    arguments: MonitorArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from enorchestrator.monitoring.watching.monitor import monitor

    found = monitor(
        arguments.name,
        settings=arguments.settings,
        may_roll_back=arguments.may_roll_back,
        progress=progress,
        connector=connector,
    )
    for alert in found.alerts:
        tell_alert(alert.kind, alert.message, connector)
    return {
        "name": found.name,
        "version": found.version,
        "observations": found.observations,
        "alerts": [{"id": each.id, "kind": each.kind, "message": each.message} for each in found.alerts],
        "proposal": found.proposal,
        "rolled_back_to": found.rolled_back_to,
    }


def _watch_resources(
    _arguments: Arguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from enorchestrator.monitoring.resources import leaking_steps

    progress("Attempts", 0, 1)
    found = leaking_steps(connector=connector)
    for each in found:
        tell_alert("memory", each.message, connector)
    return {"messages": [each.message for each in found]}


def _demanded(arguments: MonitorArguments) -> tuple[str, str]:
    return ("release", "registered_model") if arguments.may_roll_back else ("run", "monitor")


ISSUE_FORECASTS = WorkKind(
    "issue_forecasts",
    "run",
    "registered_model",
    "Issue forecasts",
    IssueArguments,
    _issue,
    outputs={"name": "string", "file": "file"},
)
MONITOR = WorkKind(
    "monitor",
    "run",
    "monitor",
    "Monitor",
    MonitorArguments,
    _monitor,
    _check_settings,
    outputs={"name": "string", "version": "integer", "proposal": "string"},
    demanded=_demanded,
)
WATCH_RESOURCES = WorkKind("watch_resources", "run", "monitor", "Watch resources", Arguments, _watch_resources)
