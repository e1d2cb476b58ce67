"""`PipelineDefinition`: a pipeline as data: parameters, steps, what they need, and how they are executed."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from enorchestrator.work.reference import EACH, references
from enstorage.errors import InvalidInputError
from enstorage.terminal import printable

MOST_STEPS, MOST_BYTES = 10_000, 1_000_000
_NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"
StepName = Annotated[str, Field(pattern=_NAME)]
_SHOWN = 60


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ParameterDefinition(_Checked):
    """A value that a run of the pipeline is given."""

    type: Annotated[
        str,
        Field(
            description="An entity such as data_source, or integer, number, string, boolean, object, file; with [] a list."
        ),
    ] = "any"
    default: Annotated[Any, Field(description="Its value where a run gives none; without it a run has to.")] = None
    description: str = ""

    @property
    def is_required(self) -> bool:
        """True if it has no default."""
        return "default" not in self.model_fields_set


class ResourceNeeds(_Checked):
    """The resources that one execution of a step takes of its machine while it lasts."""

    cpus: Annotated[float | None, Field(gt=0, description="Processor cores.")] = None
    gpus: Annotated[float | None, Field(gt=0, description="Graphics processors.")] = None
    memory_mb: Annotated[
        float | None,
        Field(gt=0, description="Memory, in 1,000,000 bytes; beyond it the process of the step is killed."),
    ] = None
    disk_mb: Annotated[float | None, Field(gt=0, description="Free space at the store, in 1,000,000 bytes.")] = None


class StepSettings(_Checked):
    """Bounds of the execution of a step, and its parts."""

    for_each: Annotated[
        str | None,
        Field(
            description="A reference to a list: the step is executed once for each item, which its arguments name ${each}."
        ),
    ] = None
    retries: Annotated[
        int | None, Field(ge=0, le=100, description="Further executions after an error that may pass; 3 by default.")
    ] = None
    timeout_seconds: Annotated[float | None, Field(gt=0, description="Longest time of one execution.")] = None
    resources: Annotated[
        ResourceNeeds | None, Field(description="Of its machine, such as {gpus: 1}: it starts when they are free.")
    ] = None
    cache: Annotated[
        bool,
        Field(
            description="Take the outputs of an equal step that succeeded before: of the same kind and code, with the same "
            "arguments and installed packages."
        ),
    ] = False


class StepDefinition(StepSettings):
    """A step: a kind of work with its arguments."""

    kind: Annotated[str, Field(description="Of the work, such as fit; see /kinds.")]
    arguments: Annotated[
        dict[str, Any],
        Field(alias="with", description="Of the kind: values, and references to parameters and outputs."),
    ] = {}
    may_fail: Annotated[bool, Field(description="Steps that need it start also if it failed; the run goes on.")] = False
    needs: Annotated[tuple[StepName, ...], Field(description="Steps that go before it without giving it a value.")] = ()

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the usual execution, as the step keeps them."""
        return self.model_dump(include=set(StepSettings.model_fields), exclude_defaults=True)

    def needed(self) -> Iterator[str]:
        """The names of the steps that it needs, by references and by name; some more than once."""
        yield from self.needs
        for each in references([self.arguments, self.for_each]):
            if each.port is not None:
                yield each.name


class PipelineDefinition(_Checked):
    """A pipeline: a graph of steps."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: str = ""
    parameters: dict[StepName, ParameterDefinition] = {}
    steps: Annotated[dict[StepName, StepDefinition], Field(min_length=1, max_length=MOST_STEPS)]
    deadline_seconds: Annotated[
        float | None, Field(gt=0, description="After its submission a run is cancelled that is not over by then.")
    ] = None
    alternative: Annotated[
        str | None, Field(description="Name of a pipeline that is run when a run is cancelled by its deadline.")
    ] = None

    @classmethod
    def read(cls, value: Any) -> Self:
        """The definition of some JSON, or of a text in YAML or JSON.

        Raises:
            InvalidInputError: it is none; `field` names the place.
        """
        if isinstance(value, str | bytes):
            value = _parsed(value)
        try:
            found = cls.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"] if part != "[key]")
            shown = printable(repr(first["input"]))[:_SHOWN]
            reason = "Input should be an object" if first["type"] == "model_type" else first["msg"]
            raise InvalidInputError(
                f"The pipeline cannot be used: {f'{field}: ' if field else ''}{reason}; received {shown}. Expected "
                f"{_expected(first['loc'])}. Correct it.",
                field=field or "definition",
            ) from None
        if EACH in found.parameters or EACH in found.steps:
            raise InvalidInputError(
                f"The name {EACH!r} stands for the item of a step that has for_each. Choose another one.", field=EACH
            )
        if found.alternative is not None and found.deadline_seconds is None:
            raise InvalidInputError(
                f"The pipeline {printable(found.name)} has an alternative and no deadline_seconds, after which it would be "
                "run. Give it a deadline, or leave the alternative out.",
                field="alternative",
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """The definition as JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _expected(place: tuple[int | str, ...]) -> str:
    """The part of a pipeline around a place that cannot be used, with the names that it takes."""
    found: tuple[str, type[_Checked]] = "a pipeline", PipelineDefinition
    if place[0:1] == ("parameters",) and len(place) > 2:
        found = "a parameter", ParameterDefinition
    elif place[0:1] == ("steps",) and len(place) > 2:
        found = ("resources", ResourceNeeds) if place[2] == "resources" else ("a step", StepDefinition)
    around, model = found
    names = ", ".join(each.alias or name for name, each in model.model_fields.items())
    return f"{around} with {names}"


class PlainLoader(yaml.SafeLoader):
    """YAML that means the same as JSON would.

    It has no aliases, which blow a small text up to gigabytes, no keys that stand twice, no dates, and no words but true and
    false for truth.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the base class has it
        first: [
            (tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] not in ("bool", "timestamp", "merge")
        ]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        """See the base class."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("it has an alias (*name)")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """See the base class."""
        (name, times), *_ = Counter(str(key.value) for key, _ in node.value).most_common(1) or [("", 0)]
        if times > 1:
            raise yaml.YAMLError(f"the key {name!r} stands twice")
        return super().construct_mapping(node, deep)


PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def _parsed(text: str | bytes) -> Any:
    if len(text) > MOST_BYTES:
        raise InvalidInputError(
            f"The pipeline has {len(text)} bytes; expected at most {MOST_BYTES}. Split it.", field="definition"
        )
    try:
        return yaml.load(text, Loader=PlainLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        words = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        place = " ".join(printable(words).split())[:200] or type(error).__name__
        raise InvalidInputError(
            f"The pipeline is no YAML that can be read: {place}. Correct it.", field="definition"
        ) from None
