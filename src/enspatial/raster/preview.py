"""A small picture of a raster, PNG."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enspatial.raster.reading import measured_pixels, opened

#: Width and height at most.
PIXELS = 512
_SHARES = (2.0, 98.0)


def preview(contents: Sequence[bytes], name: str, *, pixels: int = PIXELS) -> bytes:
    """A picture of one band in grey, or of three as red, green and blue; pixels without a value are transparent.

    Brightness goes from the 2nd to the 98th percentile of each band.

    Args:
        contents: the files of one band or of three.
        name: of the scene, for messages.
        pixels: width and height at most.

    Raises:
        InvalidInputError: a file is damaged.
    """
    bands, known = [], []
    for content in contents:
        values, measured = _small(content, name, pixels)
        bands.append(_bright(values, measured))
        known.append(measured)
    layers = bands * 3 if len(bands) == 1 else bands
    return png(np.stack([*layers, 255 * np.all(known, axis=0).astype(np.uint8)]))


def png(layers: NDArray[np.uint8]) -> bytes:
    """A PNG of layers of bytes, shape (1 to 4, rows, columns)."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    count, height, width = layers.shape
    with warnings.catch_warnings(), rasterio.MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver="PNG", width=width, height=height, count=count, dtype="uint8") as dataset:
            dataset.write(layers)
        return bytes(memory.read())


def _small(content: bytes, name: str, pixels: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    with opened(content, name) as dataset:
        shrink = max(1.0, max(dataset.shape) / pixels)
        shape = tuple(max(1, round(size / shrink)) for size in dataset.shape)
        values = dataset.read(1, out_shape=shape)
        return values.astype(np.float64), measured_pixels(values, dataset.nodata)


def _bright(values: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    if not known.any():
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = np.percentile(values[known], _SHARES)
    share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    return np.round(255 * np.where(known, share, 0)).astype(np.uint8)
