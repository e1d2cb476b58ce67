"""Pictures of the demonstration: maps of values, and the mean of the field with its forecast."""

import base64

import numpy as np
from numpy.typing import NDArray

from enspatial.raster.preview import png

Floats = NDArray[np.float32] | NDArray[np.float64]

#: From bare soil to dense vegetation; blue for water. Places on the scale are -0.2 to 0.9.
_COLOURS = np.array([[90, 120, 170], [214, 193, 152], [178, 196, 110], [96, 158, 74], [22, 98, 45]], dtype=float)
_PLACES = np.array([-0.2, 0.05, 0.3, 0.55, 0.9])


def ndvi_map(values: Floats) -> str:
    """A map of an index, as an address with the picture in it; transparent where nothing was measured."""
    known = np.isfinite(values)
    channels = [np.interp(np.where(known, values, 0), _PLACES, _COLOURS[:, channel]) for channel in range(3)]
    layers = np.stack([*channels, np.where(known, 255, 0)])
    return _address(layers)


def width_map(values: Floats, most: float) -> str:
    """A map of the widths of intervals, light to dark, as an address with the picture in it."""
    known = np.isfinite(values)
    share = np.clip(np.where(known, values, 0) / max(most, 1e-9), 0, 1)
    light, dark = np.array([236, 236, 245.0]), np.array([70, 50, 130.0])
    layers = np.stack([*(light[:, None, None] + (dark - light)[:, None, None] * share), np.where(known, 255, 0)])
    return _address(layers)


def _address(layers: NDArray[np.float64]) -> str:
    picture = png(np.round(layers).astype(np.uint8))
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
