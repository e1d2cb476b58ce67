"""The kind `report`: makes a page about an ensemble."""

from typing import Annotated, Any, Literal

from pydantic import Field

from enorchestrator.work.ensembles.chosen import EnsembleArguments, check_ensemble, ensemble_of
from enorchestrator.work.kind import Partial, WorkKind
from enorchestrator.work.stored_file import kept
from enstorage import Connector
from enstorage.progress import Progress


class ReportArguments(EnsembleArguments):
    """An ensemble, and the language of the page about it."""

    language: Annotated[Literal["en", "ru"], Field(description="Of the page.")] = "en"


def _report(arguments: ReportArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    import endirector

    ensemble = ensemble_of(arguments, connector)
    page = endirector.report(ensemble, language=arguments.language, progress=progress).html.encode()
    return {"ensemble": ensemble.id, "file": kept(page, f"report of {ensemble.name}.html", "text/html", connector)}


REPORT = WorkKind(
    "report",
    "render",
    "ensemble",
    "Report on ensemble",
    ReportArguments,
    _report,
    check_ensemble,
    outputs={"ensemble": "ensemble", "file": "file"},
)
