"""`SceneBand`: one band of a scene."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonValue, Name, ObjectHash
from enstorage.entity._record import Record
from enstorage.entity.columns import facts

if TYPE_CHECKING:
    from enstorage.entity.scene import Scene


class SceneBand(Record):
    """A band of a scene: a Cloud-Optimized GeoTIFF under its SHA-256. It is deleted and exported with the scene."""

    __tablename__ = "scene_band"
    __table_args__ = (UniqueConstraint("scene_id", "name"), Record.__table_args__)

    scene_id: Mapped[int] = mapped_column(
        ForeignKey("scene.id"), info=facts("The scene.", immutable=True, part_of=True)
    )
    name: Mapped[str] = mapped_column(
        Name, info=facts("Its name in any catalogue, such as red, nir or scl.", immutable=True)
    )
    sha256: Mapped[str] = mapped_column(
        ObjectHash, index=True, info=facts("Its GeoTIFF, by the hash of the bytes.", listed=False, immutable=True)
    )
    source_sha256: Mapped[str] = mapped_column(
        String(64), info=facts("The hash of the file that it was made from.", listed=False, immutable=True)
    )
    bytes: Mapped[int] = mapped_column(BigInteger, info=facts("Number of bytes of its GeoTIFF.", immutable=True))
    raster: Mapped[dict[str, Any]] = mapped_column(
        JsonValue, info=facts("Size, transform, nodata, scale, offset, range of values.", listed=False, immutable=True)
    )

    @property
    def scene(self) -> "Scene":
        """The scene."""
        from enstorage.entity.scene import Scene

        return Scene.get(self.scene_id, connector=self.connector)
