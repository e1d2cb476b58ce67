"""Conversion of the points of a caller to two arrays."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.arrays.missing import unmasked
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.snapping import nearest_starts
from enstorage.calendars.stamps import parse_times
from enstorage.errors import InvalidInputError
from enstorage.instant import iso_strings_to_ns
from enstorage.parameters.naming import named
from enstorage.progress import checkpoint
from enstorage.sources.base import LoadedSeries, SourceLoader
from enstorage.sources.tables import Table, TableOptions, TableReport, read_table
from enstorage.sources.tables.options import clock_of_tables

if TYPE_CHECKING:
    import polars as pl

_UTC = Calendar(1, "ns")
# What begins so is meant as ISO 8601, also a date that does not exist.
_LIKE_ISO = r"^[0-9]{4}(?:-[0-9]{2}|$)"
#: Options of points that are given as arrays; the others are about the form of a table.
_OF_ARRAYS = ("time_unit", "snap", "duplicates")


def as_points(
    times: Any,
    values: Any = None,
    clock: Calendar | None = None,
    time_unit: str | None = None,
    *,
    snap: str | Calendar | None = None,
    duplicates: str = "refuse",
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return points sorted by time.

    Args:
        times: shape (n,), n ≥ 1, as `enstorage.instant.to_ns_array` accepts it. Alone: a table of one series, as
            `enstorage.sources.tables.read_table` takes it, or a source loader of one series.
        values: shape (n,), finite numbers in a list or in a NumPy, pandas, Polars or Arrow array; matched with the
            times by position. They become float64, which rounds integers beyond 2^53.
        clock: a calendar with the time zone of times without an offset, or of an integer axis; None: UTC.
        time_unit: of times that are numbers, see `enstorage.calendars.stamps.parse_times`.
        snap: buckets to whose nearest starts the times are moved.
        duplicates: the value of a time that is there several times, see `enstorage.sources.TableOptions`.

    Returns:
        Times (nanoseconds since 1970 UTC, ascending, each once) and values, shape (n,) each, in new contiguous arrays.

    Raises:
        InvalidInputError: There are no points, the lengths differ, a time or a value cannot be used, a value is
            missing, NaN or infinite, or a time is repeated and `duplicates` does not say which value counts.
    """
    return read_series(times, values, clock, {"time_unit": time_unit, "snap": snap, "duplicates": duplicates})[0]


def read_series(
    times: Any, values: Any, clock: Calendar | None, options: Mapping[str, Any]
) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], TableReport | None]:
    """The points of one series, as `as_points` gives them, and the report of the table that they are from.

    Args:
        times: see `as_points`.
        values: see `as_points`.
        clock: see `as_points`.
        options: of `enstorage.sources.TableOptions`; those that are None are not given.

    Raises:
        InvalidInputError: as `as_points`, or an option is not known or not of arrays.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if values is None:
        table = read_points(times, given, {} if clock is None else clock_of_tables(clock))
        if table is not None:
            return table.one_series(), table.report
        times, values = _of_one_series(times, clock or _UTC)
        given["time_unit"] = "ns"
    elif _are_other_texts(times) or {"date_order", "date_format"} & set(given):
        table = read_table(_as_table(times, values), TableOptions.of({**clock_of_tables(clock or _UTC), **given}))
        return table.one_series(), table.report
    if unknown := sorted(set(given) - set(_OF_ARRAYS)):
        raise InvalidInputError(
            f"The option {unknown[0]!r:.40} is one of tables, but times and values are given as arrays, which take "
            f"{', '.join(_OF_ARRAYS)}; and date_order and date_format for texts. Leave it out."
        )
    return _of_arrays(times, values, clock or _UTC, given), None


def _are_other_texts(times: Any) -> bool:
    """True if times are texts, some of another form than ISO 8601: dates as tables have them, which are read as there."""
    texts = np.asarray(times)
    if texts.ndim != 1 or not all(isinstance(each, str) for each in texts[:1].tolist()):
        return False
    stamps = texts.tolist()
    if not all(isinstance(each, str) for each in stamps):
        return False
    import polars as pl

    written = pl.Series(stamps, dtype=pl.String)
    return not (iso_strings_to_ns(written)[1].all() or written.str.contains(_LIKE_ISO).all())


def _as_table(times: Any, values: Any) -> "pl.DataFrame":
    import polars as pl

    numbers, stamps = as_numbers(values), np.asarray(times).tolist()
    if len(stamps) != numbers.size:
        raise _different_sizes(len(stamps), numbers.size)
    _check_finite(numbers, lambda position: stamps[position])
    return pl.DataFrame(
        {"time": pl.Series([None if each is None else str(each) for each in stamps], dtype=pl.String), "value": numbers}
    )


def _of_arrays(
    times: Any, values: Any, clock: Calendar, given: Mapping[str, Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    checkpoint()
    options = TableOptions.of({name: value for name, value in given.items() if name != "time_unit"})
    times_ns = parse_times(times, clock.time_zone, given.get("time_unit"), is_counter=clock.is_counter)
    numbers = as_numbers(values)
    if times_ns.size != numbers.size:
        raise _different_sizes(times_ns.size, numbers.size)
    if times_ns.size == 0:
        raise InvalidInputError("There are no points; expected one or more. Give times and values.")
    _check_finite(numbers, lambda position: clock.label(int(times_ns[position])))
    checkpoint()
    if isinstance(options.snap, Calendar):
        times_ns = nearest_starts(times_ns, options.snap)
    order = np.argsort(times_ns, kind="stable")
    times_ns, numbers = times_ns[order], numbers[order]
    if options.duplicates != "refuse":
        return _combined(times_ns, numbers, options.duplicates)
    _check_distinct(times_ns, clock, options.snap)
    return times_ns, numbers


def _combined(
    times: NDArray[np.int64], values: NDArray[np.float64], duplicates: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One value for each time; the times are ascending, and equal ones in the order given."""
    distinct, first = np.unique(times, return_index=True)
    counts = np.diff(np.append(first, len(times)))
    if duplicates in {"first", "last"}:
        return distinct, values[first if duplicates == "first" else first + counts - 1]
    sums = np.add.reduceat(values, first)
    return distinct, sums if duplicates == "sum" else sums / counts


