"""Records that a command works on: the word for an entity, and the id or the name of a record."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from enstorage.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from enstorage import Ensemble
    from enstorage.connector import Connector
    from enstorage.entity._record import Record

R = TypeVar("R", bound="Record")

_SHOWN = 5

Entity = Annotated[str, typer.Argument(help="Such as project, data_source, model, ensemble.", metavar="ENTITY")]
EnsembleWords = Annotated[
    list[str], typer.Argument(help="Id or name of an ensemble; the word ensemble may precede it.", metavar="ENSEMBLE")
]


def entity_class(name: str) -> "type[Record]":
    """The class of an entity by the name of its table; hyphens, a plural s, and names without `data_` are understood.

    Raises:
        InvalidInputError: there is no such entity.
    """
    from enstorage.entity import ENTITIES

    known = {entity.__tablename__: entity for entity in ENTITIES}
    wanted = name.lower().replace("-", "_")
    for word in (wanted, wanted.removesuffix("s"), wanted.removesuffix("es")):
        if found := known.get(word) or known.get(f"data_{word}"):
            return found
    raise InvalidInputError(f"There is no entity {name!r}; known are {', '.join(known)}.")


def find_record(kind: type[R], reference: str, connector: "Connector", *, trash: bool = False) -> R:
    """The record of an id, or of a name that only one record has; digits are an id.

    Args:
        kind: its class.
        reference: id or name.
        connector: the store.
        trash: look for the name among the records in the trash.

    Raises:
        NotFoundError: there is none.
        InvalidInputError: several have the name, or records of the kind have no names.
    """
    if reference.isdecimal():
        return kind.get(int(reference), connector=connector)
    label = label_of(kind)
    if "name" not in kind.__table__.columns:
        raise InvalidInputError(
            f"A {label} has no name; received {reference!r}, expected an id. See them: enstorage list {hyphenated(kind)}"
        )
    quoted = reference.replace("'", "''")
    found = kind.find(f"name = '{quoted}'", limit=_SHOWN + 1, trash=trash, connector=connector)
    if not found:
        where, option = (" in the trash", " --trash") if trash else ("", "")
        raise NotFoundError(
            f"There is no {label} named {reference!r}{where}. See them: enstorage list {hyphenated(kind)}{option}"
        )
    if len(found) > 1:
        ids = ", ".join(str(record.id) for record in found[:_SHOWN]) + (" and more" if len(found) > _SHOWN else "")
        raise InvalidInputError(f"Several {label}s are named {reference!r}: {ids}. Give the id of one.")
    return found[0]


def find_records(kind: type[R], references: Iterable[str], connector: "Connector") -> list[R]:
    """The same for several, in the order given."""
    return [find_record(kind, reference, connector) for reference in references]


def find_ensemble(words: list[str], connector: "Connector") -> "Ensemble":
    """The ensemble that a command is about: its id or name, also after the word `ensemble`.

    Raises:
        InvalidInputError: another entity is named.
        NotFoundError: there is no such ensemble.
    """
    from enstorage import Ensemble

    if len(words) > 2 or (len(words) == 2 and words[0].lower() not in ("ensemble", "ensembles")):
        raise InvalidInputError(
            f"The command takes one ensemble; received {' '.join(words)!r}. Write: ensemble {words[-1]}"
        )
    return find_record(Ensemble, words[-1], connector)


def label_of(kind: "type[Record]") -> str:
    """The display name of an entity: `data source`."""
    return str(kind.__tablename__).replace("_", " ")


def described(record: "Record") -> str:
    """A record as a sentence names it: `data source 1 (Load)`."""
    name = getattr(record, "name", None)
    return f"{label_of(type(record))} {record.id}" + (f" ({name})" if name else "")


def described_first(record: "Record") -> str:
    """The same at the beginning of a sentence: `Data source 1 (Load)`."""
    text = described(record)
    return text[0].upper() + text[1:]


def hyphenated(kind: "type[Record]") -> str:
    """An entity as commands take it: `data-source`."""
    return str(kind.__tablename__).replace("_", "-")
