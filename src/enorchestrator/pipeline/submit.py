"""`run_pipeline`: asks for a run of a pipeline; a dispatcher executes its steps."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from enorchestrator.dispatch.submit import add_run, check_name, rank_of, same_run
from enorchestrator.dispatch.wake import wake_on_commit
from enorchestrator.pipeline.check import check_resources
from enorchestrator.pipeline.definition import ParameterDefinition, PipelineDefinition
from enorchestrator.pipeline.manager import find_pipeline
from enorchestrator.task.graph import start_steps
from enorchestrator.task.moves import settle_run
from enorchestrator.task.state import RunState
from enorchestrator.work.port import ENTITY_TYPES, Port
from enorchestrator.work.stored_file import StoredFile
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.entity import ENTITIES
from enstorage.errors import EnstorageError, InvalidInputError
from enstorage.ledger import Run, RunStep, StepNeed
from enstorage.terminal import printable

KIND = "pipeline"
_TYPES: dict[str, Any] = {
    "integer": int,
    "number": float,
    "string": str,
    "boolean": bool,
    "object": dict[str, Any],
    "file": StoredFile,
    "any": Any,
}
_CLASSES = {entity.__tablename__: entity for entity in ENTITIES}


def run_pipeline(
    name: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    key: str | None = None,
    created_by: str = "",
    priority: int = 0,
    connector: Connector | None = None,
) -> Run:
    """Ask for a run of a pipeline; a `Dispatcher` of this process or another one executes it.

    The run keeps the version of the pipeline, whatever becomes of the pipeline later.

    Args:
        name: of the pipeline.
        parameters: by name; those without a default have to be there.
        version: of the pipeline; the latest one by default.
        key: idempotency key; the same key gives the same run, however often it is submitted.
        created_by: name of who asks for it.
        priority: runs of a higher one start first.
        connector: the store; the current one by default.

    Returns:
        The run, as it is stored.

    Raises:
        ConflictError: the key belongs to a run of another pipeline or with other parameters.
        InvalidInputError: a parameter is missing, unknown or of another type, or a step asks for more than the machine has;
            `field` names it.
        NotFoundError: there is no such pipeline, or a parameter refers to a record that is not stored.
    """
    with bound_to(connector) as store:
        check_name("key", key)
        check_name("created_by", created_by)
        found = find_pipeline(name, version, connector=store)
        definition = PipelineDefinition.model_validate(found.definition)
        check_resources(definition, store)
        values = check_parameters(definition, dict(parameters or {}), store)
        with store.transaction() as session:
            if (earlier := same_run(session, key, KIND, values, found.id)) is not None:
                return earlier
            run = Run(
                key=key,
                kind=KIND,
                pipeline_id=found.id,
                title=found.name,
                arguments=values,
                created_by=created_by,
                priority=priority,
            )
            add_run(session, run)
            steps = {
                each: RunStep(
                    run_id=run.id,
                    name=each,
                    position=position,
                    kind=step.kind,
                    state=RunState.WAITING,
                    arguments=step.arguments,
                    settings=step.settings() or None,
                    may_fail=step.may_fail,
                    waiting_for=len(set(step.needed())),
                    queue_rank=rank_of(run),
                )
                for position, (each, step) in enumerate(definition.steps.items())
            }
            session.add_all(steps.values())
            session.flush()
            session.add_all(
                StepNeed(step_id=steps[each].id, needs_id=steps[needed].id)
                for each, step in definition.steps.items()
                for needed in sorted(set(step.needed()))
            )
            session.flush()
            connection = session.connection()
            settle_run(connection, run.id, error=start_steps(connection, run.id))
            session.refresh(run)
            wake_on_commit(session, store)
        return run


def check_parameters(definition: PipelineDefinition, given: dict[str, Any], store: Connector) -> dict[str, Any]:
    """The parameters of a run, with the defaults of those that are not given.

    Raises:
        InvalidInputError: one is missing, unknown or of another type; `field` names it.
        NotFoundError: one refers to a record that is not stored.
    """
    if unknown := set(given) - set(definition.parameters):
        known = ", ".join(definition.parameters) or "none"
        raise InvalidInputError(
            f"The pipeline {definition.name} has no parameter {printable(min(unknown))}; expected {known}. Correct it.",
            field=min(unknown),
        )
    values = {}
    for name, parameter in definition.parameters.items():
        if name not in given and parameter.is_required:
            raise InvalidInputError(
                f"The pipeline {definition.name} needs the parameter {name} ({parameter.type}). Give it.", field=name
            )
        values[name] = _value(name, parameter, given.get(name, parameter.default), store)
    return values


def _value(name: str, parameter: ParameterDefinition, value: Any, store: Connector) -> Any:
    port = Port.parse(parameter.type)
    if value is None and not parameter.is_required:
        return None
    is_entity = port.type in ENTITY_TYPES
    of_one: Any = int if is_entity else _TYPES[port.type]
    adapter: TypeAdapter[Any] = TypeAdapter(list[of_one] if port.many else of_one)
    try:
        checked = adapter.dump_python(adapter.validate_python(value, strict=is_entity), mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInputError(
            f"The parameter {name} cannot be used: {first['msg']}; received {printable(repr(value))[:60]}. Expected "
            f"{port}. Correct it.",
            field=name,
        ) from None
    if is_entity:
        try:
            _CLASSES[port.type].get_list(checked if port.many else [checked], connector=store)
        except EnstorageError as error:
            error.field = name
            raise
    return checked
