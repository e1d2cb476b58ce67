"""Tables in memory: of pandas, Polars and Arrow, recognised by their methods so that none of the libraries is needed."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from enstorage.errors import InvalidInputError
from enstorage.sources.tables.raw.table import RawTable

if TYPE_CHECKING:
    import polars as pl


def read_frame(table: Any) -> RawTable:
    """The cells of a table in memory.

    Args:
        table: a Polars data frame (or a lazy one), an Arrow table, a pandas data frame or a pandas Series. A
            DatetimeIndex, a PeriodIndex and an index with a name are columns.

    Raises:
        InvalidInputError: it is none of these.
    """
    import polars as pl

    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return _raw("Polars", table)
    if hasattr(table, "iloc") and hasattr(table, "index"):
        return _raw("pandas", _of_pandas(table))
    if hasattr(table, "column_names") and hasattr(table, "columns"):
        return _raw("Arrow", pl.DataFrame(pl.from_arrow(table)))
    raise InvalidInputError(
        f"A {type(table).__name__} is not a table; expected a Polars, pandas or Arrow table, a pandas Series with times as "
        "its index, or the path of a file. Give one of these, or times and values as two arguments."
    )


def _raw(kind: str, frame: "pl.DataFrame") -> RawTable:
    if frame.is_empty():
        raise InvalidInputError("The table has no rows; expected a row for each point. Give a table with points.")
    return RawTable(name="the table", kind=kind, frame=frame, place=lambda row: f"row {row + 1}")


def _of_pandas(table: Any) -> "pl.DataFrame":
    import polars as pl

    frame = table.to_frame("value" if table.name is None else table.name) if table.ndim == 1 else table
    columns = {}
    if frame.index.nlevels > 1 or not _is_numbering(frame.index):
        for level in range(frame.index.nlevels):
            index = frame.index.get_level_values(level)
            columns[_title(index.name, "time" if _is_time(index) else f"level_{level}")] = _column(index)
    for position, name in enumerate(frame.columns):
        columns[_title(name, str(position + 1))] = _column(frame.iloc[:, position])
    return pl.DataFrame(columns)


def _is_numbering(index: Any) -> bool:
    """True for an index that only numbers the rows."""
    return index.name is None and not _is_time(index)


def _is_time(index: Any) -> bool:
    return hasattr(index, "tz") or hasattr(index, "to_timestamp")


def _title(name: Hashable, default: str) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else default if name is None else str(name)


def _column(column: Any) -> "pl.Series":
    """A column; of texts where its objects are of several types."""
    import polars as pl

    if hasattr(column, "to_timestamp") and not hasattr(column, "iloc"):  # a PeriodIndex
        column = column.to_timestamp()
    elif str(column.dtype).startswith("period"):
        column = column.dt.to_timestamp()
    try:
        return pl.Series(pl.from_pandas(column, nan_to_null=True))
    except (TypeError, ValueError, OSError, pl.exceptions.PolarsError):
        return pl.Series([None if each is None or each != each else str(each) for each in column.tolist()])  # noqa: PLR0124
