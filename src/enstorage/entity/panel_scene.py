"""`PanelScene`: a scene from which values of a panel were made."""

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.entity._record import Record
from enstorage.entity.columns import facts

if TYPE_CHECKING:
    from enstorage.entity.panel import Panel
    from enstorage.entity.scene import Scene


class PanelScene(Record):
    """The fact that values of a panel were made from a scene. It is deleted and exported with the panel.

    So the lineage of the panel leads to its images, and an image in use is not deleted.
    """

    __tablename__ = "panel_scene"
    __table_args__ = (UniqueConstraint("panel_id", "scene_id"), Record.__table_args__)

    panel_id: Mapped[int] = mapped_column(
        ForeignKey("panel.id"), info=facts("The panel.", immutable=True, part_of=True)
    )
    scene_id: Mapped[int] = mapped_column(
        ForeignKey("scene.id"), index=True, info=facts("The scene.", immutable=True, made_from=True)
    )

    @property
    def panel(self) -> "Panel":
        """The panel."""
        from enstorage.entity.panel import Panel

        return Panel.get(self.panel_id, connector=self.connector)

    @property
    def scene(self) -> "Scene":
        """The scene."""
        from enstorage.entity.scene import Scene

        return Scene.get(self.scene_id, connector=self.connector)
