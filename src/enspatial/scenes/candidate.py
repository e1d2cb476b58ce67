"""`SceneCandidate`: a scene that was found and not yet loaded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Names of ESA: mission, level, time of sensing, baseline, orbit, tile, time of processing.
_ESA = re.compile(r"(S2[A-D])_MSI(L\w\w)_(\d{8}T\d{6})_N\d{4}_(R\d{3})_(T\w{5})_\d{8}T\d{6}(\.SAFE)?")


@dataclass(frozen=True, slots=True, eq=False)
class BandFile:
    """A file with a band, to be read when the scene is stored.

    Attributes:
        read: gives the bytes of the file.
        name: of the file, for messages.
        band: its number in the file, from 1.
        scale: by which the values are to be multiplied.
        offset: that is to be added then.
        nodata: value of pixels that were not measured, where the file does not say it.
        bytes: size of the file, if the catalogue tells it.
        sha256: hash of the file, if the catalogue tells it.
        crs: such as `EPSG:32632`, if the catalogue tells it.
        address: URL of the file; "" for one of this machine.
    """

    read: Callable[[], bytes]
    name: str
    band: int = 1
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    bytes: int | None = None
    sha256: str | None = None
    crs: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SceneCandidate:
    """A scene that was found.

    Attributes:
        collection: of the catalogue, or name of the folder.
        id: in the collection.
        time: moment of acquisition, int64 ns, UTC.
        bands: its files by the common name of the band, such as `red`.
        footprint: GeoJSON; None: the bounds of its pixels.
        cloud_share: 0 to 1; None: by the band `scl`, if there is one.
        baseline: processing baseline; None if it is not known.
        fault: why it cannot be used, if its description says so already.
        cut: area to which its files are cut, as a text; "" for whole files. Another cut is another scene.
    """

    collection: str
    id: str
    time: int
    bands: Mapping[str, BandFile]
    footprint: Mapping[str, Any] | None = None
    cloud_share: float | None = None
    baseline: str | None = None
    fault: str | None = None
    cut: str = ""

    @property
    def item(self) -> str:
        """The id without what changes when the scene is processed again."""
        found = _ESA.fullmatch(self.id)
        bare = f"{found[1]}_MSI{found[2]}_{found[3]}_{found[4]}_{found[5]}" if found else self.id
        return f"{bare} {self.cut}".strip()
