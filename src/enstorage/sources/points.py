"""Conversion of the points of a caller to two arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.instant import not_years, to_iso, to_ns_array
from enstorage.progress import checkpoint
from enstorage.sources.base import LoadedSeries, SourceLoader
from enstorage.sources.tables import Table, TableOptions, read_table


def as_points(times: Any, values: Any = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return points sorted by time.

    Args:
        times: shape (n,), n ≥ 1, as `enstorage.instant.to_ns_array` accepts it. Alone: a table of one series, as
            `enstorage.sources.tables.read_table` takes it, or a source loader of one series.
        values: shape (n,), finite numbers in a list or in a NumPy, pandas, Polars or Arrow array; matched with the
            times by position. They become float64, which rounds integers beyond 2^53.

    Returns:
        Times (nanoseconds since 1970 UTC, ascending, each once) and values, shape (n,) each, in new contiguous arrays.

    Raises:
        InvalidInputError: There are no points, the lengths differ, a time or a value cannot be used, a value is
            missing, NaN or infinite, or a time is repeated.
    """
    if values is None:
        table = read_points(times, {})
        if table is not None:
            return table.one_series()
        times, values = _of_one_series(times)
    checkpoint()
    times_ns = to_ns_array(not_years(times))
    numbers = as_numbers(values)
    if times_ns.size != numbers.size:
        raise InvalidInputError(
            f"There are {times_ns.size} times and {numbers.size} values; expected the same number. "
            "Give one value per time."
        )
    if times_ns.size == 0:
        raise InvalidInputError("There are no points; expected one or more. Give times and values.")
    _check_finite(times_ns, numbers)
    checkpoint()
    order = np.argsort(times_ns, kind="stable")
    times_ns, numbers = times_ns[order], numbers[order]
    _check_distinct(times_ns)
    return times_ns, numbers


def read_points(table: Any, options: Mapping[str, Any]) -> Table | None:
    """The points of a table or of the path of one; None for a source loader, which has no options.

    Raises:
        InvalidInputError: the table cannot be read, or an option is not known.
    """
    if isinstance(table, SourceLoader):
        if options:
            raise InvalidInputError(f"A source loader takes no options; received {', '.join(options)}. Leave them out.")
        return None
    return read_table(table, TableOptions.of(dict(options)))


def _of_one_series(loader: SourceLoader) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    pieces: list[LoadedSeries] = []
    for piece in loader.load():
        pieces.append(piece)
        if piece.key != pieces[0].key:
            raise InvalidInputError(
                f"The source loader {loader} gives several series, such as {pieces[0].key!r} and {piece.key!r}; expected "
                "one. Write each to a source of its own: enstorage.write_all takes the series of loader.load()."
            )
    if not pieces:
        raise InvalidInputError(f"The source loader {loader} gives no series; expected one. Check its parameters.")
    return np.concatenate([each.times for each in pieces]), np.concatenate([each.values for each in pieces])


def as_numbers(values: Any) -> NDArray[np.float64]:
    """Values as float64, shape (n,), NaN where one is missing.

    Raises:
        InvalidInputError: they are not one-dimensional, or are not numbers.
    """
    array = np.asarray(values.tolist() if np.ma.is_masked(values) else values)  # a masked value becomes None
    if array.ndim != 1:
        raise InvalidInputError(
            f"Values have {array.ndim} dimensions; expected a sequence of numbers with one. Give one value per time."
        )
    # Objects are decimals, or numbers with missing ones; NumPy would also convert strings to numbers.
    is_number = array.dtype.kind in "iuf" or array.size == 0
    if array.dtype.kind == "O" and not any(isinstance(value, str | bytes | bool) for value in array):
        try:
            return np.array([np.nan if _is_missing(value) else float(value) for value in array], dtype=np.float64)
        except (TypeError, ValueError):
            is_number = False
    if not is_number:
        raise InvalidInputError(
            f"Values are given as {array.dtype}; expected numbers. Convert them, such as with astype(float)."
        )
    return array.astype(np.float64)


def _is_missing(value: Any) -> bool:
    return value is None or str(value) == "<NA>"


def _check_finite(times_ns: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    unusable = ~np.isfinite(values)
    if unusable.any():
        position = int(unusable.argmax())
        raise InvalidInputError(
            f"{int(unusable.sum())} of {values.size} values are missing, NaN or infinite, first {values[position]} at "
            f"position {position} ({to_iso(int(times_ns[position]))}); expected finite numbers. Drop these points: a "
            "time without a point is an empty bucket, which cleaning fills."
        )


def _check_distinct(times_ns: NDArray[np.int64]) -> None:
    repeated = np.diff(times_ns) == 0
    if repeated.any():
        first = int(times_ns[int(repeated.argmax())])
        raise InvalidInputError(
            f"{int(repeated.sum())} points have the time of another one, first {to_iso(first)}; expected each time "
            "once. Drop or combine them, or write them in separate calls so that the later one replaces the earlier."
        )
