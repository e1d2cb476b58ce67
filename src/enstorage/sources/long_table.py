"""Points of many series in one table: a column of keys, one of times and one of values."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.stamps import parse_times
from enstorage.errors import InvalidInputError
from enstorage.sources.points import as_numbers


def by_key(
    table: Any, series: str, time: str, value: str, clock: Calendar | None = None
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """The points of each series of a long table.

    Args:
        table: a Polars, pandas or Arrow table, or an object that returns a column for `table[name]`; one row per point.
        series: name of the column with the key of the series, texts or integers.
        time: name of the column with the times, in any form (`enstorage.instant.to_ns_array`).
        value: name of the column with the values.
        clock: a calendar with the time zone of times without an offset, or of an integer axis; None: UTC.

    Returns:
        Times (ns, not sorted) and values, shape (n,) each, by key; keys in the order of the table.

    Raises:
        InvalidInputError: a column is missing or cannot be read, a key is missing, or the table has no rows.
    """
    import polars as pl

    columns = [_column(table, name) for name in (series, time, value)]
    keys = _as_keys(columns[0], series)
    if not keys:
        raise InvalidInputError("The table has no rows; expected a row for each point. Give a table with points.")
    zone, is_counter = ("UTC", False) if clock is None else (clock.time_zone, clock.is_counter)
    times = parse_times(columns[1], zone, is_counter=is_counter)
    points = pl.DataFrame({"key": keys, "time": times, "value": as_numbers(columns[2])})
    parts = points.partition_by("key", maintain_order=True)
    return {part["key"][0]: (part["time"].to_numpy(), part["value"].to_numpy()) for part in parts}


def as_key(key: object) -> str:
    """The key of a series as text; integers become text.

    Raises:
        InvalidInputError: it is neither a text of 1 to 255 characters nor an integer.
    """
    is_number = hasattr(key, "__index__") and not isinstance(key, bool)
    text = str(key) if is_number else key
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_KEY:
        raise InvalidInputError(
            f"The key of a series must be a text of 1 to {_LONGEST_KEY} characters or an integer; received {key!r:.80}."
        )
    return text


_LONGEST_KEY = 255


def _column(table: Any, name: str) -> Any:
    known = _names(table)
    if known is None:
        raise InvalidInputError(
            f"A {type(table).__name__} is not a table; expected a Polars, pandas or Arrow table with one row per point. "
            "Read a file first, such as by polars.read_csv(path)."
        )
    if name not in known:
        raise InvalidInputError(
            f"The table has no column {name!r}; it has {', '.join(map(str, known))[:200]}. Name the columns with series=, "
            "time= and value=; an index of pandas becomes columns by reset_index()."
        )
    return table[name]


def _names(table: Any) -> list[Any] | None:
    names = getattr(table, "column_names", getattr(table, "columns", None))  # of Arrow, else of Polars and pandas
    return list(names) if isinstance(names, Iterable) and hasattr(table, "__getitem__") else None


def _as_keys(column: Any, name: str) -> list[str]:
    keys = next(getattr(column, method)() for method in ("to_pylist", "to_list", "tolist") if hasattr(column, method))
    try:
        known = {key: as_key(key) for key in dict.fromkeys(keys)}
    except InvalidInputError as error:
        raise InvalidInputError(f"The column {name!r} cannot be used: {error}") from error
    return [known[key] for key in keys]
