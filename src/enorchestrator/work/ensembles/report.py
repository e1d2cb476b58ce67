"""The kind `report`: makes a page about an ensemble."""

from typing import Any

from enorchestrator.work.ensembles.chosen import EnsembleArguments, check_ensemble, ensemble_of
from enorchestrator.work.kind import Partial, WorkKind
from enorchestrator.work.stored_file import kept
from enstorage import Connector
from enstorage.progress import Progress


def _report(
    arguments: EnsembleArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    import endirector

    ensemble = ensemble_of(arguments, connector)
    page = endirector.report(ensemble, progress=progress).html.encode()
    return {"ensemble": ensemble.id, "file": kept(page, f"report of {ensemble.name}.html", "text/html", connector)}


REPORT = WorkKind(
    "report",
    "render",
    "ensemble",
    "Report on ensemble",
    EnsembleArguments,
    _report,
    check_ensemble,
    outputs={"ensemble": "ensemble", "file": "file"},
)
