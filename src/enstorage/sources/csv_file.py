"""Writing of points and tables to CSV files, with times in ISO 8601."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl


def write_csv_points(
    path: str | Path,
    times_ns: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    overwrite: bool = False,
    is_counter: bool = False,
) -> None:
    """Write times and values to a CSV file that `enstorage.sources.tables.read_table` reads back exactly.

    The file is written completely or not at all.

    Args:
        path: The file to create; its folder must exist.
        times_ns: Nanoseconds since 1970 UTC, shape (n,); written as ISO 8601.
        values: Shape (n,); written with as many digits as they need, NaN as `nan`.
        overwrite: Whether an existing file is replaced.
        is_counter: True for times of an integer axis, which are written as integers.

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
    text = with_iso_times(table, is_counter=is_counter).write_csv()
    write_whole(path, text.encode(), overwrite=overwrite)


def with_iso_times(table: "pl.DataFrame", *, is_counter: bool | None = None) -> "pl.DataFrame":
    """A table with its times as ISO 8601: those of the columns `time` and `id`, unless they are counters.

    Args:
        table: with or without such columns.
        is_counter: true if its times are those of an integer axis, which stay integers. By default only ids do, if none has
            17 digits or more, since integers in a file are nanoseconds then.
    """
    import polars as pl

    columns = [
        name
        for name in ("time", "id")
        if table.schema.get(name) == pl.Int64
        and (name == "time" or (table[name].abs() >= 10**16).any() if is_counter is None else not is_counter)
    ]
    iso = pl.col(columns).cast(pl.Datetime("ns")).dt.to_string("%Y-%m-%dT%H:%M:%S%.9fZ").str.replace(r"\.?0*Z$", "Z")
    return table.with_columns(iso) if columns else table
