"""`ModelMeta`: a fact about a model."""

import json
import math
from typing import Any

from sqlalchemy import Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from enstorage.database.types import JsonValue, Name, to_json_text
from enstorage.entity._record import Record, now

#: Characters of a fact's text that are kept beside it to search by.
LABEL_LENGTH = 255


class ModelMeta(Record):
    """A key and a value: a setting, an error, a duration, anything. Written and read by `Model.meta`.

    `number` and `label` follow from `value` and are what `find` compares.
    """

    __tablename__ = "model_meta"
    __table_args__ = (
        UniqueConstraint("model_id", "key"),
        # Holds all that a search asks of a fact, so that it reads the index alone.
        Index(None, "key", "number", "label", "deleted_at", "model_id"),
        Record.__table_args__,
    )
    _part_of = frozenset({"model_id"})

    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"))
    key: Mapped[str] = mapped_column(Name)
    value: Mapped[Any] = mapped_column(JsonValue, nullable=False)
    #: The value if it is a finite number; 1 for true, 0 for false.
    number: Mapped[float | None] = mapped_column(Double)
    #: The value if it is a text, else its JSON form; the first 255 characters. Null for null.
    label: Mapped[str | None] = mapped_column(Name)

    @validates("value")
    def _follow(self, _key: str, value: Any) -> Any:
        text = to_json_text(value)
        plain = json.loads(text)
        self.number = number_of(plain)
        self.label = label_of(plain, text)
        return value


def fact_columns(model_id: int, key: str, value: Any) -> dict[str, Any]:
    """The columns of a row that holds a fact.

    Raises:
        InvalidInputError: the value has no JSON form.
    """
    text = to_json_text(value)
    plain = json.loads(text)  # NumPy scalars have become numbers
    moment = now()
    return {
        "model_id": model_id,
        "key": key,
        "value": plain,
        "number": number_of(plain),
        "label": label_of(plain, text),
        "description": "",
        "tags": {},
        "created_at": moment,
        "updated_at": moment,
        "deleted_at": None,
    }


def number_of(plain: Any) -> float | None:
    """The number by which a fact is found, for a value that came from JSON."""
    if not isinstance(plain, bool | int | float):
        return None
    try:
        number = float(plain)
    except OverflowError:  # an integer of more than 308 digits
        return None
    return number if math.isfinite(number) else None


def label_of(plain: Any, text: str) -> str | None:
    """The text by which a fact is found, for a value that came from the JSON `text`."""
    if plain is None:
        return None
    # Not every database keeps the character NUL in a text.
    return (plain if isinstance(plain, str) else text).replace("\x00", "\ufffd")[:LABEL_LENGTH]
