"""The kind `register`: stores an ensemble or a model as the next version of a name, and evaluates it."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from enorchestrator.work.current import asked_by
from enorchestrator.work.kind import Arguments, EnsembleId, ModelId, Partial, WorkKind
from enorchestrator.work.releases.named import RegisteredName
from enstorage import Connector
from enstorage.progress import Progress

if TYPE_CHECKING:
    from enstorage import Ensemble, Model


class RegisterArguments(Arguments):
    """An ensemble or a model, and the name that it becomes a version of."""

    name: RegisteredName
    ensemble: Annotated[EnsembleId | None, Field(description="Id of the ensemble; or a model is given.")] = None
    model: Annotated[ModelId | None, Field(description="Id of the model; or an ensemble is given.")] = None
    description: Annotated[str, Field(max_length=10_000, description="Free text.")] = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.model is None) == (self.ensemble is None):
            raise ValueError("expected either a model or an ensemble")
        return self

    def subject(self) -> str:
        """The name."""
        return self.name


def _entity(arguments: RegisterArguments, connector: Connector) -> "Ensemble | Model":
    from enorchestrator.registry.content import entity_of

    if arguments.ensemble is not None:
        return entity_of("ensemble", arguments.ensemble, connector)
    assert arguments.model is not None  # noqa: S101 - one of both is there
    return entity_of("model", arguments.model, connector)


def _check(arguments: RegisterArguments, connector: Connector) -> None:
    _entity(arguments, connector)


def _register(
    arguments: RegisterArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from enorchestrator.evaluation.suite import register

    entity = _entity(arguments, connector)
    version, evaluation = register(
        arguments.name,
        entity,
        description=arguments.description,
        created_by=asked_by(connector),
        progress=progress,
    )
    return {"name": arguments.name, "version": version.version} | evaluated(evaluation)


def evaluated(evaluation: Any) -> dict[str, Any]:
    """The findings of an evaluation, as the output of a step."""
    report = evaluation.report or {}
    return {
        "evaluation": evaluation.id,
        "state": evaluation.state,
        "proposal": report.get("proposal", "keep"),
        "gates": report.get("gates", []),
        "comparison": report.get("comparison"),
        "error": evaluation.error,
    }


OUTPUTS = {"name": "string", "version": "integer", "state": "string", "proposal": "string"}
REGISTER = WorkKind(
    "register",
    "create",
    "registered_model",
    "Register version",
    RegisterArguments,
    _register,
    _check,
    outputs=OUTPUTS,
)
