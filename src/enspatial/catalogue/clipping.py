"""Reading of the part of a remote raster that an area needs, piece by piece, in place of the whole file."""

import io
import math
from typing import Any
from uuid import uuid4

import numpy as np

from enspatial.area import Area
from enspatial.catalogue.requests import CatalogueRequests
from enspatial.raster.reading import check_signature, check_size
from enstorage.errors import EnstorageError, InvalidInputError

_PIECE = 1 << 18
_KEPT = 64


class RemoteFile(io.RawIOBase):
    """A file of a catalogue that is read in pieces of 256 KiB, of which the latest are kept.

    Args:
        requests: of the catalogue.
        url: of the file.
    """

    def __init__(self, requests: CatalogueRequests, url: str) -> None:
        self._requests = requests
        self._url = url
        self._pieces: dict[int, bytes] = {}
        self._at = 0
        #: Errors of requests: GDAL, which reads the file, tells only that it could not. Copies share them.
        self.errors: list[EnstorageError] = []
        first, self.size = requests.piece(url, 0, _PIECE)
        self._pieces[0] = first
        if len(first) == self.size:  # small, or a server that gives no parts
            self._whole: bytes | None = first
        else:
            self._whole = None

    def again(self) -> "RemoteFile":
        """The same file from its beginning, with the same pieces."""
        handle = RemoteFile.__new__(RemoteFile)
        handle.__dict__.update(self.__dict__)
        handle._at = 0
        return handle

    def readable(self) -> bool:
        """See the base."""
        return True

    def seekable(self) -> bool:
        """See the base."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See the base."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        """See the base."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """See the base."""
        end = self.size if size < 0 else min(self.size, self._at + size)
        if self._whole is not None:
            found = self._whole[self._at : end]
        else:
            numbers = range(self._at // _PIECE, -(-end // _PIECE))
            joined = b"".join(self._piece(number) for number in numbers)
            start = self._at - (self._at // _PIECE) * _PIECE
            found = joined[start : start + max(0, end - self._at)]
        self._at += len(found)
        return found

    def _piece(self, number: int) -> bytes:
        if number not in self._pieces:
            while len(self._pieces) >= _KEPT:
                self._pieces.pop(next(iter(self._pieces)))
            try:
                self._pieces[number], _ = self._requests.piece(self._url, number * _PIECE, (number + 1) * _PIECE)
            except EnstorageError as error:
                self.errors.append(error)
                raise
        return self._pieces[number]


def clipped(requests: CatalogueRequests, url: str, area: Area, band: int, name: str) -> bytes:
    """The pixels of one band of a remote raster that meet an area, as a GeoTIFF.

    Args:
        requests: of the catalogue.
        url: of the file.
        area: whose box is cut out, whole pixels.
        band: from 1.
        name: of the file, for messages.

    Raises:
        InvalidInputError: it is no raster, has no CRS, does not meet the area, or has too many pixels there; and the errors
            of requests.
    """
    import rasterio
    from rasterio.errors import RasterioError, WindowError
    from rasterio.warp import transform_bounds
    from rasterio.windows import Window, from_bounds

    remote = RemoteFile(requests, url)
    check_signature(remote.read(12), name)

    def opener(_path: str, mode: str = "r") -> RemoteFile:  # noqa: ARG001 - rasterio gives it
        return remote.again()

    try:
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED="NO"),
            rasterio.open(f"{uuid4().hex}.tif", opener=opener) as dataset,
        ):
            if dataset.crs is None:
                raise InvalidInputError(
                    f"{name} has no coordinate reference system; expected one such as EPSG:32632. Ask the provider.",
                    field="file",
                )
            whole = Window(0, 0, dataset.width, dataset.height)
            edges = [transform_bounds("EPSG:4326", dataset.crs, *part) for part in area.parts]
            west, south, east, north = zip(*edges, strict=True)
            asked = from_bounds(min(west), min(south), max(east), max(north), dataset.transform)
            (top, bottom), (left, right) = asked.toranges()
            rows, columns = (math.floor(top), math.ceil(bottom)), (math.floor(left), math.ceil(right))
            window = Window.from_slices(rows, columns, boundless=True).intersection(whole)
            check_size(dataset, name, (window.height, window.width))
            return _written(dataset.read(band, window=window), dataset, dataset.window_transform(window))
    except WindowError as error:
        raise InvalidInputError(f"{name} does not meet the area {area}. Choose another scene.", field="area") from error
    except RasterioError as error:
        if remote.errors:
            raise remote.errors[0] from error
        raise InvalidInputError(
            f"{name} is damaged: {str(error).splitlines()[0][:120]}. Expected a GeoTIFF or JPEG 2000. Load it again.",
            field="file",
        ) from error


def _written(values: np.ndarray[Any, Any], dataset: Any, transform: Any) -> bytes:
    import rasterio

    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=values.shape[1],
            height=values.shape[0],
            count=1,
            dtype=str(values.dtype),
            crs=dataset.crs,
            transform=transform,
            nodata=dataset.nodata,
        ) as made:
            made.write(values, 1)
        return bytes(memory.read())
