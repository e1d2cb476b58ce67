"""The registered model: a name under which versions of models or ensembles are released."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonValue, LongText, Name
from enstorage.ledger.base import LedgerRow


class RegisteredModel(LedgerRow):
    """A name with versions, of which one is in production.

    Attributes:
        name: unique.
        description: free text.
        gates: JSON: what a version has to fulfil before it is promoted, see `enorchestrator.Gates`.
        created_by: name of the user who made it.
    """

    __tablename__ = "registered_model"

    name: Mapped[str] = mapped_column(Name, unique=True)
    description: Mapped[str] = mapped_column(LongText, default="")
    gates: Mapped[Any] = mapped_column(JsonValue)
    created_by: Mapped[str] = mapped_column(Name, default="")
