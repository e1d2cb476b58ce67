"""The alias: a name such as `production` for one version of a registered model; and its history."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, LongText, Name
from enstorage.ledger.base import LedgerRow


class ModelAlias(LedgerRow):
    """The version that an alias stands for now.

    Attributes:
        registered_id: the registered model.
        alias: unique within it: "production", "challenger", "previous", or another one.
        version_id: the version.
    """

    __tablename__ = "model_alias"
    __table_args__ = (UniqueConstraint("registered_id", "alias"), TABLE_OPTIONS)

    registered_id: Mapped[int] = mapped_column(Id, ForeignKey("registered_model.id"))
    alias: Mapped[str] = mapped_column(Name)
    version_id: Mapped[int] = mapped_column(Id, ForeignKey("model_version.id"), index=True)


class AliasChange(LedgerRow):
    """A change of an alias. Changes are added and never altered.

    Attributes:
        registered_id: the registered model.
        alias: the alias.
        from_version_id: the version that it stood for before; None for none.
        to_version_id: the version that it stands for since; None if it was taken away.
        reason: "register", "promote", "rollback" or "set".
        remark: why, in the words of whoever did it.
        changed_by: name of the user.
    """

    __tablename__ = "alias_change"

    registered_id: Mapped[int] = mapped_column(Id, ForeignKey("registered_model.id"), index=True)
    alias: Mapped[str] = mapped_column(Name)
    from_version_id: Mapped[int | None] = mapped_column(Id)
    to_version_id: Mapped[int | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Name)
    remark: Mapped[str] = mapped_column(LongText, default="")
    changed_by: Mapped[str] = mapped_column(Name, default="")
