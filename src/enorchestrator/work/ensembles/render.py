"""The kind `render`: builds an ensemble from the forecasts of its members."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.ensembles.chosen import EnsembleArguments, check_ensemble, ensemble_of
from enorchestrator.work.kind import Partial, WorkKind
from enstorage import Connector
from enstorage.progress import Progress


class RenderArguments(EnsembleArguments):
    """An ensemble, and what is done about members that fail."""

    strict: Annotated[bool, Field(description="Refuse if a member fails; else it is left out.")] = False


def _render(arguments: RenderArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    from endirector import Conductor

    rendered = Conductor(ensemble_of(arguments, connector)).render(strict=arguments.strict, progress=progress)
    about = {"ensemble": rendered.id, "name": rendered.name, "metrics": rendered.metrics()}
    return about | {"mark": rendered.mark(), "claims": rendered.claims()}


RENDER = WorkKind(
    "render",
    "render",
    "ensemble",
    "Render ensemble",
    RenderArguments,
    _render,
    check_ensemble,
    outputs={"ensemble": "ensemble"},
)
