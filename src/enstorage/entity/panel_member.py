"""`PanelMember`: a source in a panel, with its key there."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column, validates

from enstorage.database.types import Name
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.entity.data_source import DataSource
from enstorage.errors import InUseError
from enstorage.sources.key import as_key

if TYPE_CHECKING:
    from enstorage.entity.panel import Panel


class PanelMember(Record):
    """A source of a panel and the key that names it there, such as the number of a store.

    It is a part of the panel: with it, it is deleted and exported. Made by `Panel.add`.
    """

    __tablename__ = "panel_member"
    __table_args__ = (
        UniqueConstraint("panel_id", "key"),
        UniqueConstraint("panel_id", "data_source_id"),
        Record.__table_args__,
    )
    _goes_alone = True

    panel_id: Mapped[int] = mapped_column(
        ForeignKey("panel.id"), info=facts("The panel.", immutable=True, part_of=True)
    )
    key: Mapped[str] = mapped_column(
        Name, info=facts("The name of the source in the panel, case-sensitive, each once.", canonical=as_key)
    )
    data_source_id: Mapped[int] = mapped_column(
        ForeignKey("data_source.id"), index=True, info=facts("The source.", immutable=True, made_from=True)
    )

    @validates("key")
    def _checked_key(self, _key: str, value: object) -> str:
        return as_key(value)

    def _check_detachable(self) -> None:
        users = self._users()
        if users:
            shown = ", ".join(map(str, users[:5])) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
            raise InUseError(
                f"The source with the key {self.key!r} cannot leave {self.panel}: {shown} has data of it. Make a new panel "
                "without it."
            )

    @property
    def panel(self) -> "Panel":
        """The panel."""
        from enstorage.entity.panel import Panel

        return Panel.get(self.panel_id, connector=self.connector)

    @property
    def data_source(self) -> DataSource:
        """The source."""
        return DataSource.get(self.data_source_id, connector=self.connector)

    def _users(self) -> "list[Record]":
        """The researches over the panel whose preparation, or a data set of whose models, is of the source."""
        from enstorage.entity.data_preparation import DataPreparation
        from enstorage.entity.data_set_input import DataSetInput
        from enstorage.entity.data_snapshot import DataSnapshot
        from enstorage.entity.model import Model
        from enstorage.entity.project import Project
        from enstorage.entity.research import Research

        snapshots = select(DataSnapshot.id).where(DataSnapshot.data_source_id == self.data_source_id)
        own = select(DataPreparation.id).where(DataPreparation.data_snapshot_id.in_(snapshots))
        sets = select(DataSetInput.data_set_id).where(DataSetInput.data_preparation_id.in_(own))
        training = select(Model.research_id).where(Model.data_set_id.in_(sets))
        over = select(Project.id).where(Project.panel_id == self.panel_id)
        query = select(Research).where(
            Research.project_id.in_(over), or_(Research.data_preparation_id.in_(own), Research.id.in_(training))
        )
        return [*self._select(query.order_by(Research.id), self.connector)]
