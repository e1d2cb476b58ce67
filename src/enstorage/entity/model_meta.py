"""`ModelMeta`: a fact about a model."""

import json
import math
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Double, ForeignKey, Index, TableClause, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from enstorage.database.types import Id, JsonValue, LongText, Name, UtcDateTime, to_json_text
from enstorage.entity._record import Record
from enstorage.entity._texts import check_name
from enstorage.entity.columns import facts

#: Number of characters of a fact's text that are stored in `label` for searching.
LABEL_LENGTH = 255


def check_key(key: str) -> str:
    """The key of a fact, as given.

    Raises:
        InvalidInputError: it is not a text of 1 to 255 characters that every database can store.
    """
    check_name(key, "key of a fact")
    return key


class ModelMeta(Record):
    """A key and a value: a setting, an error, a duration, anything. Written and read by `Model.meta`.

    `number` and `label` are derived from `value`; `find` compares them.
    """

    __tablename__ = "model_meta"
    __table_args__ = (
        UniqueConstraint("model_id", "key"),
        # It has all columns that a search uses, so that the search reads the index alone.
        Index(None, "key", "number", "label", "deleted_at", "model_id"),
        Record.__table_args__,
    )

    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), info=facts("The model.", part_of=True))
    key: Mapped[str] = mapped_column(Name, info=facts("Name of the fact; case-sensitive.", canonical=check_key))
    value: Mapped[Any] = mapped_column(JsonValue, nullable=False, info=facts("Any JSON value."))
    number: Mapped[float | None] = mapped_column(
        Double, info=facts("The value if it is a finite number; 1 for true, 0 for false.", listed=False)
    )
    label: Mapped[str | None] = mapped_column(
        Name,
        info=facts("The value if it is a text, else its JSON form; the first 255 characters.", listed=False),
    )

    @validates("value")
    def _follow(self, _key: str, value: Any) -> Any:
        text = to_json_text(value)
        plain = json.loads(text)
        self.number = number_of(plain)
        self.label = label_of(plain, text)
        return value


#: The columns of a written fact, with the types of the bound values: JSON is text already, times have no zone.
FACTS = TableClause(
    "model_meta",
    Column("model_id", Id),
    Column("key", Name),
    Column("value", LongText),
    Column("number", Double),
    Column("label", Name),
    Column("description", LongText),
    Column("tags", LongText),
    Column("created_at", UtcDateTime.impl),
    Column("updated_at", UtcDateTime.impl),
    Column("deleted_at", UtcDateTime.impl),
)
#: The columns that are the same for every fact.
CONSTANTS = (("description", ""), ("tags", "{}"), ("deleted_at", None))
REPLACED = ("value", "number", "label", "updated_at", "deleted_at")


def fact_row(model_id: int, key: str, value: Any, moment: datetime) -> dict[str, Any]:
    """A row of `FACTS`, recorded at a moment in UTC without zone.

    Raises:
        InvalidInputError: the value has no JSON form.
    """
    text = to_json_text(value)
    # JSON changes values of other types: a NumPy scalar becomes a number, a tuple a list.
    plain = value if type(value) in (float, int, str) else json.loads(text)
    return {
        "model_id": model_id,
        "key": key,
        "value": text,
        "number": number_of(plain),
        "label": label_of(plain, text),
        "created_at": moment,
        "updated_at": moment,
    }


def number_of(plain: Any) -> float | None:
    """The number to search a fact by, for a value read from JSON."""
    if not isinstance(plain, bool | int | float):
        return None
    try:
        number = float(plain)
    except OverflowError:  # an integer of more than 308 digits
        return None
    return number if math.isfinite(number) else None


def label_of(plain: Any, text: str) -> str | None:
    """The text to search a fact by, for a value read from the JSON `text`."""
    if plain is None:
        return None
    # Not every database can store the character NUL in a text.
    return (plain if isinstance(plain, str) else text).replace("\x00", "\ufffd")[:LABEL_LENGTH]
