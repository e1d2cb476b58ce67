"""STAC items as scenes: bands by their common names, with scale and offset as the pixels need them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from enspatial.bands import SCALE, baseline_offset, common_name, is_reflectance
from enspatial.scenes.candidate import BandFile, SceneCandidate
from enstorage.errors import EnstorageError, InvalidInputError
from enstorage.instant import to_ns

#: Gives the file of an address, as something with bytes; None for one that is not wanted or not there.
Place = Callable[[str], Any]
_BASELINES = ("s2:processing_baseline", "processing:version", "sentinel2:processing_baseline")
_PICTURES = frozenset({"overview", "thumbnail", "visual", "tci"})
#: Multihash of SHA-256: its code and length.
_SHA256 = "1220"


def candidate_of_item(
    item: Mapping[str, Any], place: Place, wanted: set[str] | None, *, collection: str | None = None
) -> SceneCandidate:
    """The scene of a STAC item.

    Earth Search has the same offset in the metadata of scenes to which it has been applied already, and says so by
    `earthsearch:boa_offset_applied`; of others, metadata that contradict their baseline are a fault.

    Args:
        item: as JSON.
        place: gives the file of an asset by its address.
        wanted: common names of bands; None for all.
        collection: for items that name none.

    Raises:
        InvalidInputError: the item has no id or no time.
    """
    properties = item.get("properties") or {}
    try:
        name, time = str(item["id"]), to_ns(str(properties.get("datetime") or properties["start_datetime"]))
    except (KeyError, EnstorageError) as error:
        raise InvalidInputError(
            f"An item of the catalogue has no id or no time: {str(item)[:80]}. Ask the provider."
        ) from error
    baseline = next((str(properties[key]) for key in _BASELINES if properties.get(key) is not None), None)
    bands: dict[str, BandFile] = {}
    faults: list[str] = []
    for key, asset in sorted(item["assets"].items()):  # so the finest of `B04_10m` and `B04_20m` comes first
        for number, band in _bands_of(key, asset):
            if band in bands or (wanted is not None and band not in wanted):
                continue
            file = place(_address(asset))
            if file is None:
                break
            try:
                bands[band] = _file(file, key, asset, number, band, properties, baseline)
            except InvalidInputError as error:
                faults.append(str(error))
    clouds = properties.get("eo:cloud_cover")
    return SceneCandidate(
        collection=str(item.get("collection") or collection or "items"),
        id=name,
        time=time,
        bands=bands,
        footprint=item.get("geometry"),
        cloud_share=None if clouds is None else min(1.0, max(0.0, float(clouds) / 100)),
        baseline=baseline,
        fault=faults[0] if faults else None,
    )


def _bands_of(key: str, asset: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The numbers and common names of the bands of an asset; [] for what is no raster, or a picture."""
    kind, address = str(asset.get("type") or "").lower(), str(asset.get("href") or "").lower()
    is_raster = any(word in kind for word in ("tiff", "jp2")) or address.endswith((".tif", ".tiff", ".jp2"))
    is_picture = bool(_PICTURES & {*(asset.get("roles") or ()), key.lower().partition("_")[0]})
    if not is_raster or is_picture or key.lower().endswith("-jp2"):  # Earth Search has each band as JPEG 2000 too
        return []
    described = asset.get("eo:bands") or asset.get("bands") or []
    if len(described) > 1:
        return [(number, common_name(str(each.get("name")))) for number, each in enumerate(described, 1)]
    return [(1, common_name(key))]


def _address(asset: Mapping[str, Any]) -> str:
    """The address of an asset; by https where Copernicus has it beside that of its bucket."""
    href = str(asset.get("href", ""))
    if href.startswith("s3://"):
        href = str(((asset.get("alternate") or {}).get("https") or {}).get("href") or href)
    return href


def _file(
    file: Any,
    key: str,
    asset: Mapping[str, Any],
    number: int,
    band: str,
    properties: Mapping[str, Any],
    baseline: str | None,
) -> BandFile:
    described = dict(enumerate(asset.get("raster:bands") or asset.get("bands") or ())).get(number - 1, {})
    applied = properties.get("earthsearch:boa_offset_applied")

    def told(name: str) -> Any:
        return next(
            (
                each[name]
                for each in (described, _prefixed(described), asset, _prefixed(asset))
                if each.get(name) is not None
            ),
            None,
        )

    scale, offset = told("scale"), told("offset")
    if is_reflectance(band):
        by_baseline = 0.0 if applied else baseline_offset(baseline) * SCALE
        if applied:
            offset = 0.0
        elif baseline is not None and offset is not None and abs(float(offset) - by_baseline) > SCALE:
            raise InvalidInputError(
                f"The band {key} has the offset {offset}; expected {by_baseline:g} by its processing baseline "
                f"{baseline}. The "
                "metadata contradict each other: load the scene from another catalogue."
            )
        scale = SCALE if scale is None else scale
        offset = by_baseline if offset is None else offset
    checksum = str(asset.get("file:checksum") or "")
    code = asset.get("proj:code") or properties.get("proj:code")
    epsg = asset.get("proj:epsg") or properties.get("proj:epsg")
    nodata = told("nodata")
    return BandFile(
        read=file.read_bytes,
        name=file.name if isinstance(file, Path) else f"Asset {key}",
        band=number,
        scale=1.0 if scale is None else float(scale),
        offset=0.0 if offset is None else float(offset),
        nodata=float(nodata) if isinstance(nodata, int | float) else None,
        bytes=asset.get("file:size") if isinstance(asset.get("file:size"), int) else None,
        sha256=checksum.removeprefix(_SHA256) if checksum.startswith(_SHA256) else None,
        address=getattr(file, "href", ""),
        crs=str(code) if code else f"EPSG:{epsg}" if epsg else None,
    )


def _prefixed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("raster:"): value for name, value in values.items() if name.startswith("raster:")}
