"""Pictures of the demonstration, as addresses with the picture in them."""

import base64

from enspatial.maps.colours import ColourScale, Floats


def ndvi_map(values: Floats) -> str:
    """A map of an index; transparent where nothing was measured."""
    return _address(ColourScale.of("ndvi", values).picture(values))


def width_map(values: Floats, most: float) -> str:
    """A map of the widths of intervals, light to dark."""
    return _address(ColourScale.between(0.0, most).picture(values))


def _address(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
