"""Writing of points and tables to CSV files, with times in ISO 8601."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.labels import labels_of
from enstorage.errors import InvalidInputError
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl


_UTC = Calendar(1, "ns")


def write_csv_points(
    path: str | Path,
    times_ns: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    overwrite: bool = False,
    clock: Calendar = _UTC,
) -> None:
    """Write times and values to a CSV file that `enstorage.sources.tables.read_table` reads back exactly.

    The file is written completely or not at all.

    Args:
        path: The file to create; its folder must exist.
        times_ns: Nanoseconds since 1970 UTC, shape (n,); written as ISO 8601.
        values: Shape (n,); written with as many digits as they need, NaN as `nan`.
        overwrite: Whether an existing file is replaced.
        clock: A calendar with the time zone in which times are written, with their offset from UTC; or of an integer axis,
            whose times are written as integers, in a column with the name `step`.

    Raises:
        InvalidInputError: The path is a directory, its folder is missing, the file exists and `overwrite` is false, or
            the arrays differ in shape.
        StoreError: The file system fails.
    """
    import polars as pl

    if times_ns.ndim != 1 or times_ns.shape != values.shape:
        raise InvalidInputError(
            f"Times have shape {times_ns.shape} and values {values.shape}; expected (n,) for both. "
            "Give one value per time."
        )
    # Polars writes the fewest digits that read back to the same float, as `repr` does.
    table = pl.DataFrame({"time": times_ns, "value": values})
    write_whole(path, as_csv(with_iso_times(table, clock)).encode(), overwrite=overwrite)


def as_csv(table: "pl.DataFrame") -> str:
    """A table of `with_iso_times` as CSV with a header, in which `step` is the column of times that are counters.

    By this name `enstorage.sources.tables.read_table` knows that its integers are no moments.
    """
    import polars as pl

    is_counted = table.schema.get("time") == pl.Int64 and "step" not in table.columns
    return (table.rename({"time": "step"}) if is_counted else table).write_csv()


def with_iso_times(table: "pl.DataFrame", clock: Calendar | Mapping[int, Calendar] | None = None) -> "pl.DataFrame":
    """A table with its times as ISO 8601: those of the columns `time` and `id`, unless they are counters.

    Args:
        table: with or without such columns.
        clock: with the time zone of the times, which are written in local time with the offset from UTC, or of an integer
            axis, whose times stay integers; or one for each id of the column `series`. None: UTC, and ids of which none has
            17 digits or more stay integers, since integers in a file are nanoseconds then.
    """
    import polars as pl

    for name in ("time", "id"):
        if table.schema.get(name) != pl.Int64:
            continue
        if clock is None and name == "id" and not (table[name].abs() >= 10**16).any():
            continue
        if isinstance(clock, Mapping):
            table = table.with_columns(_labels_by_series(table[name], table["series"], clock))
        elif clock is None or not clock.is_counter:
            zone = "UTC" if clock is None else clock.time_zone
            table = table.with_columns(labels_of(table[name].to_numpy(), zone).alias(name))
    return table


def _labels_by_series(times: "pl.Series", series: "pl.Series", clocks: Mapping[int, Calendar]) -> "pl.Series":
    """The times of each series on its own clock; texts, or integers if all are of integer axes."""
    import polars as pl

    kinds = {id: None if clock.is_counter else clock.time_zone for id, clock in clocks.items()}
    zones = set(kinds.values())
    if zones == {None}:
        return times
    if len(zones) == 1:
        return labels_of(times.to_numpy(), zones.pop() or "UTC").alias(times.name)
    texts = times.cast(pl.String)
    for zone in zones - {None}:
        rows = series.is_in([id for id, each in kinds.items() if each == zone]).arg_true()
        texts = texts.scatter(rows, labels_of(times.gather(rows).to_numpy(), zone or "UTC"))
    return texts
