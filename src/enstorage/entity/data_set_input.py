"""`DataSetInput`: one of several preparations from which a data set was made."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.entity.data_preparation import DataPreparation
from enstorage.errors import InUseError

if TYPE_CHECKING:
    from enstorage.entity.data_set import DataSet


class DataSetInput(Record):
    """A preparation of a data set with several, and its position; a set of one preparation has no such record.

    It is a part of the data set: with it, it is deleted and exported.
    """

    __tablename__ = "data_set_input"
    __table_args__ = (UniqueConstraint("data_set_id", "data_preparation_id"), Record.__table_args__)

    data_set_id: Mapped[int] = mapped_column(
        ForeignKey("data_set.id"), info=facts("The data set.", immutable=True, part_of=True)
    )
    data_preparation_id: Mapped[int] = mapped_column(
        ForeignKey("data_preparation.id"),
        index=True,
        info=facts("The preparation.", immutable=True, made_from=True),
    )
    position: Mapped[int] = mapped_column(
        info=facts("Position of the preparation among those of the set, from 0.", immutable=True)
    )

    def _check_detachable(self) -> None:
        raise InUseError(
            f"{self.data_set} was made from {self.data_preparation} and others, and is immutable. Make a new data set "
            "without it."
        )

    @property
    def data_set(self) -> "DataSet":
        """The data set."""
        from enstorage.entity.data_set import DataSet

        return DataSet.get(self.data_set_id, connector=self.connector)

    @property
    def data_preparation(self) -> DataPreparation:
        """The preparation."""
        return DataPreparation.get(self.data_preparation_id, connector=self.connector)
