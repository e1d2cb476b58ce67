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
    "dekad": ("dekad", "dek"),
    "week": ("week", "wk", "isoweek", "iso week", "kw", "kalenderwoche", "woche", "semaine", "semana"),
    "quarter": ("quarter", "qtr", "q", "quartal", "trimestre"),
    "day of year": ("doy", "day of year", "julian day", "yday"),
    "hour": ("hour", "hr", "hh", "he", "hour ending", "stunde", "heure", "hora", "ora"),
    "minute": ("minute", "min", "mn", "minuten"),
}
_ORDER = tuple(_NAMES)
#: Parts that together are a time, the longest first.
_SETS = (
    ("year", "month", "day", "hour", "minute"),
    ("year", "month", "day", "hour"),
    ("year", "month", "day"),
    ("year", "month", "dekad"),
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
    "dekad": (1, 3),
    "hour": (0, 25),
    "minute": (0, 59),
    "week": (1, 53),
    "quarter": (1, 4),
    "day of year": (1, 366),
}
_SAMPLE = 1000


def columns_of_parts(frame: "pl.DataFrame", *, has_header: bool) -> tuple[str, ...]:
    """The columns that together are the times of a table, by their names and what they hold; empty if none are.

    A table without header has them in front, a year, a month and what follows as far as it is needed for them to ascend.
    """
    if not has_header:
        return _first_columns(frame)
    columns = {role: name for name in reversed(frame.columns) if (role := part_of(name)) is not None}
    for roles in _SETS:
        if all(role in columns and _holds(frame[columns[role]], role) for role in roles):
            return tuple(columns[role] for role in roles)
    return ()


def clock_parts(frame: "pl.DataFrame") -> tuple[str, ...]:
    """The columns that are the time of day of a date: whole hours by their name, and minutes; empty if none are."""
    columns = {role: name for name in reversed(frame.columns) if (role := part_of(name)) is not None}
    found = [columns[role] for role in ("hour", "minute") if role in columns and _holds(frame[columns[role]], role)]
    return tuple(found) if found and part_of(found[0]) == "hour" else ()


def are_counted_from_one(hours: "pl.Series") -> bool:
    """True for the numbers of the hours of a day, 1 to 24, of which the first begins at midnight; some days have 25."""
    import polars as pl

    numbers = hours.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    return numbers.min() == 1 and numbers.max() in {24, 25}


def part_of(name: str) -> str | None:
    """The part of a time that a column of this name holds; None for another name."""
    small = name.strip().lower().replace("_", " ")
    return next((role for role, names in _NAMES.items() if small in names), None)


def joined(columns: "Mapping[str, pl.Series]") -> "pl.Series":
    """The texts of several columns as one, such as `2024 3 1`, `2024-W09`, `2024Q1`; null where one is missing.

    Args:
        columns: texts without blanks around them, by the name of their column, in order; of a table without header the
            first ones may be a year and what follows.
    """
    import polars as pl

    roles = [part_of(name) or "" for name in columns]
    if not any(roles) and all(map(str.isdecimal, columns)) and _holds(next(iter(columns.values())), "year"):
        roles = list(_SETS[0][: len(columns)])
    parts = list(zip(roles, columns.values(), strict=True))
    if all(role for role, _ in parts):
        parts.sort(key=lambda part: _ORDER.index(part[0]))
    texts = [_text_of(*part) for part in parts]
    if parts[-1][0] == "minute" and len(parts) > 1:
        hour, minute = texts[-2].str.slice(0, 2), texts.pop()
        texts[-1] = pl.select(pl.concat_str([hour, minute], separator=":")).to_series()
    return pl.select(pl.concat_str(texts, separator=" ")).to_series()


def _text_of(role: str, column: "pl.Series") -> "pl.Series":
    """The texts of a part, in a form that tells which part it is."""
    import polars as pl

    digits = column.str.extract(r"^(?:[QqWw]|KW ?)?([0-9]{1,3})$")
    numbers = digits.cast(pl.Int16)
    if role == "hour":
        # A 25th hour stays as it is, which is no time: the numbers are then not those of a clock.
        hours = numbers - (numbers <= 24).cast(pl.Int16) if are_counted_from_one(column) else numbers
        return pl.select(pl.coalesce(hours.cast(pl.String).str.zfill(2) + ":00", column)).to_series()
    told = {
        "week": lambda: "W" + digits.str.zfill(2),
        "quarter": lambda: "Q" + digits,
        "day of year": lambda: "D" + digits.str.zfill(3),
        "dekad": lambda: (numbers * 10 - 9).cast(pl.String),
        "minute": lambda: digits.str.zfill(2),
    }
    return told[role]() if role in told else column


def _first_columns(frame: "pl.DataFrame") -> tuple[str, ...]:
    import polars as pl

    order = _SETS[0]
    for roles in (order[:length] for length in range(2, len(order) + 1)):
        names = frame.columns[: len(roles)]
        if frame.width <= len(roles):
            return ()
        if not all(_holds(frame[name], role) for name, role in zip(names, roles, strict=True)):
            return ()
        parts = frame.head(_SAMPLE).select(pl.col(name).cast(pl.Float64) for name in names)
        number = parts.select(pl.fold(pl.lit(0.0), lambda before, part: 100 * before + part, pl.all())).to_series()
        if bool((number.diff().drop_nulls() > 0).all()) and max(parts[name].n_unique() for name in names[1:]) > 2:
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
