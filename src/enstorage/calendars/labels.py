"""`label_of` and `labels_of`: a time as people write it, ISO 8601 with the offset of its zone."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.zone import to_local
from enstorage.instant import SECOND, to_iso

if TYPE_CHECKING:
    import polars as pl

UTC = "UTC"


def label_of(time: int, time_zone: str = UTC, *, is_counter: bool = False) -> str:
    """One time as text: `2024-03-31T00:00:00+01:00`; in UTC `2024-03-31T00:00:00Z`; on an integer axis `2024`.

    Args:
        time: nanoseconds since 1970 UTC, or the integer of an integer axis.
        time_zone: IANA name of the zone on whose clock it is shown.
        is_counter: true for an integer axis.
    """
    if is_counter:
        return str(time)
    if time_zone == UTC:
        return to_iso(time)
    local = int(_local(np.array([time], dtype=np.int64), time_zone)[0])
    return to_iso(local).removesuffix("Z") + _offset(local - time)


def labels_of(times: NDArray[np.int64], time_zone: str = UTC) -> "pl.Series":
    """Many times as text, each as `label_of` gives it; `enstorage.instant` reads them back to the same nanosecond.

    Args:
        times: nanoseconds since 1970 UTC, shape (n,).
        time_zone: IANA name of the zone on whose clock they are shown.
    """
    import polars as pl

    local = _local(times, time_zone)
    text = pl.Series(local).cast(pl.Datetime("ns")).dt.to_string("%Y-%m-%dT%H:%M:%S%.9f")
    text = text.str.replace(r"\.?0*$", "") if (local % SECOND).any() else text.str.slice(0, 19)
    if time_zone == UTC:
        return text + "Z"
    offsets, at = np.unique(local - times, return_inverse=True)
    return text + pl.Series([_offset(int(each)) for each in offsets], dtype=pl.String).gather(at)


def _local(times: NDArray[np.int64], time_zone: str) -> NDArray[np.int64]:
    """The times on the clock of a zone; at the ends of int64, which a shift would pass, they stay those of UTC."""
    local = to_local(times, time_zone)
    return np.where((local - times) % SECOND == 0, local, times)


def _offset(offset: int) -> str:
    """An offset from UTC in ns as `+01:00`; local times of before about 1900 have offsets with seconds."""
    minutes, seconds = divmod(abs(offset) // SECOND, 60)
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}" + f":{seconds:02d}" * bool(seconds)
