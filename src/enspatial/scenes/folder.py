"""Scenes of a folder: GeoTIFFs with the date and the band in their names, or STAC items beside their files."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from enspatial.bands import SCALE, SENTINEL_2, common_name, is_reflectance
from enspatial.scenes.candidate import BandFile, SceneCandidate
from enspatial.scenes.items import candidate_of_item
from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns

_RASTERS = (".tif", ".tiff", ".jp2")
_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d)(\d\d)(\d\d))?(?!\d)")
_BAND = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(SENTINEL_2)}|BOA|TOA)(?![A-Za-z])(?:[_-]\d+m?)?")
#: Files of sen2r with all bands: the order of its bands.
_STACKS = {
    "BOA": ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B11", "B12"),
    "TOA": ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12"),
}
_LONGEST_JSON = 5_000_000


def scenes_in(folder: str | os.PathLike[str], *, bands: tuple[str, ...] | None = None) -> list[SceneCandidate]:
    """The scenes of a folder and its subfolders, in time order.

    Files with a STAC item (JSON) are described by it. Of others the date is in the name, as in
    `S2A2A_20200109_022_field_NDVI_10.tif`, with the band: `B04`, `SCL`, `NDVI` or another one of Sentinel-2, or `BOA`,
    a file of sen2r with all bands. Files of one name, but for the band and the resolution, are one scene.

    Args:
        folder: a path.
        bands: common names of the bands to take; None for all.

    Raises:
        InvalidInputError: there is no such folder, or it has no scene, or none of the bands.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InvalidInputError(f"{place} is no folder; expected one with GeoTIFFs. Correct the path.", field="data")
    wanted = None if bands is None else {common_name(each) for each in bands}
    found = [*_described(place, wanted), *_named(place, wanted)]
    if not found:
        raise InvalidInputError(
            f"{place} has no scene{'' if wanted is None else ' with ' + ', '.join(sorted(wanted))}; expected GeoTIFFs "
            "with a date "
            "and a band in their names, such as S2A_20200109_B04.tif, or STAC items. Rename the files, or give "
            "another folder.",
            field="data",
        )
    return sorted(found, key=lambda scene: (scene.time, scene.id))


def _described(place: Path, wanted: set[str] | None) -> Iterator[SceneCandidate]:
    """The scenes of the STAC items whose files are beside them."""
    for path in sorted(place.rglob("*.json")):
        if path.stat().st_size > _LONGEST_JSON or path.is_symlink():
            continue
        try:
            item = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(item, dict) and item.get("type") == "Feature" and isinstance(item.get("assets"), dict):
            candidate = candidate_of_item(item, _reader(path.parent), wanted, collection=place.name)
            if candidate.bands:
                yield candidate


def _reader(folder: Path) -> "_Beside":
    return _Beside(folder)


class _Beside:
    """Finds the files of an item by their names in its own folder: addresses in an item lead nowhere else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, href: str) -> "Path | None":
        name = Path(href.partition("?")[0].replace("\\", "/")).name
        path = self._folder / name
        return path if name and path.is_file() and not path.is_symlink() else None


def _named(place: Path, wanted: set[str] | None) -> Iterator[SceneCandidate]:
    """The scenes whose files have date and band in their names."""
    scenes: dict[tuple[str, int], dict[str, BandFile]] = defaultdict(dict)
    for path in sorted(path for path in place.rglob("*") if path.suffix.lower() in _RASTERS and not path.is_symlink()):
        date, band = _DATE.search(path.stem), _BAND.search(path.stem)
        if date is None or band is None:
            continue
        try:
            moment = datetime(*(int(each or 0) for each in date.groups()))  # type: ignore[arg-type] # noqa: DTZ001 - UTC
        except ValueError:
            continue
        key = (_without(path.stem, band), to_ns(moment.isoformat()))
        for name, file in _bands_of(path, band[1]):
            if wanted is None or name in wanted:
                scenes[key][name] = file
    for (name, time), files in scenes.items():
        if files:
            yield SceneCandidate(collection=place.name, id=name, time=time, bands=files)


def _without(stem: str, band: re.Match[str]) -> str:
    return re.sub(r"[_-]{2,}", "_", stem[: band.start()] + stem[band.end() :]).strip("_-.")


def _bands_of(path: Path, token: str) -> Iterator[tuple[str, BandFile]]:
    for number, each in enumerate(_STACKS.get(token, (token,)), 1):
        name = common_name(each)
        is_counted = is_reflectance(name) or name == "ndvi"
        yield name, BandFile(path.read_bytes, path.name, number, scale=SCALE if is_counted else 1.0)
