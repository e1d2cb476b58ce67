"""`ModelMeta`: a fact about a model."""

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonValue, Name
from enstorage.entity._record import Record


class ModelMeta(Record):
    """A key and a value: a setting, an error, a duration, anything. Written and read by `Model.meta`."""

    __tablename__ = "model_meta"
    __table_args__ = (UniqueConstraint("model_id", "key"), Record.__table_args__)
    _part_of = frozenset({"model_id"})

    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"))
    key: Mapped[str] = mapped_column(Name)
    value: Mapped[Any] = mapped_column(JsonValue, nullable=False)
