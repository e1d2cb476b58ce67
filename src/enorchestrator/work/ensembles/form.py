"""The kind `form`: selects a method and members, and renders their ensemble."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from enorchestrator.work.kind import Arguments, EnsembleId, ModelId, Partial, ProjectId, WorkKind
from enstorage import Connector
from enstorage.progress import Progress

if TYPE_CHECKING:
    from enstorage import Ensemble, Model


class MethodArguments(BaseModel):
    """A method to try."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Annotated[str, Field(description="Its name, such as voting or stacking.")]
    metamodel: Annotated[str | None, Field(description="Class of its metamodel, such as Ridge.")] = None
    parameters: Annotated[dict[str, Any], Field(description="Of the method.")] = {}


class FormArguments(Arguments):
    """A project, and what is tried on its models."""

    project: Annotated[ProjectId, Field(description="Id of the project.")]
    models: Annotated[
        tuple[ModelId, ...], Field(description="Ids of candidates; without any candidate all models of the project.")
    ] = ()
    ensembles: Annotated[tuple[EnsembleId, ...], Field(description="Ids of rendered ensembles as candidates.")] = ()
    methods: Annotated[tuple[MethodArguments, ...], Field(description="To try; by default the usual ones.")] = ()
    metric: Annotated[str, Field(description="To go by, such as mse, mae, mase, smape, wql or coverage_0.8.")] = "mse"
    name: Annotated[str | None, Field(max_length=255, description="Of the ensemble.")] = None
    folds: Annotated[int, Field(ge=1, le=1000, description="Of the backtest of candidates without one.")] = 5
    horizon: Annotated[
        int | None, Field(ge=1, description="Steps of that backtest; by default those of the data sets.")
    ] = None

    def subject(self) -> str:
        """The project."""
        return f"of project {self.project}"


def _candidates(arguments: FormArguments, connector: Connector) -> "Sequence[Model | Ensemble]":
    from enstorage import Ensemble, Model

    return [
        *Model.get_list(arguments.models, connector=connector),
        *Ensemble.get_list(arguments.ensembles, connector=connector),
    ]


def _check(arguments: FormArguments, connector: Connector) -> None:
    from enstorage import Project

    Project.get(arguments.project, connector=connector)
    _candidates(arguments, connector)


def _form(arguments: FormArguments, connector: Connector, progress: Progress, partial: Partial) -> dict[str, Any]:
    import endirector
    from enstorage import Project

    formed = endirector.form(
        Project.get(arguments.project, connector=connector),
        _candidates(arguments, connector) or None,
        [endirector.Choice(**each.model_dump()) for each in arguments.methods] or None,
        arguments.metric,
        name=arguments.name,
        folds=arguments.folds,
        horizon=arguments.horizon,
        watch=lambda board: partial("leaderboard", board),
        progress=progress,
    )
    return _outputs(formed)


def _outputs(formed: "Ensemble") -> dict[str, Any]:
    about = {"ensemble": formed.id, "name": formed.name, "metrics": formed.metrics()}
    return about | {"mark": formed.mark(), "claims": formed.claims()}


def _outputs_of(_arguments: FormArguments, made: Sequence[Any]) -> dict[str, Any] | None:
    from enstorage import Ensemble

    return next((_outputs(each.refresh()) for each in made if isinstance(each, Ensemble)), None)


FORM = WorkKind(
    "form",
    "train",
    "project",
    "Form ensemble",
    FormArguments,
    _form,
    _check,
    outputs={"ensemble": "ensemble"},
    outputs_of=_outputs_of,
)
