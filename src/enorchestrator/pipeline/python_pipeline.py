"""`pipeline`: makes a definition of a Python function. Its signature tells the parameters, and its calls are the steps."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

from enorchestrator.pipeline.check import check_pipeline
from enorchestrator.pipeline.definition import PipelineDefinition, StepDefinition
from enorchestrator.pipeline.manager import save_pipeline
from enorchestrator.pipeline.submit import run_pipeline
from enorchestrator.work.building import BUILDER
from enorchestrator.work.python_step import PythonStep, type_of_hint
from enorchestrator.work.reference import EACH
from enorchestrator.work.registry import find_kind
from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.ledger import Pipeline, Run

_NO_NAME = re.compile(r"\W+")


class PipelineValue:
    """A value that is known when a step starts: a parameter, an output, or `each`, the item of a part.

    It cannot be calculated with: the function of a pipeline is called once, when the pipeline is written.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        raise _unknown(self._text)

    def __iter__(self) -> Any:
        raise _unknown(self._text)


class StepOutputs:
    """The outputs of a step, by name, as in `fit.models`; where there is one alone, this stands for it."""

    def __init__(self, name: str, outputs: Sequence[str]) -> None:
        self._name, self._outputs = name, outputs

    def __str__(self) -> str:
        return self._name

    def __getattr__(self, output: str) -> PipelineValue:
        if output.startswith("_"):
            raise AttributeError(output)
        return PipelineValue(f"${{{self._name}.{output}}}")

    def __bool__(self) -> bool:
        raise _unknown(self._name)

    def value(self) -> PipelineValue:
        """Its only output.

        Raises:
            InvalidInputError: it has none, or several.
        """
        if len(self._outputs) != 1:
            known = ", ".join(self._outputs) or "none"
            raise InvalidInputError(
                f"The step {self._name} is given as a value; its outputs are {known}. Name one, such as "
                f"{self._name}.{self._outputs[0] if self._outputs else 'result'}.",
                field=f"steps.{self._name}",
            )
        return PipelineValue(f"${{{self._name}.{self._outputs[0]}}}")


#: The item of a step that has `for_each`.
each = PipelineValue(f"${{{EACH}}}")


class PythonPipeline:
    """A pipeline that was written in Python.

    Attributes:
        definition: the same as that of a text in YAML.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.__doc__ = function.__doc__
        hints = get_type_hints(function)
        parameters: dict[str, Any] = {}
        for given in inspect.signature(function).parameters.values():
            described = {"type": type_of_hint(hints.get(given.name, Any))}
            parameters[given.name] = described | (
                {} if given.default is inspect.Parameter.empty else {"default": given.default}
            )
        builder = _Builder()
        before = BUILDER.set(builder.add)
        try:
            function(**{parameter: PipelineValue(f"${{{parameter}}}") for parameter in parameters})
        finally:
            BUILDER.reset(before)
        told = {
            "name": name or function.__name__,
            "description": inspect.cleandoc(function.__doc__ or ""),
            "parameters": parameters,
            "steps": builder.steps,
        }
        self.definition = PipelineDefinition.read({key: value for key, value in told.items() if value})

    def check(self) -> None:
        """Check it as saving does.

        Raises:
            InvalidInputError: it cannot be executed; `field` names the place.
        """
        check_pipeline(self.definition)

    def save(self, *, created_by: str = "", connector: Connector | None = None) -> Pipeline:
        """Check it and store it, see `save_pipeline`."""
        return save_pipeline(self.definition, created_by=created_by, connector=connector)

    def run(
        self, *, key: str | None = None, priority: int = 0, connector: Connector | None = None, **parameters: Any
    ) -> Run:
        """Store it, and ask for a run of this version, see `run_pipeline`. Entities are given as they are, or as ids."""
        version = self.save(connector=connector).version
        values = {name: _id_of(value) for name, value in parameters.items()}
        name = self.definition.name
        return run_pipeline(name, values, version=version, key=key, priority=priority, connector=connector)


def pipeline(
    function: Callable[..., Any] | None = None, *, name: str = ""
) -> "PythonPipeline | Callable[[Callable[..., Any]], PythonPipeline]":
    """Make a pipeline of a function, which is called once, now, with values that stand for the parameters.

    Args:
        function: calls steps made by `step`, and `add_step` for kinds of work.
        name: of the pipeline; that of the function by default.

    Raises:
        InvalidInputError: a step or parameter cannot be described; `field` names the place.
    """
    if function is None:
        return lambda given: PythonPipeline(given, name)
    return PythonPipeline(function, name)


def add_step(kind: "str | PythonStep", /, *, step: str = "", **given: Any) -> StepOutputs:
    """Add a step to the pipeline whose function is being called.

    Args:
        kind: of the work, such as "fit", or a step made by `step`.
        step: its name in the pipeline; that of its kind by default.
        **given: arguments of the kind; and `needs` (steps that go first), `for_each`, `may_fail`, `retries`,
            `timeout_seconds` and the other settings of a step.

    Raises:
        InvalidInputError: no pipeline is being written.
    """
    builder = BUILDER.get()
    if builder is None:
        raise InvalidInputError("add_step is called outside of a pipeline. Call it in a function below @pipeline.")
    name = kind.kind.name if isinstance(kind, PythonStep) else kind
    outputs: StepOutputs = builder(name, {"": step, **given})
    return outputs


class _Builder:
    """The steps of a pipeline, as they are called."""

    def __init__(self) -> None:
        self.steps: dict[str, Any] = {}

    def add(self, kind: str, given: Mapping[str, Any]) -> StepOutputs:
        found = find_kind(kind)
        settings = set(StepDefinition.model_fields) - {"kind", "arguments", "needs", *found.arguments.model_fields}
        values = {key: _json(value) for key, value in given.items() if key not in ("", "needs")}
        step: dict[str, Any] = {"kind": kind}
        step |= {key: value for key, value in values.items() if key in settings}
        if arguments := {key: value for key, value in values.items() if key not in settings}:
            step["with"] = arguments
        if needs := given.get("needs"):
            step["needs"] = [str(needed) for needed in _listed(needs)]
        name = self._free(given.get("") or kind.rpartition(":")[2])
        self.steps[name] = step
        return StepOutputs(name, list(found.outputs))

    def _free(self, wanted: str) -> str:
        name, number = _NO_NAME.sub("_", wanted), 2
        while name in self.steps:
            name, number = f"{wanted}_{number}", number + 1
        return name


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _json(value: Any) -> Any:
    if isinstance(value, StepOutputs):
        value = value.value()
    if isinstance(value, PipelineValue):
        return repr(value)
    if isinstance(value, Mapping):
        return {key: _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    return _id_of(value)


def _id_of(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_id_of(part) for part in value]
    return value.id if hasattr(type(value), "__tablename__") else value


def _unknown(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"The value {text} is not known while the pipeline is written. Use it in the arguments of steps alone; put what "
        "depends on it into a step."
    )
