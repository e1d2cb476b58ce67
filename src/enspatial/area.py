"""`Area`: a part of the Earth in degrees, checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from enstorage.errors import InvalidInputError

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """A box of longitudes and latitudes, WGS 84.

    A box whose west is east of its east crosses the antimeridian: it is one area of two `parts`.

    Attributes:
        west: -180 to 180, degrees.
        south: -90 to 90.
        east: -180 to 180.
        north: -90 to 90, above south.

    Raises:
        InvalidInputError: a number is none or out of range, or the box is empty.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        for name, most in (("west", 180), ("east", 180), ("south", 90), ("north", 90)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InvalidInputError(
                    f"The {name} of the area is {value!r}; expected degrees. Give west, south, east, north.",
                    field="area",
                )
            if abs(value) > most:
                raise InvalidInputError(
                    f"The {name} of the area is {value:g}; expected {-most} to {most} degrees. Give west, south, east, "
                    "north in WGS 84.",
                    field="area",
                )
        if self.south >= self.north or self.west == self.east:
            raise InvalidInputError(
                f"The area {self} is empty; expected south below north and west other than east. Correct it; an area "
                "that "
                "crosses the antimeridian has its west east of its east, such as 179 to -179.",
                field="area",
            )

    @classmethod
    def read(cls, value: "Area | Sequence[float] | str | Mapping[str, Any]") -> Self:
        """An area from four numbers, a text of four numbers, or a GeoJSON geometry, of which it is the box.

        Raises:
            InvalidInputError: it cannot be read.
        """
        if isinstance(value, Area):
            return cls(value.west, value.south, value.east, value.north)
        if isinstance(value, Mapping):
            return cls(*bounds_of(value))
        if isinstance(value, str):
            value = value.replace(",", " ").split()  # type: ignore[assignment] # numbers after the next line
        try:
            numbers = [float(each) for each in value]
        except (TypeError, ValueError):
            numbers = []
        if len(numbers) != 4:
            raise InvalidInputError(
                f"The area {value!r:.80} cannot be read; expected four numbers. Give west, south, east, north in "
                "degrees.",
                field="area",
            )
        return cls(*numbers)

    @property
    def crosses_antimeridian(self) -> bool:
        """True if it lies on both sides of 180 degrees."""
        return self.west > self.east

    @property
    def parts(self) -> tuple[Bounds, ...]:
        """One box, or two for an area that crosses the antimeridian; west is below east in each."""
        if not self.crosses_antimeridian:
            return ((self.west, self.south, self.east, self.north),)
        return ((self.west, self.south, 180.0, self.north), (-180.0, self.south, self.east, self.north))

    def covered_by(self, bounds: Bounds) -> float:
        """The share of the area, by degrees, that lies in a box; 0 to 1."""
        west, south, east, north = bounds
        inside = total = 0.0
        for left, lower, right, upper in self.parts:
            total += (right - left) * (upper - lower)
            inside += max(0.0, min(right, east) - max(left, west)) * max(0.0, min(upper, north) - max(lower, south))
        return inside / total

    def __str__(self) -> str:
        return f"{self.west:g} {self.south:g} {self.east:g} {self.north:g}"


def bounds_of(geometry: Mapping[str, Any]) -> Bounds:
    """The box of a GeoJSON geometry, feature or collection of features.

    Raises:
        InvalidInputError: it has no coordinates.
    """
    points: list[tuple[float, float]] = []

    def collect(value: Any, depth: int = 0) -> None:
        if depth > 8 or not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise ValueError
        if isinstance(value[0], int | float):
            points.append((float(value[0]), float(value[1])))
            return
        for each in value:
            collect(each, depth + 1)

    try:
        for each in [one.get("geometry", one) for one in geometry.get("features", [geometry])]:
            collect(each["coordinates"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        points = []
    if not points or not all(math.isfinite(number) for point in points for number in point):
        raise InvalidInputError(
            f"The geometry {str(dict(geometry))[:80]} cannot be read; expected GeoJSON with coordinates. Correct it.",
            field="area",
        )
    longitudes, latitudes = zip(*points, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)
