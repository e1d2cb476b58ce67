"""The kinds `promote` and `rollback`: put a version into production, or the previous one again."""

from typing import Annotated, Any, Literal

from pydantic import Field

from enorchestrator.work.current import asked_by
from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.releases.named import RegisteredName, VersionArguments, check_version
from enstorage import Connector
from enstorage.progress import Progress

Remark = Annotated[str, Field(max_length=10_000, description="Why.")]


class PromoteArguments(VersionArguments):
    """A version, and when it is promoted."""

    when: Annotated[
        Literal["always", "proposed"],
        Field(
            description="proposed: only if its evaluation proposes it; else nothing is done, and that is no failure."
        ),
    ] = "always"
    remark: Remark = ""


class RollbackArguments(Arguments):
    """A registered model."""

    name: RegisteredName
    remark: Remark = ""

    def subject(self) -> str:
        """The name."""
        return self.name


def _promote(
    arguments: PromoteArguments,
    connector: Connector,
    progress: Progress,  # noqa: ARG001
    _partial: Partial,
) -> dict[str, Any]:
    from enorchestrator.registry.aliases import promote
    from enorchestrator.registry.find import find_version, list_evaluations

    found = find_version(arguments.name, arguments.version, connector=connector)
    if arguments.when == "proposed":
        latest = list_evaluations(arguments.name, found.version, connector=connector)[:1]
        proposals = [each.report["proposal"] for each in latest if each.report is not None]
        if proposals != ["promote"]:
            return {"name": arguments.name, "version": found.version, "promoted": False}
    promote(arguments.name, found.version, remark=arguments.remark, changed_by=asked_by(connector), connector=connector)
    return {"name": arguments.name, "version": found.version, "promoted": True}


def _rollback(
    arguments: RollbackArguments,
    connector: Connector,
    progress: Progress,  # noqa: ARG001
    _partial: Partial,
) -> dict[str, Any]:
    from enorchestrator.registry.aliases import rollback

    found = rollback(arguments.name, remark=arguments.remark, changed_by=asked_by(connector), connector=connector)
    return {"name": arguments.name, "version": found.version}


PROMOTE = WorkKind(
    "promote",
    "release",
    "registered_model",
    "Promote version",
    PromoteArguments,
    _promote,
    check_version,
    outputs={"name": "string", "version": "integer", "promoted": "boolean"},
)
ROLLBACK = WorkKind(
    "rollback",
    "release",
    "registered_model",
    "Roll back",
    RollbackArguments,
    _rollback,
    outputs={"name": "string", "version": "integer"},
)
