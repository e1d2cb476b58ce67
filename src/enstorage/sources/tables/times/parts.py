"""Times whose parts are columns of their own: a year, a month, a day; a year and a week, a quarter or a day of the year."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from enstorage.calendars.stamps import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    import polars as pl

#: Usual names of such columns, in small letters, in the order in which they are put together.
_NAMES = {
    "year": ("year", "yr", "yyyy", "jahr", "année", "año", "anno", "rok"),
    "month": ("month", "mon", "mo", "mm", "mth", "monat", "mois", "mes", "mese"),
    "day": ("day", "dy", "dd", "dom", "day of month", "tag", "jour", "día", "giorno"),
    "week": ("week", "wk", "isoweek", "iso week", "kw", "kalenderwoche", "woche", "semaine", "semana"),
    "quarter": ("quarter", "qtr", "q", "quartal", "trimestre"),
    "day of year": ("doy", "day of year", "julian day", "yday"),
    "hour": ("hour", "hr", "hh", "stunde", "heure", "hora", "ora"),
}
_ORDER = tuple(_NAMES)
#: Parts that together are a time, the longest first.
_SETS = (
    ("year", "month", "day", "hour"),
    ("year", "month", "day"),
    ("year", "day of year", "hour"),
    ("year", "day of year"),
    ("year", "month"),
    ("year", "week"),
    ("year", "quarter"),
)
_RANGES = {
    "year": (FIRST_YEAR, LAST_YEAR),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "week": (1, 53),
    "quarter": (1, 4),
    "day of year": (1, 366),
}
_SAMPLE = 1000


def columns_of_parts(frame: "pl.DataFrame", *, has_header: bool) -> tuple[str, ...]:
    """The columns that together are the times of a table, by their names and what they hold; empty if none are.

    A table without header has them in front, a year and a month or also a day, if they only ascend.
    """
    if not has_header:
        return _first_columns(frame)
    columns = {role: name for name in reversed(frame.columns) if (role := part_of(name)) is not None}
    for roles in _SETS:
        if all(role in columns and _holds(frame[columns[role]], role) for role in roles):
            return tuple(columns[role] for role in roles)
    return ()


def part_of(name: str) -> str | None:
    """The part of a time that a column of this name holds; None for another name."""
    small = name.strip().lower().replace("_", " ")
    return next((role for role, names in _NAMES.items() if small in names), None)


def joined(columns: "Mapping[str, pl.Series]") -> "pl.Series":
    """The texts of several columns as one, such as `2024 3 1`, `2024-W09`, `2024Q1`; null where one is missing.

    Args:
        columns: texts without blanks around them, by the name of their column, in order.
    """
    import polars as pl

    parts = [(part_of(name) or "", column) for name, column in columns.items()]
    if all(role for role, _ in parts):
        parts.sort(key=lambda part: _ORDER.index(part[0]))
    return pl.select(pl.concat_str([_text_of(*part) for part in parts], separator=" ")).to_series()


def _text_of(role: str, column: "pl.Series") -> "pl.Series":
    """The texts of a part, in a form that tells which part it is."""
    import polars as pl

    digits = column.str.extract(r"^(?:[QqWw]|KW ?)?([0-9]{1,3})$")
    if role == "week":
        return "W" + digits.str.zfill(2)
    if role == "quarter":
        return "Q" + digits
    if role == "day of year":
        return "D" + digits.str.zfill(3)
    return pl.select(pl.coalesce(digits.str.zfill(2) + ":00", column)).to_series() if role == "hour" else column


def _first_columns(frame: "pl.DataFrame") -> tuple[str, ...]:
    import polars as pl

    for roles in (("year", "month"), ("year", "month", "day")):
        names = frame.columns[: len(roles)]
        if frame.width <= len(roles):
            return ()
        if not all(_holds(frame[name], role) for name, role in zip(names, roles, strict=True)):
            return ()
        parts = frame.head(_SAMPLE).select(pl.col(name).cast(pl.Float64) for name in names)
        number = parts.select(pl.fold(pl.lit(0.0), lambda before, part: 100 * before + part, pl.all())).to_series()
        if bool((number.diff().drop_nulls() > 0).all()) and parts[names[1]].n_unique() > 2:
            return tuple(names)
    return ()


def _holds(column: "pl.Series", role: str) -> bool:
    """True if the first cells are such parts, or names of months."""
    import polars as pl

    sample = column.head(_SAMPLE).drop_nulls()
    if column.dtype == pl.String:
        sample = sample.str.strip_chars()
        if role == "month" and sample.str.contains(r"^\p{L}{3,10}\.?$").all():
            return len(sample) > 0
        sample = sample.str.replace(r"^(?:[Qq]|[Ww]|KW ?)", "") if role in {"week", "quarter"} else sample
        sample = sample.cast(pl.Float64, strict=False)
    if not sample.dtype.is_numeric() or not len(sample) or sample.null_count():
        return False
    return bool((sample.is_between(*_RANGES[role]) & (sample == sample.round())).all())


def are_parts(frame: "pl.DataFrame", *, has_header: bool) -> bool:
    """True if all columns are parts of one time that begin with a year, rather than a date and a time of day."""
    found = columns_of_parts(frame, has_header=has_header) if has_header else tuple(frame.columns)
    return len(found) == frame.width and _holds(frame[found[0]], "year")


def is_decimal_year(years: "pl.Series", numbers: "pl.Series") -> bool:
    """True for numbers that say the year of each row with a fraction, such as 1958.208 beside 1958.

    Args:
        years: of each row, shape (n,).
        numbers: texts or numbers, shape (n,).
    """
    import polars as pl

    year, number = (column.str.strip_chars() if column.dtype == pl.String else column for column in (years, numbers))
    number = number.cast(pl.Float64, strict=False)
    is_same = number.floor() == year.cast(pl.Float64, strict=False)
    return bool(is_same.fill_null(value=False).all()) and bool((number % 1 > 0).any())
