"""The kind `evaluate_version`: applies the gates to a version, and compares it with the one in production."""

from typing import Any

from enorchestrator.work.current import asked_by
from enorchestrator.work.kind import Partial, WorkKind
from enorchestrator.work.releases.named import VersionArguments, check_version
from enorchestrator.work.releases.register import OUTPUTS, evaluated
from enstorage import Connector
from enstorage.progress import Progress


def _evaluate(
    arguments: VersionArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from enorchestrator.evaluation.suite import evaluate
    from enorchestrator.registry.find import find_version

    found = find_version(arguments.name, arguments.version, connector=connector)
    evaluation = evaluate(
        arguments.name, found.version, created_by=asked_by(connector), progress=progress, connector=connector
    )
    return {"name": arguments.name, "version": found.version} | evaluated(evaluation)


EVALUATE_VERSION = WorkKind(
    "evaluate_version",
    "run",
    "registered_model",
    "Evaluate version",
    VersionArguments,
    _evaluate,
    check_version,
    outputs=OUTPUTS,
)
