"""The cache key of a step: the SHA-256 of all that determines its outputs."""

import hashlib
import json
import platform
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from enorchestrator.work.port import ENTITY_TYPES, Port
from enstorage.entity import ENTITIES
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enorchestrator.work.kind import WorkKind

_TABLES = {entity.__tablename__: entity.__table__ for entity in ENTITIES}


def cache_key(connection: Connection, kind: "WorkKind", values: Any) -> str | None:
    """The SHA-256 of a kind with its code, its arguments with the state of the records that they name, and the environment.

    Returns:
        64 hexadecimal digits; None for arguments that the kind does not take.
    """
    try:
        arguments = kind.read(values).model_dump(mode="json")
    except InvalidInputError:
        return None
    content = [kind.name, code_of(kind), arguments, _changes_of_records(connection, kind, arguments), environment()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def code_of(kind: "WorkKind") -> str:
    """The SHA-256 of the module of a step in Python, as it lies on the disk; empty for kinds of the product."""
    module = sys.modules.get(kind.name.partition(":")[0]) if ":" in kind.name else None
    file = getattr(module, "__file__", None)
    return "" if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()


@cache
def environment() -> str:
    """The SHA-256 of the version of Python, the machine, and all installed packages with their versions."""
    packages = sorted({f"{each.metadata['Name']} {each.version}" for each in distributions()})
    text = "\n".join([platform.python_version(), platform.machine(), *packages])
    return hashlib.sha256(text.encode()).hexdigest()


def _changes_of_records(connection: Connection, kind: "WorkKind", arguments: dict[str, Any]) -> list[Any]:
    """The times of the last changes of the records that arguments name by their ids."""
    schemas = kind.arguments.model_json_schema().get("properties", {})
    changes = []
    for name, schema in sorted(schemas.items()):
        port, given = Port.of_schema(schema), arguments.get(name)
        if port.type in ENTITY_TYPES and given is not None:
            table = _TABLES[port.type]
            wanted = select(table.c.id, table.c.updated_at).where(table.c.id.in_(given if port.many else [given]))
            changes.append(
                [name, *([id, moment.isoformat()] for id, moment in connection.execute(wanted.order_by("id")))]
            )
    return changes
