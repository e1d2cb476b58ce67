"""Checks of a scene: bytes as announced, one CRS, possible values, coverage of the area."""

from collections.abc import Mapping
from typing import Any

from enspatial.area import Area
from enspatial.bands import CLASSES, is_reflectance
from enspatial.raster.reading import RasterFacts, facts_of, sha256_of
from enspatial.scenes.candidate import BandFile, SceneCandidate
from enstorage.errors import CorruptError, InvalidInputError

#: Values of a band that are possible, scaled; others are taken as not measured.
_REFLECTANCES = (-0.2, 2.0)
_INDEX = (-1.0, 1.0)
_INDICES = ("ndvi", "ndwi")
#: A scene that covers less of the area is flagged.
WHOLE = 0.999


def possible_values(band: str) -> tuple[float, float] | None:
    """The range of possible scaled values of a band; None if it is not known."""
    if band in _INDICES:
        return _INDEX
    return _REFLECTANCES if is_reflectance(band) else None


def checked_band(file: BandFile, band: str, content: bytes) -> RasterFacts:
    """Check the bytes of a band against what was announced of them, and their pixels against what is possible.

    Raises:
        CorruptError: size or hash is not as announced.
        InvalidInputError: the file is damaged, has no CRS, or its values are none of the band.
    """
    if file.bytes is not None and len(content) != file.bytes:
        raise CorruptError(
            f"{file.name} has {len(content):,} bytes; expected {file.bytes:,} by its catalogue. It is truncated or was "
            "replaced. Load it again."
        )
    if file.sha256 is not None and sha256_of(content) != file.sha256:
        raise CorruptError(
            f"{file.name} has the SHA-256 {sha256_of(content)[:12]}…; expected {file.sha256[:12]}… by its catalogue. "
            "Load it again."
        )
    facts = facts_of(content, file.name, band=file.band, nodata=file.nodata, scale=file.scale, offset=file.offset)
    if file.crs is not None and file.crs != facts.crs:
        raise InvalidInputError(
            f"{file.name} has the coordinate reference system {facts.crs}; expected {file.crs} by its catalogue. One "
            "of the two is "
            "wrong: ask the provider.",
            field="file",
        )
    if band == "scl" and facts.maximum is not None and facts.maximum > max(CLASSES):
        raise InvalidInputError(
            f"{file.name} has the class {facts.maximum:g}; expected 0 to {max(CLASSES)} of the scene classification. "
            "Give the "
            "file of the band SCL.",
            field="file",
        )
    return facts


def report_of(bands: Mapping[str, RasterFacts], area: Area | None, scene: SceneCandidate) -> dict[str, Any]:
    """The checks of all bands together, with remarks on what is unusual.

    Raises:
        InvalidInputError: the bands have several CRS, or the scene does not meet the area.
    """
    systems = {facts.crs for facts in bands.values()}
    if len(systems) > 1:
        raise InvalidInputError(
            f"The bands of {scene.id} have the coordinate reference systems {', '.join(sorted(systems))}; expected "
            "one. Load the "
            "bands of one product.",
            field="file",
        )
    remarks: list[str] = []
    for name, facts in bands.items():
        possible = possible_values(name)
        if facts.minimum is None or facts.maximum is None:
            remarks.append(f"{name} has no measured pixel.")
        elif possible:
            low, high = (value * facts.scale + facts.offset for value in (facts.minimum, facts.maximum))
            if low < possible[0] or high > possible[1]:
                remarks.append(
                    f"{name} has values from {low:.4g} to {high:.4g}; those outside {possible[0]:g} to {possible[1]:g} "
                    "are taken "
                    "as not measured."
                )
    found: dict[str, Any] = {"bands": {name: facts.to_json() for name, facts in bands.items()}}
    if area is not None:
        covered = max(area.covered_by(facts.bounds) for facts in bands.values())
        if not covered:
            raise InvalidInputError(
                f"{scene.id} does not meet the area {area}. Expected one that covers some of it. Choose another.",
                field="area",
            )
        found |= {"area": str(area), "covered": covered}
        if covered < WHOLE:
            remarks.append(f"It covers {covered:.0%} of the area {area}.")
    return found | {"remarks": remarks}
