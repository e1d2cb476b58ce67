"""`Scene`: one satellite image, or another raster of one moment, in one version."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Double, Integer
from sqlalchemy.orm import Mapped, mapped_column, validates

from enstorage.database.types import JsonText, JsonValue, LongText, Name
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity.panel_scene import PanelScene
    from enstorage.entity.scene_band import SceneBand

#: Degrees of longitude and latitude.
_WHOLE_EARTH = (-180.0, -90.0, 180.0, 90.0)


class Scene(Record):
    """A raster of one moment with its bands, in one version; made by the package `enspatial`, which checks it.

    The same scene processed again is another record with the next version. Its pixels are the objects of its bands.

    Args:
        name: display name.
        collection: the collection of the catalogue that it is from, or the name of a folder.
        item: its id in the collection.
        version: 1 for the first, 2 for the first that was processed again, …
        time: moment of acquisition, int64 ns, UTC.
        bounds: west, south, east, north in degrees.
        properties: `footprint` (GeoJSON), `cloud_share` (0 to 1), `baseline` (of its processing), `crs`; each may be None.
        checks: what was checked, with what was found.
        quarantine: why it is not used; None for a scene that is.
        connector: the store to live in; the current one by default.
    """

    __tablename__ = "scene"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    collection: Mapped[str] = mapped_column(Name, info=facts("Its collection or folder.", immutable=True))
    item: Mapped[str] = mapped_column(
        Name, index=True, info=facts("Its id in the collection.", listed=False, immutable=True)
    )
    version: Mapped[int] = mapped_column(Integer, info=facts("Counted anew for each item.", immutable=True))
    time: Mapped[int] = mapped_column(
        BigInteger, index=True, info=facts("Moment of acquisition.", immutable=True, is_time=True)
    )
    west: Mapped[float] = mapped_column(Double, info=facts("Western bound, degrees.", listed=False, immutable=True))
    south: Mapped[float] = mapped_column(Double, info=facts("Southern bound, degrees.", listed=False, immutable=True))
    east: Mapped[float] = mapped_column(Double, info=facts("Eastern bound, degrees.", listed=False, immutable=True))
    north: Mapped[float] = mapped_column(Double, info=facts("Northern bound, degrees.", listed=False, immutable=True))
    footprint: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("Outline as GeoJSON, if it is not the bounds.", listed=False, immutable=True)
    )
    cloud_share: Mapped[float | None] = mapped_column(
        Double, info=facts("Share of clouds, 0 to 1, if it is known.", immutable=True)
    )
    baseline: Mapped[str | None] = mapped_column(
        Name, info=facts("Processing baseline, such as 05.09.", immutable=True)
    )
    crs: Mapped[str | None] = mapped_column(
        Name, info=facts("Coordinate reference system, such as EPSG:32632.", immutable=True)
    )
    checks: Mapped[dict[str, Any]] = mapped_column(
        JsonValue, info=facts("What was checked, with what was found.", listed=False, immutable=True)
    )
    quarantine: Mapped[str | None] = mapped_column(
        LongText, info=facts("Why the scene is not used; empty for one that is.", immutable=True)
    )

    def __init__(
        self,
        *,
        name: str,
        collection: str,
        item: str,
        version: int,
        time: int,
        bounds: tuple[float, float, float, float] = _WHOLE_EARTH,
        properties: Mapping[str, Any] | None = None,
        checks: Mapping[str, Any] | None = None,
        quarantine: str | None = None,
        connector: "Connector | None" = None,
    ) -> None:
        west, south, east, north = bounds
        known = dict(properties or {})
        super().__init__(
            connector=connector,
            name=name,
            collection=collection,
            item=item,
            version=version,
            time=time,
            west=west,
            south=south,
            east=east,
            north=north,
            footprint=known.get("footprint"),
            cloud_share=known.get("cloud_share"),
            baseline=known.get("baseline"),
            crs=known.get("crs"),
            checks=dict(checks or {}),
            quarantine=quarantine,
        )

    @validates("cloud_share")
    def _checked_share(self, _key: str, value: float | None) -> float | None:
        if value is not None and not 0 <= value <= 1:
            raise InvalidInputError(f"The cloud share is {value}; expected 0 to 1. Divide percent by 100.")
        return value

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees."""
        return self.west, self.south, self.east, self.north

    def bands(self) -> "dict[str, SceneBand]":
        """Its bands by their names, in the order in which they were stored."""
        from enstorage.entity.scene_band import SceneBand

        return {band.name: band for band in self._children(SceneBand.scene_id)}

    def uses(self) -> "list[PanelScene]":
        """The panels whose values were made from the scene."""
        from enstorage.entity.panel_scene import PanelScene

        return self._children(PanelScene.scene_id)
