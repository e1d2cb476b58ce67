"""Search by name over all entities, as a field for a quick search does it."""

from typing import Any

from sqlalchemy import or_, select

from enstorage.connector import Connector
from enstorage.entity import ENTITIES
from enstorage.errors import InvalidInputError
from enstorage.search.expressions import like

_LONGEST = 200


def search_names(text: str, *, most: int = 10, connector: Connector | None = None) -> list[dict[str, Any]]:
    """Records whose name or description has a text in it, in any case of A–Z, or whose id it is.

    Args:
        text: what to look for.
        most: most records of one entity, the latest first.
        connector: the store; the current one by default.

    Returns:
        `entity`, `id`, `name` and `description` (its beginning) of each, without records in the trash.

    Raises:
        InvalidInputError: the text is too long.
    """
    wanted = text.strip()
    if len(wanted) > _LONGEST:
        raise InvalidInputError(f"The text has {len(wanted)} characters; expected at most {_LONGEST}.", field="q")
    if not wanted:
        return []
    found: list[dict[str, Any]] = []
    escaped = "".join(f"!{each}" if each in "!%_" else each for each in wanted)
    with (connector or Connector.current()).database.reading() as session:
        for entity in ENTITIES:
            columns = entity.__table__.columns
            if "name" not in columns or entity._part_of:
                continue
            texts = (columns["name"], columns["description"])
            matches = [like(each, f"%{escaped}%", "!", ignore_case=True) for each in texts]
            if wanted.isdecimal() and int(wanted) < 2**63:
                matches.append(columns["id"] == int(wanted))
            query = select(columns["id"], *texts).where(columns["deleted_at"].is_(None), or_(*matches))
            for id, name, description in session.execute(query.order_by(columns["id"].desc()).limit(most)):
                found.append(
                    {"entity": entity.__tablename__, "id": id, "name": name, "description": description[:_LONGEST]}
                )
    return found
