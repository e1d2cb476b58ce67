"""The parameters that select records: the same for lists and exports."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from enmyadmin.routes.records.collection import Collection
from enstorage import Model
from enstorage.search.listing import LONGEST_PAGE, ListQuery
from enstorage.search.relations import ancestors

Id = Annotated[int, Field(ge=1, lt=2**63)]
_SHARED: dict[str, Any] = {
    "where": (str | None, Field(None, description="A query, such as `name like 'lag%' and not tags.kind = 'lstm'`.")),
    "order_by": (str | None, Field(None, description="Such as `name desc, id`; by default in the order of their ids.")),
    "columns": (str | None, Field(None, description="Names of columns, with commas; by default those of lists.")),
    "trash": (bool, Field(False, description="Only records in the trash.")),
}
_FACTS: dict[str, Any] = {"facts": (str | None, Field(None, description="Keys of facts, with commas between them."))}
_PAGE: dict[str, Any] = {
    "limit": (int, Field(50, ge=1, le=LONGEST_PAGE, description="Most records of the page.")),
    "cursor": (str | None, Field(None, description="`next` of the page before.")),
    "count": (bool, Field(False, description="Count the records, up to 10,000.")),
}
_FILE: dict[str, Any] = {"format": (Literal["csv", "parquet", "json"], Field("csv", description="Of the file."))}


def selection_of(collection: Collection, *, paged: bool) -> type[BaseModel]:
    """The parameters of a list, or of an export, of a collection."""
    parents: dict[str, Any] = {
        name: (Id | None, Field(None, description=f"Only those of this {name.replace('_', ' ')}."))
        for name in ancestors(collection.entity)
    }
    own = _SHARED | (_FACTS if collection.entity is Model else {}) | (_PAGE if paged else _FILE) | parents
    return create_model(
        f"{'List' if paged else 'Export'}{collection.many}", __config__=ConfigDict(extra="forbid"), **own
    )


def query_of(collection: Collection, asked: Any) -> ListQuery:
    """The query that the parameters ask for."""
    given = {name: getattr(asked, name) for name in ancestors(collection.entity)}
    within = {name: id for name, id in given.items() if id is not None}
    facts = words(getattr(asked, "facts", None)) or ()
    return ListQuery(asked.where, asked.order_by, within, asked.trash, words(asked.columns), facts)


def words(text: str | None) -> list[str] | None:
    """The words of a text with commas between them; None if there is no text."""
    return None if text is None else [word for word in map(str.strip, text.split(",")) if word]
