"""Storing of scenes: the same scene twice is one copy, a scene that was processed again is a new version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from enspatial.area import Area, Bounds, bounds_of
from enspatial.raster.cog import to_cog
from enspatial.raster.reading import RasterFacts, opened, sha256_of
from enspatial.scenes.candidate import SceneCandidate
from enspatial.scenes.checks import checked_band, report_of
from enstorage import Connector, Progress, Scene, SceneBand, save_all
from enstorage.connector import bound_to
from enstorage.errors import CorruptError, EnstorageError, InvalidInputError, StoreError
from enstorage.progress import listening

#: Classes of the scene classification that are clouds.
_CLOUDS = (8, 9, 10)


@dataclass(frozen=True, slots=True)
class Kept:
    """A scene in the store.

    Attributes:
        scene: the record.
        is_new: false if the same scene was there already.
    """

    scene: Scene
    is_new: bool


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The result of `keep_scenes`.

    Attributes:
        kept: scenes that were stored now.
        known: scenes that were there already.
        quarantined: scenes that cannot be used; `quarantine` says why.
        remarks: sentences on what is unusual.
    """

    kept: tuple[Scene, ...]
    known: tuple[Scene, ...]
    quarantined: tuple[Scene, ...]
    remarks: tuple[str, ...]

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """All scenes that can be used, in time order."""
        return tuple(sorted((*self.kept, *self.known), key=lambda scene: (scene.time, scene.id)))


@dataclass(frozen=True, slots=True)
class _Band:
    name: str
    content: bytes
    source_sha256: str
    facts: RasterFacts


def keep_scene(candidate: SceneCandidate, *, area: Area | None = None, connector: Connector | None = None) -> Kept:
    """Load, check and store a scene with its bands as Cloud-Optimized GeoTIFF.

    Args:
        candidate: found in a folder or a catalogue.
        area: that the scene is to cover; how much of it is in `scene.checks`.
        connector: the store; the current one by default.

    Raises:
        CorruptError: a file is not as its catalogue announces it.
        InvalidInputError: a file cannot be used, or the scene does not meet the area; nothing was stored.
    """
    with bound_to(connector) as store:
        if candidate.fault is not None:
            raise InvalidInputError(f"{candidate.id}: {candidate.fault}")
        if not candidate.bands:
            raise InvalidInputError(
                f"{candidate.id} has no band that can be read. Expected at least one of those asked for, as a GeoTIFF or "
                "JPEG 2000 of its own at an address with https: no archive, and not in S3. Choose another scene."
            )
        contents = {name: file.read() for name, file in candidate.bands.items()}
        hashes = {name: sha256_of(content) for name, content in contents.items()}
        known = _same(_versions(candidate, store), hashes)
        if known is not None and hashes.keys() <= known.bands().keys():
            return Kept(known, is_new=False)
        bands = []
        for name, file in candidate.bands.items():
            try:
                facts = checked_band(file, name, contents[name])
            except CorruptError:  # perhaps it came in part: once more
                contents[name] = file.read()
                facts = checked_band(file, name, contents[name])
                hashes[name] = sha256_of(contents[name])
            bands.append(_Band(name, to_cog(contents[name], file.name, facts, band=file.band), hashes[name], facts))
        checks = report_of({band.name: band.facts for band in bands}, area, candidate)
        return _stored(candidate, bands, checks, store)


def keep_scenes(
    candidates: Iterable[SceneCandidate],
    *,
    area: Area | None = None,
    connector: Connector | None = None,
    progress: bool | Progress = True,
) -> LoadReport:
    """Store many scenes; one that cannot be used goes into quarantine and does not stop the others.

    Args:
        candidates: found in a folder or a catalogue.
        area: see `keep_scene`.
        connector: the store; the current one by default.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; the scenes that were finished are stored.
        StoreError: a catalogue cannot be reached; the scenes that were finished are stored.
    """
    found = list(candidates)
    kept: list[Scene] = []
    known: list[Scene] = []
    quarantined: list[Scene] = []
    remarks: list[str] = []
    with bound_to(connector) as store, listening(progress) as report:
        for done, candidate in enumerate(found):
            report("Loading scenes", done, len(found))
            try:
                one = keep_scene(candidate, area=area, connector=store)
            except StoreError:
                raise
            except (InvalidInputError, CorruptError) as error:
                quarantined.append(put_into_quarantine(candidate, error, store))
                remarks.append(str(error))
                continue
            (kept if one.is_new else known).append(one.scene)
            remarks += [f"{one.scene.name}: {each}" for each in one.scene.checks["remarks"]]
        report("Loading scenes", len(found), len(found))
    return LoadReport(tuple(kept), tuple(known), tuple(quarantined), tuple(remarks))


