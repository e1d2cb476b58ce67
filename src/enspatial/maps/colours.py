"""Colours of maps: pictures of values, transparent where there is none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enspatial.raster.preview import png

Floats = NDArray[np.float32] | NDArray[np.float64]

#: Indices of vegetation, which are drawn by one scale, so that maps of several fields can be compared.
_VEGETATION = frozenset({"ndvi", "evi", "evi2"})
#: Blue for water, then from bare soil to dense vegetation, at these values.
_GREEN = ((90, 120, 170), (214, 193, 152), (178, 196, 110), (96, 158, 74), (22, 98, 45))
_GREEN_AT = (-0.2, 0.05, 0.3, 0.55, 0.9)
#: From light to dark.
_PURPLE = ((236, 236, 245), (70, 50, 130))
#: Rare values outside of them do not decide the scale.
_PERCENTILES = (2.0, 98.0)


@dataclass(frozen=True, slots=True)
class ColourScale:
    """Colours from the lowest to the highest value that is drawn.

    Attributes:
        at: values, ascending.
        colours: red, green and blue, 0 to 255, of each; between them they are mixed.
    """

    at: tuple[float, ...]
    colours: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, expression: str, values: Floats) -> "ColourScale":
        """The scale of an expression: that of vegetation for its indices, else one over the given values."""
        if expression in _VEGETATION:
            return cls(_GREEN_AT, _GREEN)
        known = values[np.isfinite(values)]
        low, high = map(float, np.percentile(known, _PERCENTILES)) if known.size else (0.0, 1.0)
        return cls.between(low, high)

    @classmethod
    def between(cls, low: float, high: float) -> "ColourScale":
        """From light to dark between two values."""
        return cls((low, max(high, low + 1e-9)), _PURPLE)

    def picture(self, values: Floats) -> bytes:
        """A PNG with a pixel for each value, shape (rows, columns); NaN is transparent."""
        known = np.isfinite(values)
        shown = np.where(known, values, self.at[0])
        channels = [np.interp(shown, self.at, [each[channel] for each in self.colours]) for channel in range(3)]
        return png(np.round(np.stack([*channels, np.where(known, 255, 0)])).astype(np.uint8))
