"""Times of the columns of tables, as nanoseconds since 1970 UTC.

A column has one form, which is found from its first thousand texts, see `forms` and `numeric`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.stamps import FIRST_YEAR, LAST_YEAR
from enstorage.calendars.zone import check_time_zone, from_stamps, is_skipped
from enstorage.errors import InvalidInputError
from enstorage.instant import SECOND, iso_strings_to_ns
from enstorage.parameters.naming import named
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.times.forms import (
    DAY_FIRST,
    ISO_FORM,
    MONTH_FIRST,
    OFFSET,
    ORDERED,
    PLAIN_ISO,
    SHORT_DAY_FIRST,
    SHORT_MONTH,
    SHORT_MONTH_FIRST,
    SHORT_MONTHS,
    SHORT_ORDERED,
    SHORT_YEAR,
    TWO_DIGITS,
    WHOLE,
    WORDED,
    YEAR_AND_MONTH,
    YEAR_AND_NEXT,
    YEAR_POINT_MONTH,
    YEARS,
    YEARS_INTO_THE_NEXT,
    TimeForm,
    told_format,
)
from enstorage.sources.tables.times.numeric import EPOCH_UNITS, YEAR, Times, numbers_of_unit, whole_nanoseconds
from enstorage.sources.tables.times.skipped_hours import skipped_hours
from enstorage.sources.tables.times.spelling import without_frills, without_midnights

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 1000
#: Units of numbers that are those of a clock.
_LOCAL_UNITS = ("excel", "year")
_FEWEST_YEARS = 3
_NUMBER = r"^[+-]?[0-9.]+$"
_EARLY_YEAR = r"^(?:1[0-5][0-9]{2}|16[0-6][0-9]|167[0-7])(?:\.|$)"
_PATTERNS = (PLAIN_ISO, *(form.pattern for form in WORDED), ORDERED, SHORT_ORDERED, TWO_DIGITS, SHORT_MONTH)
_FORMS = (
    "ISO 8601 (2015-01-29T21:55:43Z, 2015-01), a date (31.12.2024, 12/31/2024, 31 Dec 2024), a month (Jan 2024), a quarter "
    "(2024Q1), a week (2020-W01), a year (1749 or 1749.042) or nanoseconds since 1970"
)


@dataclass(frozen=True, slots=True)
class ParsedTimes:
    """The times of a column.

    Attributes:
        times: nanoseconds since 1970 UTC, shape (n,); undefined where `are_times` is false.
        are_times: which texts are times, shape (n,).
        shown: the form that was found, for people.
        expected: the form of a right time, for the message about a wrong one.
        local: the times on the clock of the zone that the caller gave, shape (n,); None without such a zone.
        are_local: which of them are on that clock, since they have no offset, shape (n,).
        offsets: offsets from UTC in the texts, such as `+01:00`, if they have several.
        skipped_hours: hours that are missing as where clocks are set forward, of times that have no offset and no zone.
        lack_zone: true if no time has an offset, and the caller gave no zone: they were taken as UTC.
    """

    times: NDArray[np.int64]
    are_times: NDArray[np.bool_]
    shown: str
    expected: str
    local: NDArray[np.int64] | None = None
    are_local: NDArray[np.bool_] | None = None
    offsets: tuple[str, ...] = ()
    skipped_hours: tuple[str, ...] = ()
    lack_zone: bool = False


def parse_times(name: str, texts: "pl.Series", options: TableOptions) -> ParsedTimes:
    """The times of a column of texts.

    This is where a unit and a time zone come in: `options.time_unit` is that of numbers, `options.time_zone` that of times
    without offset.

    Args:
        name: of the table, for messages.
        texts: without blanks around them; null where there is none.
        options: what the caller knows of the times.

    Raises:
        InvalidInputError: the first times have several meanings, such as 02/03/2024 or 20240203.
    """
    filled = texts.drop_nulls()
    if not len(filled):
        return ParsedTimes(np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_), "no times", _FORMS)
    filled, are_spans = without_frills(filled)
    form = _told(options) or _find(name, filled, options)
    if form is None:
        return ParsedTimes(np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_), "no times", _other())
    texts, _ = without_frills(texts)
    times, are_times = form.parse(texts.fill_null(""))
    if not are_times.all():
        times, are_times = _with_midnights(form, texts, times, are_times)
    found = ParsedTimes(times, are_times, f"{form.shown}, of spans the start" if are_spans else form.shown, form.shown)
    if form.pattern == WHOLE or options.time_unit is not None:
        return replace(found, lack_zone=options.time_zone is None and options.time_unit in _LOCAL_UNITS)
    if options.time_zone is None:
        have_offset = bool(texts.str.contains(OFFSET).any())
        skipped = () if have_offset else skipped_hours(times[are_times])
        offsets = _offsets(texts, form) if have_offset else ()
        return replace(found, offsets=offsets, skipped_hours=skipped, lack_zone=not have_offset)
    has_offset = texts.str.contains(OFFSET).fill_null(value=False).to_numpy()
    are_local = are_times & ~has_offset
    moved, are_times = local_times(times, are_times, are_local, options.time_zone)
    return replace(found, times=moved, are_times=are_times, local=times, are_local=are_local & are_times)


def _with_midnights(
    form: TimeForm, texts: "pl.Series", times: NDArray[np.int64], are_times: NDArray[np.bool_]
) -> Times:
    """The times with those that are written as 24:00 of the day before."""
    rows = np.flatnonzero(~are_times)
    others, at_end = without_midnights(texts.gather(rows))
    if not at_end.any():
        return times, are_times
    times, are_times, rows = times.copy(), are_times.copy(), rows[at_end]
    found, are_found = form.parse(others.filter(at_end))
    times[rows], are_times[rows] = found + 86_400 * SECOND, are_found
    return times, are_times


def look_like_times(texts: "pl.Series", options: TableOptions) -> bool:
    """True for a column most of whose first texts are times; numbers that could also be values are not."""
    sample, _ = without_frills(texts.head(_SAMPLE))
    if options.date_format is not None:
        return bool(told_format(options.date_format).parse(sample)[1].mean() > 0.5)
    best = max(int(sample.str.contains(each).sum()) for each in _PATTERNS)
    return best > len(sample) // 2


def like_times(texts: "pl.Series") -> "pl.Series":
    """True for each text that has a form of times which no number has."""
    found = texts.str.contains(_PATTERNS[0])
    for pattern in _PATTERNS[1:]:
        found = found | texts.str.contains(pattern)
    return found


def _offsets(texts: "pl.Series", form: TimeForm) -> tuple[str, ...]:
    """The offsets from UTC in times with a clock, if there are several, as where clocks are changed."""
    if form.pattern != PLAIN_ISO and "zone" not in form.pattern:
        return ()
    found = texts.str.extract(rf"({OFFSET})").drop_nulls()
    distinct = sorted({each[-6:] for each in found.unique().to_list()}) if len(found) else []
    return tuple(distinct) if len(distinct) > 1 else ()


def _told(options: TableOptions) -> TimeForm | None:
    if options.date_format is not None:
        return told_format(options.date_format)
    if options.time_unit is None:
        return None
    unit, zone = options.time_unit, options.time_zone
    is_epoch = unit in EPOCH_UNITS
    shown = f"numbers in {unit} since 1970" if is_epoch else f"numbers of the unit {unit}"
    return TimeForm(shown, WHOLE if is_epoch else _NUMBER, lambda texts: numbers_of_unit(texts, unit, zone))


def _find(name: str, filled: "pl.Series", options: TableOptions) -> TimeForm | None:
    """The form of most of the first texts; None if none of them has a known one.

    Raises:
        InvalidInputError: the form has several meanings.
    """
    sample = filled.head(_SAMPLE)
    digits = TimeForm("digits", WHOLE, iso_strings_to_ns)
    forms = [ISO_FORM, *WORDED, DAY_FIRST, SHORT_YEAR, SHORT_DAY_FIRST, SHORT_MONTHS, YEARS, digits]
    if _are_years_into_the_next(sample):
        return YEARS_INTO_THE_NEXT
    # Of forms with equally many texts the first one counts: 1749 is a year in ISO 8601 too.
    form = max(forms, key=lambda each: int(sample.str.contains(each.pattern).sum()))
    if not sample.str.contains(form.pattern).any():
        if sample.str.contains(_NUMBER).any():
            raise _unclear(name, str(sample.filter(sample.str.contains(_NUMBER))[0]))
        return None
    if form is digits:
        return _nanoseconds(name, filled)
    if form is YEARS:
        if _are_no_years(sample):
            raise _unclear(name, str(sample[0]))
        if (early := filled.filter(filled.str.contains(_EARLY_YEAR))).len():
            raise InvalidInputError(
                f"{name} has years such as {early[0]!r:.60}, before 1678, which only an integer axis can keep. Give "
                f"{named('time_interval')} as year."
            )
        if len(filled) == 1 and filled.str.contains(YEAR_POINT_MONTH).all():
            raise InvalidInputError(
                f"{name} has one time, {filled[0]!r}, which may be a month or a year with a fraction. Write a month as "
                "1871-01, or the fraction with three digits."
            )
        return YEAR_AND_MONTH if _are_months(filled) else YEARS
    if form is SHORT_MONTHS:
        _check_years(name, filled)
    if form is SHORT_DAY_FIRST:
        return _short_ordered(name, filled, options.date_order)
    return form if form is not DAY_FIRST else _ordered(name, filled, options.date_order)


def _other() -> str:
    return f"{_FORMS}, or another form that {named('date_format')} gives, such as %Y%m%d%H"


def _nanoseconds(name: str, filled: "pl.Series") -> TimeForm:
    if not filled.str.contains(r"^[+-]?[0-9]{17}").any():
        raise _unclear(name, filled.filter(filled.str.contains(WHOLE))[0])
    return TimeForm("whole nanoseconds since 1970", WHOLE, whole_nanoseconds)


def _are_no_years(sample: "pl.Series") -> bool:
    """True if most are whole numbers outside of the years that need not be told."""
    import polars as pl

    years = sample.filter(sample.str.contains(YEAR)).str.slice(0, 4).cast(pl.Int64)
    return 2 * int(years.is_between(FIRST_YEAR, LAST_YEAR).sum()) <= len(years)


def _are_years_into_the_next(sample: "pl.Series") -> bool:
    """True for 2003/04, 2004/05 and further ones, which could be months if each did not name the next year."""
    if not sample.str.contains(YEAR_AND_NEXT).all() or sample.n_unique() < _FEWEST_YEARS:
        return False
    return bool(YEARS_INTO_THE_NEXT.parse(sample)[1].all())


def _unclear(name: str, doubtful: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name} has times such as {doubtful!r:.60}, which may be nanoseconds, seconds, a counter, a year or a date; "
        f"expected {_FORMS} of 17 digits or more. Give {named('time_unit')}, such as s, excel, year or step, or "
        f"{named('date_format')}, such as %Y%m%d, or write ISO 8601."
    )


def _short_ordered(name: str, filled: "pl.Series", order: str | None) -> TimeForm:
    """Dates of three numbers of two digits, of which the last is the year; refused if the first may be."""
    first, last = (filled.str.extract(SHORT_ORDERED, group) for group in (1, 3))
    if order is None and first.n_unique() <= last.n_unique() > 1:
        raise InvalidInputError(
            f"{name} has dates such as {filled[0]!r}, in which the first or the last number may be the year. Give "
            f"{named('date_format')}, such as %d/%m/%y or %y/%m/%d."
        )
    found = _ordered(name, filled, order, SHORT_ORDERED)
    return SHORT_DAY_FIRST if found is DAY_FIRST else SHORT_MONTH_FIRST


def _ordered(name: str, filled: "pl.Series", order: str | None, pattern: str = ORDERED) -> TimeForm:
    """Dates of two numbers and a year, with the day or the month first."""
    dates = filled.head(_SAMPLE).filter(filled.head(_SAMPLE).str.contains(pattern))
    if order is None and len(dates) and dates.str.contains(r"^[0-9]{1,2}\.").all():
        order = "day-first"  # nobody writes the month first with points
    if order is None:
        first, second = (filled.str.extract(pattern, group).str.to_integer(strict=False) for group in (1, 2))
        days_first, months_first = int((first > 12).sum()), int((second > 12).sum())
        if days_first and months_first:
            example = filled.filter(first > 12)[0], filled.filter(second > 12)[0]
            raise InvalidInputError(
                f"{name} has dates with the day first, such as {example[0]!r}, and with the month first, such as "
                f"{example[1]!r}. Give {named('date_order')}, day-first or month-first; the others are bad rows then."
            )
        if not (days_first or months_first):
            doubtful = filled.filter(first.is_not_null())[0]
            raise InvalidInputError(
                f"{name} has dates such as {doubtful!r}, whose first number may be the day or the month: none is above 12. "
                f"Give {named('date_order')}, day-first or month-first."
            )
        order = "month-first" if months_first else "day-first"
    return DAY_FIRST if order == "day-first" else MONTH_FIRST


def _check_years(name: str, filled: "pl.Series") -> None:
    """Refuse months with two digits that may be days: Jan-20 beside Jan-21, or none but the first of months.

    Raises:
        InvalidInputError: the digits may be days.
    """
    import polars as pl

    parts = filled.str.extract_groups(SHORT_MONTH).struct.unnest().drop_nulls(["name"])
    month, year = pl.col("name").str.to_lowercase(), pl.col("short_year").str.to_integer()
    moves_on = (month != month.shift()) | (year == year.shift())
    is_year, turns, is_first = parts.select(
        ((year > 31) | (year == 0) | ~pl.col("between").is_in([" ", "-"])).any().alias("is_year"),
        (moves_on.all() & (month.n_unique() > 1)).alias("turns"),
        (year == 1).all().alias("is_first"),
    ).row(0)
    if is_year or (turns and not is_first):
        return
    between = str(parts["between"][0])
    raise InvalidInputError(
        f"{name} has times such as {filled.filter(filled.str.contains(SHORT_MONTH))[0]!r}, whose number may be a year or a "
        f"day. If it is a year, give {named('date_format')} as %b{between}%y; if a day, write the year too."
    )


def _are_months(filled: "pl.Series") -> bool:
    """True for 1871.01 … 1871.12: decimals that are the numbers of months; decimal years reach beyond .12."""
    fractions = filled.str.extract(YEAR, 2)
    return bool(filled.str.contains(YEAR_POINT_MONTH).all()) and fractions.n_unique() > 1


def local_times(
    times: NDArray[np.int64],
    are_times: NDArray[np.bool_],
    are_local: NDArray[np.bool_],
    zone: str,
    series: NDArray[np.int64] | None = None,
) -> Times:
    """Times of which some are on the clock of a zone; midnight stands for its day, also where the clock skips it.

    Args:
        times: shape (n,).
        are_times: which of them are times, shape (n,).
        are_local: which of them are on the clock of the zone, shape (n,).
        zone: IANA name.
        series: number of the series of each, shape (n,): an hour that clocks repeat is found in each series by itself.
    """
    skipped = are_local & is_skipped(times, check_time_zone(zone)) & (times % (86_400 * SECOND) != 0)
    local, moved = are_local & ~skipped, times.copy()
    moved[local] = from_stamps(times[local], zone, None if series is None else series[local])
    return moved, are_times & ~skipped
