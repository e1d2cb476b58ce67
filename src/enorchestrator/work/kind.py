"""`WorkKind`: a kind of work with its arguments, described once: as JSON Schema, as a check, and as what the call gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import Described
from enstorage.plugins.describing import parameters_of
from enstorage.progress import Progress
from enstorage.terminal import printable


def _id_of(entity: str) -> Any:
    return Field(ge=1, strict=True, json_schema_extra={"entity": entity})


# Ids of records. The JSON Schema tells the entity, by which pipelines join steps and pages offer the records.
SourceId = Annotated[int, _id_of("data_source")]
PanelId = Annotated[int, _id_of("panel")]
SnapshotId = Annotated[int, _id_of("data_snapshot")]
PreparationId = Annotated[int, _id_of("data_preparation")]
DataSetId = Annotated[int, _id_of("data_set")]
ProjectId = Annotated[int, _id_of("project")]
ResearchId = Annotated[int, _id_of("research")]
ModelId = Annotated[int, _id_of("model")]
EnsembleId = Annotated[int, _id_of("ensemble")]
_SHOWN = 60


class Arguments(BaseModel):
    """Base of the arguments of a kind: JSON in, checked and frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def subject(self) -> str:
        """A few words for people on what is worked on, such as "3"; they follow the title of the kind."""
        return ""


class Partial(Protocol):
    """A function that takes an intermediate result, such as a leaderboard; the latest one of each name is kept."""

    def __call__(self, name: str, data: Any, /) -> None:
        """See the class."""


def unchecked(_arguments: Any, _connector: Connector) -> None:
    """Check nothing beyond the types of the arguments."""


@dataclass(frozen=True, slots=True)
class WorkKind:
    """A kind of work.

    Attributes:
        name: such as "fit".
        action: what a user must be allowed to do to submit it, such as "train".
        table: of what that is done to, such as "model".
        title: for people, such as "Fit models".
        arguments: their class; its fields are what the JSON may have.
        call: the work, called as `call(arguments, connector, progress, partial)` in a child process; returns JSON.
        outputs: types of the outputs that other steps may refer to, such as {"models": "model[]"}, see `Port`.
        check: raises an error for arguments that cannot be worked with, such as ids that are not stored; called when
            the work is submitted.
        demanded: for work whose arguments tell what a user must be allowed to do, and to which table; `action` and `table`
            are for who may submit it whatever its arguments are, as in a pipeline.
        parts: by the name of an argument that is an object, a function that gives the class which describes it.
        outputs_of: for work whose effect is one transaction, called as `outputs_of(arguments, made)` in each transaction
            with what that made, see `Database.ending_with`; gives the outputs, or None for one that is not the effect. The
            step is committed by the same transaction: a process that is killed leaves both or neither.
    """

    name: str
    action: str
    table: str
    title: str
    arguments: type[Arguments]
    call: Callable[[Any, Connector, Progress, Partial], Mapping[str, Any]]
    check: Callable[[Any, Connector], None] = unchecked
    outputs: Mapping[str, str] = field(default_factory=dict)
    demanded: Callable[[Any], tuple[str, str]] | None = None
    parts: Mapping[str, Callable[[], type[Described]]] = field(default_factory=dict)
    outputs_of: Callable[[Any, Sequence[Any]], Mapping[str, Any] | None] | None = None

    def read(self, value: Any) -> Arguments:
        """The arguments of some JSON.

        Raises:
            InvalidInputError: the JSON does not fit; `field` names the place.
        """
        try:
            return self.arguments.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            at = ".".join(map(str, first["loc"]))
            place = f"The argument {printable(at)}" if at else "The arguments"
            received = printable(repr(first["input"]))
            shown = received if len(received) <= _SHOWN else f"{received[: _SHOWN - 1]}…"
            known = ", ".join(self.arguments.model_fields)
            raise InvalidInputError(
                f"{place} of {self.name} cannot be used: {first['msg']}; received {shown}. Expected an object with "
                f"{known}. Correct it.",
                field=at or "arguments",
            ) from None

    def permission(self, value: Any) -> tuple[str, str]:
        """The action and the table of the permission that some work needs, by the JSON of its arguments.

        Raises:
            InvalidInputError: the JSON does not fit.
        """
        return (self.action, self.table) if self.demanded is None else self.demanded(self.read(value))

    def describe(self) -> dict[str, Any]:
        """The kind as JSON, with the JSON Schema of its arguments; `x-parameters` has the fields of a part."""
        schema = self.arguments.model_json_schema()
        for name, part in self.parts.items():
            schema["properties"][name]["x-parameters"] = parameters_of(part())
        return {
            "name": self.name,
            "title": self.title,
            "action": self.action,
            "arguments": schema,
            "outputs": dict(self.outputs),
        }
