"""`RasterFacts`: a file of a raster by its own words and by its pixels."""

import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enspatial.area import Bounds
from enstorage.errors import InvalidInputError, MissingLibraryError
from enstorage.settings import limit

#: Formats that are read; others, of which some run code or read other files, are not.
DRIVERS = ("GTiff", "COG", "JP2OpenJPEG")
_SIGNATURES = {b"II*\x00": "GTiff", b"MM\x00*": "GTiff", b"II+\x00": "GTiff", b"MM\x00+": "GTiff"}
#: Of a file in memory, which differs each time.
_PATH = re.compile(r"['\"]?(/vsimem/)?[0-9a-f]{8}-[0-9a-f-]{27}[^\s:,'\"]*['\"]?")
_REAL = re.compile(r"(u?int|float)\d+")
_JP2 = b"\x00\x00\x00\x0cjP  "
_LARGEST_VALUE = 16  # bytes, of kinds that NumPy does not know


@dataclass(frozen=True, slots=True)
class RasterFacts:
    """The facts that are known of one band.

    Attributes:
        shape: rows and columns.
        crs: such as `EPSG:32632`.
        transform: of pixels to coordinates: the six numbers of an affine transform.
        bounds: west, south, east and north in degrees.
        kind: type of the values, such as `uint16`.
        nodata: value of pixels that were not measured; None for none.
        scale: by which values are multiplied.
        offset: that is added then.
        minimum: of measured pixels; None if there is none.
        maximum: the same.
        measured: share of pixels with a value.
    """

    shape: tuple[int, int]
    crs: str
    transform: tuple[float, float, float, float, float, float]
    bounds: Bounds
    kind: str
    nodata: float | None
    scale: float
    offset: float
    minimum: float | None
    maximum: float | None
    measured: float

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON, for a record."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def resolution(self) -> float:
        """Width of a pixel, in units of its coordinates."""
        return abs(self.transform[0])


def sha256_of(content: bytes) -> str:
    """The hash of a file."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def opened(content: bytes, name: str) -> Iterator[Any]:
    """The dataset of rasterio in some bytes.

    Raises:
        InvalidInputError: they are no GeoTIFF and no JPEG 2000, are damaged, or have too many pixels.
        MissingLibraryError: rasterio is not installed.
    """
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
    except ImportError as error:
        raise MissingLibraryError(
            f"Rasters need the library {error.name!r}, which is not installed. "
            'Install it with: pip install "enstorage[spatial]"'
        ) from error
    check_signature(content, name)
    try:
        with (
            warnings.catch_warnings(),
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED="NO"),
            rasterio.MemoryFile(content) as memory,
        ):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with memory.open(driver=list(DRIVERS)) as dataset:
                check_size(dataset, name, dataset.shape)
                yield dataset
    except RasterioError as error:
        fact = _PATH.sub("the file", str(error).splitlines()[0])[:120]
        raise InvalidInputError(
            f"{name} is damaged: {fact}. Expected a whole GeoTIFF or JPEG 2000. Load it again.", field="file"
        ) from error


def check_size(dataset: Any, name: str, shape: tuple[float, float]) -> None:
    """Refuse pixels that take more memory than allowed, before they are read: a small file may unpack to any number.

    Args:
        dataset: of rasterio.
        name: of the file, for messages.
        shape: rows and columns that are to be read of a band. A whole block is always read.

    Raises:
        InvalidInputError: they take more than the setting `max_raster_bytes`.
    """
    item = max(_bytes_of(kind) for kind in dataset.dtypes)
    together = dataset.count if str(getattr(dataset.interleaving, "value", "")).upper() == "PIXEL" else 1
    block = max(rows * columns for rows, columns in dataset.block_shapes) * together
    needed, most = int(max(shape[0] * shape[1], block) * item), limit("max_raster_bytes")
    if needed > most:
        raise InvalidInputError(
            f"{name} has {dataset.width} × {dataset.height} pixels, of which {needed:,} bytes would be read; expected at "
            f"most {most:,}. Cut it, or allow more by the setting ENSTORAGE_MAX_RASTER_BYTES.",
            field="file",
        )


def _bytes_of(kind: str) -> int:
    try:
        return np.dtype(kind).itemsize
    except TypeError:
        return _LARGEST_VALUE


def check_signature(content: bytes, name: str) -> None:
    """Refuse bytes that do not begin as a GeoTIFF or a JPEG 2000 does.

    Raises:
        InvalidInputError: they do not.
    """
    if content[:4] not in _SIGNATURES and not content.startswith(_JP2):
        raise InvalidInputError(
            f"{name} is no raster that can be read: it begins with {content[:8]!r}; expected a GeoTIFF or a JPEG 2000. "
            "Give "
            "another file.",
            field="file",
        )


def facts_of(
    content: bytes, name: str, *, band: int = 1, nodata: float | None = None, scale: float = 1.0, offset: float = 0.0
) -> RasterFacts:
    """Read all pixels of a band of a file, and tell what they are.

    Args:
        content: the bytes of the file.
        name: of the file, for messages.
        band: from 1.
        nodata: value of pixels that were not measured, where the file does not say it.
        scale: see `RasterFacts`.
        offset: see `RasterFacts`.

    Raises:
        InvalidInputError: the file is damaged, has no such band, no CRS or no transform, or its pixels take too much memory.
    """
    with opened(content, name) as dataset:
        if not 1 <= band <= dataset.count:
            raise InvalidInputError(
                f"{name} has no band {band}; it has {dataset.count}. Give one from 1 to {dataset.count}.", field="band"
            )
        if dataset.crs is None:
            raise InvalidInputError(
                f"{name} has no coordinate reference system; expected one such as EPSG:32632. Assign it, for example "
                "with "
                "gdal_edit -a_srs, and load the file again.",
                field="file",
            )
        if dataset.transform.is_identity or not dataset.transform.a or not dataset.transform.e:
            raise InvalidInputError(
                f"{name} has no transform of pixels to coordinates; expected a georeferenced raster. Give another "
                "file.",
                field="file",
            )
        if not _REAL.fullmatch(dataset.dtypes[band - 1]):
            raise InvalidInputError(
                f"{name} has values of the kind {dataset.dtypes[band - 1]}; expected real numbers. Give another file.",
                field="file",
            )
        values = dataset.read(band)
        missing = dataset.nodata if dataset.nodata is not None else nodata
        known = measured_pixels(values, missing)
        return RasterFacts(
            shape=(dataset.height, dataset.width),
            crs=crs_name(dataset.crs),
            transform=tuple(dataset.transform)[:6],
            bounds=_degrees(dataset),
            kind=str(values.dtype),
            nodata=None if missing is None else float(missing),
            scale=scale,
            offset=offset,
            minimum=float(np.min(values, where=known, initial=np.max(values))) if known.any() else None,
            maximum=float(np.max(values, where=known, initial=np.min(values))) if known.any() else None,
            measured=float(known.mean()),
        )


def measured_pixels(values: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """True where a pixel has a value."""
    known = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, dtype=bool)
    return known if nodata is None or np.isnan(nodata) else known & (values != nodata)


def crs_name(crs: Any) -> str:
    """The name of a CRS of rasterio: its authority and code if it has them, else its text."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())[:255]


def _degrees(dataset: Any) -> Bounds:
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    try:
        west, south, east, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    except RasterioError as error:
        raise InvalidInputError(
            f"The coordinates {tuple(dataset.bounds)} are none of {crs_name(dataset.crs)}: {error}. Correct the CRS of "
            "the file."
        ) from error
    if west > east:  # a raster on the antimeridian
        west, east = -180.0, 180.0
    return max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0)