def read_points(table: Any, options: Mapping[str, Any], clock: Mapping[str, Any]) -> Table | None:
    """The points of a table or of the path of one; None for a source loader, which has its own options.

    Args:
        table: a table, the path of one, or a loader.
        options: what the caller gave.
        clock: options that follow from the clock of the series.

    Raises:
        InvalidInputError: the table cannot be read, or an option is not known.
    """
    if isinstance(table, SourceLoader):
        if taken := sorted(set(options) - {"snap", "duplicates"}):
            raise InvalidInputError(
                f"A source loader has its own options; received {', '.join(taken)}. Give them to the loader."
            )
        return None
    return read_table(table, TableOptions.of({**clock, **options}))


def _of_one_series(loader: SourceLoader, clock: Calendar) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
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
    return np.concatenate([each.times_on(clock) for each in pieces]), np.concatenate([each.values for each in pieces])


def as_numbers(values: Any) -> NDArray[np.float64]:
    """Values as float64, shape (n,), NaN where one is missing.

    Raises:
        InvalidInputError: they are not one-dimensional, or are not numbers.
    """
    array = unmasked(values)
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


def _different_sizes(times: int, values: int) -> InvalidInputError:
    return InvalidInputError(
        f"There are {times} times and {values} values; expected the same number. Give one value per time."
    )


def _check_finite(values: NDArray[np.float64], label: Callable[[int], str]) -> None:
    unusable = ~np.isfinite(values)
    if unusable.any():
        position = int(unusable.argmax())
        raise InvalidInputError(
            f"{int(unusable.sum())} of {values.size} values are missing, NaN or infinite, first {values[position]} at "
            f"position {position} ({label(position)}); expected finite numbers. Drop these points: a "
            "time without a point is an empty bucket, which cleaning fills."
        )


def _check_distinct(times_ns: NDArray[np.int64], clock: Calendar, snap: str | Calendar | None) -> None:
    repeated = np.diff(times_ns) == 0
    if repeated.any():
        first = clock.label(int(times_ns[int(repeated.argmax())]))
        moved = "" if snap is None else f" after they were moved to the starts of {snap}"
        raise InvalidInputError(
            f"{int(repeated.sum())} points have the time of another one{moved}, first {first}; expected each time once. Say "
            f"with {named('duplicates')} which value counts: mean, sum, first or last; or drop them, or write them in "
            "separate calls so that the later one replaces the earlier."
        )
