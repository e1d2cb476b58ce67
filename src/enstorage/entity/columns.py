"""Facts of a column, declared at the column: lists, forms, bundles and `create` derive from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sqlalchemy.orm import MappedColumn

if TYPE_CHECKING:
    from enstorage.entity._record import Record

P = ParamSpec("P")
T = TypeVar("T")
_KEY = "facts"


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a column, in addition to its type.

    Attributes:
        help: one line about it, for forms and help texts.
        label: its display name; by default the name of the column with spaces.
        listed: true if lists show it; long or rarely used columns are only shown on the page of one record.
        immutable: true if it may not change once the record is stored.
        written_later: true if it is empty in a new record: a bundle fills it in where it is still empty.
        part_of: a foreign key to the record that this one is a part of, with which it is deleted and exported.
        belongs_to: a foreign key by which the record belongs, directly or not, to a project, with which it is exported.
        made_from: a foreign key to the record from which this one was made.
        owns: a foreign key to a table that belongs to this record alone.
        is_time: true if its integers are times in nanoseconds since 1970, UTC; a caller may give times in any form.
        canonical: returns a value in its stored form, or raises InvalidInputError; a bundle refuses other forms.
        choices: the possible values, if they are few and known.
    """

    help: str
    label: str = ""
    listed: bool = True
    immutable: bool = False
    written_later: bool = False
    part_of: bool = False
    belongs_to: bool = False
    made_from: bool = False
    owns: bool = False
    is_time: bool = False
    canonical: Callable[[Any], Any] | None = None
    choices: Callable[[], Sequence[str]] | None = None


def _as_info(kind: Callable[P, Facts]) -> Callable[P, dict[Any, Any]]:
    def info(*args: P.args, **kwargs: P.kwargs) -> dict[Any, Any]:
        return {_KEY: kind(*args, **kwargs)}

    return info


#: `mapped_column(Name, info=facts("Display name."))`.
facts = _as_info(Facts)


def with_info(column: MappedColumn[T], info: dict[Any, Any]) -> MappedColumn[T]:
    """The column with facts, for a mutable type: SQLAlchemy has an entry in `info` that `info=` would replace."""
    column.column.info.update(info)
    return column


@cache
def facts_of(entity: "type[Record]") -> dict[str, Facts]:
    """The facts of the columns of an entity, by name, in their order."""
    return {column.key: column.info[_KEY] for column in entity.__table__.columns}


def named(entity: "type[Record]", fact: str) -> tuple[str, ...]:
    """The columns of an entity for which a fact, such as `immutable`, holds."""
    return tuple(name for name, known in facts_of(entity).items() if getattr(known, fact))
