"""Composites: one value for each bucket of a calendar and pixel."""

from typing import TYPE_CHECKING

import numpy as np

from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import xarray as xr

_WAYS = ("median", "mean", "max", "min", "first", "last", "count")


def composite(cube: "xr.Dataset", interval: str, method: str = "median", *, anchor: str | None = None) -> "xr.Dataset":
    """The measured values of each bucket as one; NaN where a bucket has none for a pixel.

    Args:
        cube: as `open_cube` gives it.
        interval: of a calendar, such as `1mo` or `10d`.
        method: `median`, `mean`, `max`, `min`, `first`, `last`, or `count`: the number of measured values.
        anchor: local start of one of the buckets.

    Raises:
        InvalidInputError: there is no such interval or method.
    """
    if method not in _WAYS:
        raise InvalidInputError(
            f"There is no composite {method!r:.40}; expected one of {', '.join(_WAYS)}. Choose one.", field="method"
        )
    calendar = Calendar.parse(interval, anchor=anchor)
    times = cube["time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    starts = calendar.floor(times)
    grouped = cube.assign_coords(bucket=("time", starts.astype("datetime64[ns]"))).groupby("bucket")
    made: xr.Dataset = (
        getattr(grouped, method)("time") if method == "count" else getattr(grouped, method)("time", skipna=True)
    )
    return made.rename(bucket="time").transpose("time", "y", "x").assign_attrs(cube.attrs)