def put_into_quarantine(candidate: SceneCandidate, error: EnstorageError, store: Connector) -> Scene:
    """Store that a scene was found and cannot be used, with the reason; the same reason again is one record."""
    with store.transaction():
        versions = _versions(candidate, store, quarantined=True)
        same = [each for each in versions if each.quarantine == str(error)]
        return (
            same[-1] if same else _scene(candidate, {"remarks": []}, len(versions), store, quarantine=str(error)).save()
        )


def _stored(candidate: SceneCandidate, bands: list[_Band], checks: dict[str, Any], store: Connector) -> Kept:
    hashes = store.put([band.content for band in bands])
    with store.transaction():
        versions = _versions(candidate, store, quarantined=True)
        scene = _same(_versions(candidate, store), {band.name: band.source_sha256 for band in bands})
        is_new = scene is None
        if scene is None:
            scene = _scene(candidate, checks, len(versions), store, bands=bands).save()
        there = scene.bands()
        fresh = [(band, sha256) for band, sha256 in zip(bands, hashes, strict=True) if band.name not in there]
        for band, sha256 in fresh:
            store.keep_again(sha256, band.content)
        save_all(
            SceneBand(
                connector=store,
                scene_id=scene.id,
                name=band.name,
                sha256=sha256,
                source_sha256=band.source_sha256,
                bytes=len(band.content),
                raster=band.facts.to_json(),
            )
            for band, sha256 in fresh
        )
    return Kept(scene, is_new)


def _versions(candidate: SceneCandidate, store: Connector, *, quarantined: bool = False) -> list[Scene]:
    from sqlalchemy import select

    query = select(Scene).where(Scene.collection == candidate.collection, Scene.item == candidate.item)
    if not quarantined:
        query = query.where(Scene.quarantine.is_(None), Scene.deleted_at.is_(None))
    return Scene._select(query.order_by(Scene.version), store)


def _same(versions: list[Scene], hashes: Mapping[str, str]) -> Scene | None:
    """The version of which all bands that both have are the same, if they have one in common."""
    for scene in reversed(versions):
        there = {name: band.source_sha256 for name, band in scene.bands().items()}
        common = there.keys() & hashes.keys()
        if common and all(there[name] == hashes[name] for name in common):
            return scene
    return None


def _scene(
    candidate: SceneCandidate,
    checks: dict[str, Any],
    before: int,
    store: Connector,
    *,
    bands: list[_Band] = [],  # noqa: B006 - it is only read
    quarantine: str | None = None,
) -> Scene:
    share = candidate.cloud_share
    if share is None:
        share = next((_clouds(band.content) for band in bands if band.name == "scl"), None)
    properties = {
        "footprint": None if candidate.footprint is None else dict(candidate.footprint),
        "cloud_share": share,
        "baseline": candidate.baseline,
        "crs": bands[0].facts.crs if bands else None,
    }
    return Scene(
        name=candidate.id,
        collection=candidate.collection,
        item=candidate.item,
        version=before + 1,
        time=candidate.time,
        bounds=_bounds(candidate, bands),
        properties=properties,
        checks=checks,
        quarantine=quarantine,
        connector=store,
    )


def _bounds(candidate: SceneCandidate, bands: list[_Band]) -> Bounds:
    each = [band.facts.bounds for band in bands]
    if not each and candidate.footprint is not None:
        each = [bounds_of(candidate.footprint)]
    if not each:
        return (-180.0, -90.0, 180.0, 90.0)
    west, south, east, north = zip(*each, strict=True)
    return min(west), min(south), max(east), max(north)


def _clouds(content: bytes) -> float | None:
    with opened(content, "SCL") as dataset:
        classes = dataset.read(1)
    known = classes > 0
    return float(np.isin(classes[known], _CLOUDS).mean()) if known.any() else None
