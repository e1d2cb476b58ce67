"""Checks of a pipeline when it is stored: names, kinds, types of the values that flow, and no circle."""

from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from enorchestrator.dispatch.resources import Resources
from enorchestrator.pipeline.definition import PipelineDefinition
from enorchestrator.work.port import ENTITY_TYPES, PLAIN_TYPES, Port
from enorchestrator.work.reference import EACH, Reference, reference, references
from enorchestrator.work.registry import find_kind
from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.terminal import printable

_SHOWN = 60


def check_pipeline(pipeline: PipelineDefinition) -> list[str]:
    """Check a pipeline; returns the names of its steps in an order in which they can be executed.

    Raises:
        InvalidInputError: it cannot be executed; `field` names the place.
    """
    order = _order(pipeline)
    for name, parameter in pipeline.parameters.items():
        try:
            Port.parse(parameter.type)
        except ValueError:
            known = ", ".join((*ENTITY_TYPES, *PLAIN_TYPES))
            raise InvalidInputError(
                f"The parameter {name} has the type {printable(parameter.type)!r}; expected one of {known}, or such a one "
                "with []. Correct it.",
                field=f"parameters.{name}.type",
            ) from None
    for name in order:
        _StepCheck(pipeline, name).check()
    return order


def check_resources(pipeline: PipelineDefinition, store: Connector) -> None:
    """Raise an error for a step that asks for more than the machine has.

    Raises:
        InvalidInputError: one does; `field` names the resource.
    """
    asking = {name: step.resources for name, step in pipeline.steps.items() if step.resources is not None}
    if asking:
        have = Resources.here(store)
        for name, needs in asking.items():
            have.check(needs.model_dump(exclude_none=True), name)


def _order(pipeline: PipelineDefinition) -> list[str]:
    graph = {name: set(step.needed()) for name, step in pipeline.steps.items()}
    for name, needed in graph.items():
        if unknown := needed - set(pipeline.steps):
            raise InvalidInputError(
                f"The step {name} needs {printable(min(unknown))}, which is no step of the pipeline; expected one of "
                f"{', '.join(pipeline.steps)}. Correct it.",
                field=f"steps.{name}",
            )
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        raise InvalidInputError(
            f"The steps wait for each other in a circle: {' → '.join(circle)}. Remove one of these references or needs.",
            field=f"steps.{circle[0]}",
        ) from None


class _StepCheck:
    """The check of one step."""

    def __init__(self, pipeline: PipelineDefinition, name: str) -> None:
        self.pipeline, self.name, self.step = pipeline, name, pipeline.steps[name]
        try:
            self.kind = find_kind(self.step.kind)
        except InvalidInputError as error:
            raise self._refusal("kind", f"The step {name}: {error}") from None
        self.item: Port | None = None

    def check(self) -> None:
        """Raise an error for what cannot be executed."""
        self._check_list()
        fields = self.kind.arguments.model_fields
        schemas = self.kind.arguments.model_json_schema()["properties"] if fields else {}
        for argument, value in self.step.arguments.items():
            if argument not in fields:
                raise self._refusal(
                    f"with.{argument}",
                    f"The step {self.name} has an argument {printable(argument)}, which {self.kind.name} does not take; "
                    f"expected one of {', '.join(fields)}. Correct it.",
                )
            self._check_argument(argument, value, Port.of_schema(schemas[argument]))
            if not any(references(value)):
                self._check_value(argument, value, fields[argument])
        for argument, info in fields.items():
            if info.is_required() and argument not in self.step.arguments:
                raise self._refusal(
                    f"with.{argument}",
                    f"The step {self.name} lacks the argument {argument} of {self.kind.name}. Give it a value or a "
                    "reference.",
                )

    def _check_list(self) -> None:
        given = self.step.for_each
        if given is None:
            return
        found = reference(given)
        port = None if found is None or found.name == EACH else self._port_of(found, "for_each")
        if port is None or not (port.many or port.type == "any"):
            raise self._refusal(
                "for_each",
                f"for_each of the step {self.name} is {printable(given)[:_SHOWN]!r}; expected a reference to a list, such "
                "as ${fit.models}. Correct it.",
            )
        self.item = port.item

    def _check_argument(self, argument: str, value: Any, port: Port) -> None:
        """Check the types of its references: of the whole, or of the items of a list; of others that they exist."""
        place = f"with.{argument}"
        for each in references(value):
            found = self._port_of(each, place)
            if reference(value) is not None:
                wanted = port
            elif isinstance(value, list) and str(each) in value:
                wanted = port.item
            else:
                continue
            if not found.fits(wanted):
                raise self._refusal(
                    place,
                    f"The argument {argument} of the step {self.name} takes {wanted}, and {each} gives {found}. Correct the "
                    "reference.",
                )

    def _check_value(self, argument: str, value: Any, info: FieldInfo) -> None:
        try:
            wanted: Any = Annotated[info.annotation, info]
            TypeAdapter(wanted).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise self._refusal(
                f"with.{argument}",
                f"The argument {argument} of the step {self.name} cannot be used: {first['msg']}; received "
                f"{printable(repr(first['input']))[:_SHOWN]}. Correct it.",
            ) from None

    def _port_of(self, found: Reference, place: str) -> Port:
        """The type that a reference gives."""
        if found.port is None and found.name == EACH and self.item is not None:
            return self.item
        if found.port is None and found.name in self.pipeline.parameters:
            return Port.parse(self.pipeline.parameters[found.name].type)
        if found.port is not None:
            step = self.pipeline.steps[found.name]
            outputs = find_kind(step.kind).outputs
            if found.port in outputs:
                port = Port.parse(outputs[found.port])
                return Port(port.type, many=True) if step.for_each is not None else port
            expected = ", ".join(f"${{{found.name}.{name}}}" for name in outputs) or "none: it has no outputs"
        else:
            expected = (
                ", ".join(f"${{{name}}}" for name in self.pipeline.parameters) or "a parameter, and there are none"
            )
        raise self._refusal(place, f"The step {self.name} refers to {found}; expected {expected}. Correct it.")

    def _refusal(self, place: str, message: str) -> InvalidInputError:
        return InvalidInputError(message, field=f"steps.{self.name}.{place}")
