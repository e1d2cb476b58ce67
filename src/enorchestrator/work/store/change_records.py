"""The kind `change_records`: one action on very many records, such as moving them to the trash."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enstorage import Connector
from enstorage.entity.acting import Action, ChangedRecords, act_on_ids
from enstorage.entity.creating import entity_of
from enstorage.errors import InvalidInputError
from enstorage.progress import Progress
from enstorage.search.listing import ListQuery, find_ids

#: Most records by their ids, and most that a query finds.
MOST_IDS, MOST_FOUND = 100_000, 1_000_000
#: What each action is for permissions.
DEMANDED = {"trash": "trash", "restore": "trash", "purge": "purge", "tag": "change", "untag": "change"}


class ChangeArguments(Arguments):
    """An action, and the records by their ids or by a query."""

    entity: Annotated[str, Field(max_length=64, description="Their entity, such as `model`.")]
    action: Annotated[Action, Field(description="It is done to all of them or to none.")]
    ids: Annotated[
        tuple[Annotated[int, Field(ge=1, lt=2**63)], ...] | None,
        Field(max_length=MOST_IDS, description="Their ids."),
    ] = None
    where: Annotated[
        str | None, Field(max_length=100_000, description="Or a query that finds them when the work begins.")
    ] = None
    tags: Annotated[dict[str, Any], Field(description="To set for `tag`; the keys to take away for `untag`.")] = Field(
        default_factory=dict
    )

    @field_validator("entity")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            entity_of(name)
        except InvalidInputError as error:
            raise ValueError(str(error)) from None
        return name

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) == (self.where is None):
            raise ValueError("expected ids or where")
        return self

    def subject(self) -> str:
        """The action and the entity."""
        found = "" if self.ids is None else f"{len(self.ids)} "
        return f"({self.action}, {found}{self.entity})"


def _check(arguments: ChangeArguments, _connector: Connector) -> None:
    if arguments.where is not None:
        _query(arguments).conditions(entity_of(arguments.entity))


def _query(arguments: ChangeArguments) -> ListQuery:
    return ListQuery(arguments.where, trash=arguments.action in ("restore", "purge"))


def _change(arguments: ChangeArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    ids = arguments.ids
    if ids is None:
        entity = entity_of(arguments.entity)
        ids = tuple(find_ids(entity, _query(arguments), most=MOST_FOUND, connector=connector))
    if not ids:
        raise InvalidInputError("The query finds no records: nothing was changed.", field="where")
    done = act_on_ids(
        arguments.entity, arguments.action, ids, tags=arguments.tags, progress=progress, connector=connector
    )
    return _outputs(arguments, done)


def _outputs(arguments: ChangeArguments, done: ChangedRecords) -> dict[str, Any]:
    found: dict[str, Any] = {"action": arguments.action, "entity": arguments.entity, "counts": done.counts}
    if done.trashed_at is not None:
        found["trashed_at"] = done.trashed_at.isoformat()
    return found


def _outputs_of(arguments: ChangeArguments, made: Sequence[Any]) -> dict[str, Any] | None:
    return next((_outputs(arguments, each) for each in made if isinstance(each, ChangedRecords)), None)


def _demanded(arguments: ChangeArguments) -> tuple[str, str]:
    return DEMANDED[arguments.action], arguments.entity


CHANGE_RECORDS = WorkKind(
    "change_records",
    "purge",
    "store",
    "Change many records",
    ChangeArguments,
    _change,
    _check,
    demanded=_demanded,
    outputs_of=_outputs_of,
)
