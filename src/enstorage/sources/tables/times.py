"""Times as people write them, as nanoseconds since 1970 UTC.

A column has one form, which is found from its first thousand texts. Every form is a pattern whose groups name the parts of
a time; the parts are put together as ISO 8601, which `enstorage.instant` reads.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.instant import MIN_NS, SECOND, iso_strings_to_ns, join_seconds
from enstorage.sources.tables.options import TableOptions

if TYPE_CHECKING:
    import polars as pl

Times = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Nanoseconds since 1970 UTC, and which of them are times; shape (n,) each."""

_SAMPLE = 1000
_UNITS = {"s": 9, "ms": 6, "us": 3, "ns": 0}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = r"uary|ruary|ch|il|e|y|ust|tember|t|ober|ember"
_CLOCK = (
    r"(?:[ T,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
_MONTH = rf"(?P<name>(?i:{'|'.join(_MONTHS)}))(?i:{_LONG})?\.?"
_ORDERED = rf"^(?P<first>[0-9]{{1,2}})[./-] ?(?P<second_part>[0-9]{{1,2}})[./-] ?(?P<year>[0-9]{{4}}){_CLOCK}"
_OFFSET = r"(?:Z|UTC|:[0-9]{2}(?:[.,][0-9]+)? ?[+-][0-9]{2}(?::?[0-9]{2})?)$"
# Years that fit into nanoseconds, and no 60th second.
_FAST_YEAR = r"(?:1[7-9]|2[01])[0-9]{2}"
_FAST_CLOCK = r"(?:([T ])[0-9]{2}:[0-5][0-9](:[0-5][0-9])?(Z?))?"
_YEAR = r"^(?P<year>[0-9]{4})(?:\.(?P<fraction>[0-9]+))?$"
_YEAR_POINT_MONTH = r"^(?P<year>[0-9]{4})\.(?P<month>0[1-9]|1[0-2]?)$"
_WHOLE = r"^[+-]?[0-9]+$"
_ISO = "ISO 8601 (2015-01-29T21:55:43Z, 2015-01)"
_FORMS = (
    "ISO 8601 (2015-01-29T21:55:43Z, 2015-01), a date (31.12.2024, 12/31/2024, 31 Dec 2024), a month (Jan 2024), a quarter "
    "(2024Q1), a week (2020-W01), a year (1749 or 1749.042) or nanoseconds since 1970"
)


@dataclass(frozen=True, slots=True)
class TimeForm:
    """A form in which the times of a column are written.

    Attributes:
        shown: the form for people, with an example.
        pattern: matches its texts.
        parse: gives the times of such texts.
    """

    shown: str
    pattern: str
    parse: "Callable[[pl.Series], Times]"


@dataclass(frozen=True, slots=True)
class ParsedTimes:
    """The times of a column.

    Attributes:
        times: nanoseconds since 1970 UTC, shape (n,); undefined where `are_times` is false.
        are_times: which texts are times, shape (n,).
        shown: the form that was found, for people.
        expected: the form of a right time, for the message about a wrong one.
    """

    times: NDArray[np.int64]
    are_times: NDArray[np.bool_]
    shown: str
    expected: str


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
    form = _told(options) or _find(name, filled, options)
    if form is None:
        return ParsedTimes(np.zeros(len(texts), np.int64), np.zeros(len(texts), np.bool_), "no times", _FORMS)
    times, are_times = form.parse(texts.fill_null(""))
    if options.time_zone is not None and options.time_unit is None and form.pattern != _WHOLE:
        times, are_times = _in_zone(times, are_times, texts, options.time_zone)
    return ParsedTimes(times, are_times, form.shown, form.shown)


def look_like_times(texts: "pl.Series", options: TableOptions) -> bool:
    """True for a column most of whose first texts are times; numbers that could also be values are not."""
    sample = texts.head(_SAMPLE)
    if options.date_format is not None:
        return bool(_told_format(options.date_format).parse(sample)[1].mean() > 0.5)
    patterns = [_PLAIN_ISO, *(form.pattern for form in _WORDED), _ORDERED, _TWO_DIGITS]
    best = max(int(sample.str.contains(each).sum()) for each in patterns)
    return best > len(sample) // 2


def _told(options: TableOptions) -> TimeForm | None:
    if options.date_format is not None:
        return _told_format(options.date_format)
    if options.time_unit is not None:
        unit, zeros = options.time_unit, _UNITS[options.time_unit]
        return TimeForm(f"numbers in {unit} since 1970", _WHOLE, lambda texts: _epochs(texts, zeros))
    return None


def _find(name: str, filled: "pl.Series", options: TableOptions) -> TimeForm | None:
    """The form of most of the first texts; None if none of them has a known one.

    Raises:
        InvalidInputError: the form has several meanings.
    """
    sample = filled.head(_SAMPLE)
    digits = TimeForm("digits", _WHOLE, iso_strings_to_ns)
    forms = [_ISO_FORM, *_WORDED, _DAY_FIRST, _SHORT_YEAR, _YEARS, digits]
    # Of forms with equally many texts the first one counts: 1749 is a year in ISO 8601 too.
    form = max(forms, key=lambda each: int(sample.str.contains(each.pattern).sum()))
    if not sample.str.contains(form.pattern).any():
        return None
    if form is digits:
        return _nanoseconds(name, filled)
    if form is _YEARS:
        return _YEAR_AND_MONTH if _are_months(filled) else _YEARS
    return form if form is not _DAY_FIRST else _ordered(name, filled, options.date_order)


def _nanoseconds(name: str, filled: "pl.Series") -> TimeForm:
    if not filled.str.contains(r"^[+-]?[0-9]{17}").any():
        doubtful = filled.filter(filled.str.contains(_WHOLE))[0]
        raise InvalidInputError(
            f"{name} has times such as {doubtful!r:.60}, which may be nanoseconds, seconds or a date; expected "
            f"{_FORMS} of 17 digits or more. Give time_unit (--time-unit), such as s, or "
            "date_format (--date-format), such as %Y%m%d, or write ISO 8601."
        )
    return TimeForm("whole nanoseconds since 1970", _WHOLE, _checked_nanoseconds)


def _ordered(name: str, filled: "pl.Series", order: str | None) -> TimeForm:
    """Dates of two numbers and a year, with the day or the month first."""
    if order is None and filled.head(_SAMPLE).str.contains(r"^[0-9]{1,2}\.").all():
        order = "day-first"  # nobody writes the month first with points
    if order is None:
        first, second = (filled.str.extract(_ORDERED, group).str.to_integer(strict=False) for group in (1, 2))
        days_first, months_first = int((first > 12).sum()), int((second > 12).sum())
        if days_first and months_first:
            example = filled.filter(first > 12)[0], filled.filter(second > 12)[0]
            raise InvalidInputError(
                f"{name} has dates with the day first, such as {example[0]!r}, and with the month first, such as "
                f"{example[1]!r}. Give date_order (--date-order), day-first or month-first; the others are bad rows then."
            )
        if not (days_first or months_first):
            doubtful = filled.filter(first.is_not_null())[0]
            raise InvalidInputError(
                f"{name} has dates such as {doubtful!r}, whose first number may be the day or the month: none is above 12. "
                "Give date_order (--date-order), day-first or month-first."
            )
        order = "month-first" if months_first else "day-first"
    return _DAY_FIRST if order == "day-first" else _MONTH_FIRST


def _are_months(filled: "pl.Series") -> bool:
    """True for 1871.01 … 1871.12: decimals that are the numbers of months; decimal years reach beyond .12."""
    fractions = filled.str.extract(_YEAR, 2)
    return bool(filled.str.contains(_YEAR_POINT_MONTH).all()) and fractions.n_unique() > 2


def _in_zone(times: NDArray[np.int64], are_times: NDArray[np.bool_], texts: "pl.Series", zone: str) -> Times:
    """Times without offset as those of a zone; a time that the clock skips, or shows twice, is none."""
    import polars as pl

    has_offset = texts.str.contains(_OFFSET).fill_null(value=False).to_numpy()
    naive = pl.Series(times).cast(pl.Datetime("ns"))
    try:
        local = naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").cast(pl.Int64)
    except pl.exceptions.ComputeError:
        raise InvalidInputError(
            f"There is no time zone {zone!r:.40}; expected an IANA name such as Europe/London. Correct it."
        ) from None
    exists = local.is_not_null().to_numpy()
    return np.where(has_offset, times, local.fill_null(0).to_numpy()), are_times & (has_offset | exists)


def _parts(pattern: str, *, first_is: str = "day") -> "Callable[[pl.Series], Times]":
    """Reads texts by the groups of a pattern."""

    def parse(texts: "pl.Series") -> Times:
        import polars as pl

        parts = texts.str.extract_groups(pattern).struct.unnest()
        known = set(parts.columns)
        other = "month" if first_is == "day" else "day"
        names = {"first": first_is, "second_part": other}
        parts = parts.rename({each: names[each] for each in names if each in known})

        def two_digits(part: str, default: str) -> pl.Expr:
            return (pl.col(part) if part in parts.columns else pl.lit(None, pl.String)).fill_null(default).str.zfill(2)

        month = two_digits("month", "01")
        if "quarter" in known:
            month = (pl.col("quarter").cast(pl.Int8) * 3 - 2).cast(pl.String).str.zfill(2)
        if "name" in known:
            numbers = [f"{number:02d}" for number in range(1, 13)]
            month = pl.col("name").str.to_lowercase().replace_strict(_MONTHS, numbers, default=None)
        year = pl.col("year")
        if "short_year" in known:  # as POSIX: 69 to 99 are of the last century
            century = pl.when(pl.col("short_year") >= "69").then(pl.lit("19")).otherwise(pl.lit("20"))
            year = century + pl.col("short_year")
        date = year + "-" + month + "-" + two_digits("day", "01")
        if "hour" not in known:
            return iso_strings_to_ns(parts.select(date.fill_null("")).to_series())
        hour = two_digits("hour", "00")
        number, half = pl.col("hour").cast(pl.Int8, strict=False), pl.col("half").str.to_lowercase()
        twelve = (number % 12 + pl.when(half == "p").then(12).otherwise(0)).cast(pl.String).str.zfill(2)
        hour = pl.when(half.is_null()).then(hour).when(number.is_between(1, 12)).then(twelve).otherwise(pl.lit("99"))
        clock = hour + ":" + two_digits("minute", "00") + ":" + two_digits("second", "00")
        zone = pl.col("zone").replace("UTC", "Z").fill_null("")
        return iso_strings_to_ns(
            parts.select(
                (date + "T" + clock + "." + pl.col("fraction").fill_null("0") + zone).fill_null("")
            ).to_series()
        )

    return parse


def _at_once(order: str, otherwise: "Callable[[pl.Series], Times]") -> "Callable[[pl.Series], Times]":
    """Reads texts of one form with whole seconds by Polars, which takes a quarter of the time; others by `otherwise`."""

    def parse(texts: "pl.Series") -> Times:
        import polars as pl

        mark = "-" if order == "Ymd" else texts[0][2:3]
        day = re.escape(mark).join(_FAST_YEAR if part == "Y" else "[0-9]{2}" for part in order)
        shape = re.match(f"^{day}{_FAST_CLOCK}$", texts[0]) if mark in {"-", ".", "/"} else None
        if shape is not None:
            between, second, zone = (part or "" for part in shape.groups())
            pattern = f"^{day}{between and f'{between}[0-9]{{2}}:[0-5][0-9]'}{second and ':[0-5][0-9]'}{zone}$"
            if texts.str.contains(pattern).all():
                date = mark.join(f"%{part}" for part in order)
                clock = between and f"{between}%H:%M{second and ':%S'}{zone}"
                moments = texts.str.to_datetime(date + clock, strict=False, time_unit="ns").cast(pl.Int64)
                return moments.fill_null(0).to_numpy(), moments.is_not_null().to_numpy()
        return otherwise(texts)

    return parse


def _weeks(texts: "pl.Series") -> Times:
    import polars as pl

    parts = texts.str.extract_groups(_WEEK).struct.unnest()
    day = parts.select(pl.concat_str(pl.col("year"), pl.col("week"), pl.col("weekday").fill_null("1"), separator="-"))
    dates = day.to_series().str.to_date("%G-%V-%u", strict=False)
    return dates.cast(pl.Datetime("ns")).cast(pl.Int64).fill_null(0).to_numpy(), dates.is_not_null().to_numpy()


def _told_format(format: str) -> TimeForm:
    def parse(texts: "pl.Series") -> Times:
        import polars as pl

        try:
            moments = texts.str.to_datetime(format, strict=False, time_unit="ns", time_zone="UTC")
        except pl.exceptions.PolarsError as error:
            raise InvalidInputError(
                f"The date_format {format!r:.60} cannot be used: {str(error).splitlines()[0]:.120}. Give one as strptime "
                "takes it, such as '%d.%m.%Y %H:%M'."
            ) from None
        return moments.cast(pl.Int64).fill_null(0).to_numpy(), moments.is_not_null().to_numpy()

    return TimeForm(f"times of the form {format}", "", parse)


def _epochs(texts: "pl.Series", zeros: int) -> Times:
    """Numbers in a unit of 10^zeros nanoseconds, exactly; decimals beyond the nanosecond are ignored."""
    import polars as pl

    parts = texts.str.extract_groups(r"^(?P<sign>[+-]?)(?P<whole>[0-9]{1,19})(?:\.(?P<part>[0-9]*))?$").struct.unnest()
    whole = parts["whole"].str.to_integer(strict=False, dtype=pl.Int64)
    part = parts["part"].fill_null("").str.pad_end(zeros, "0").str.slice(0, zeros)
    fraction = (part.cast(pl.Int64) if zeros else whole.fill_null(0) * 0).to_numpy()
    # Seconds and the nanoseconds within them, so that an overflow is found.
    units = 10 ** (9 - zeros)
    wholes = whole.fill_null(0).to_numpy()
    times, fits = join_seconds(wholes // units, wholes % units * 10**zeros + fraction)
    sign = np.where((parts["sign"] == "-").fill_null(value=False).to_numpy(), -1, 1)
    return sign * times, fits & whole.is_not_null().to_numpy()


def _checked_nanoseconds(texts: "pl.Series") -> Times:
    import polars as pl

    numbers = texts.cast(pl.Int64, strict=False)
    times = np.array(numbers.fill_null(0).to_numpy())
    # Years and dates (20200131) taken as nanoseconds lie in the first tenth of a second of 1970.
    valid = numbers.is_not_null().to_numpy() & (times >= MIN_NS) & ((times == 0) | (abs(times) >= SECOND // 10))
    return times, valid


def _years_to_ns(texts: "pl.Series") -> Times:
    """Decimal years as times, exact to the nanosecond; decimals beyond the 18th are less than that and are ignored."""
    import polars as pl

    parts = texts.str.extract_groups(_YEAR).struct.unnest()
    decimals = parts["fraction"].fill_null("").str.pad_end(18, "0")
    years = parts["year"].cast(pl.Int64).fill_null(0).to_numpy() - 1970
    starts = years.astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
    length = (years + 1).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64) - starts
    # length · decimals / 10^18 seconds, in two steps because the product does not fit into int64.
    upper = length * decimals.str.slice(0, 9).cast(pl.Int64).to_numpy()
    lower = (length * decimals.str.slice(9, 9).cast(pl.Int64).to_numpy() + SECOND // 2) // SECOND
    within_year = upper + lower
    times, fits = join_seconds(starts + within_year // SECOND, within_year % SECOND)
    return times, fits & parts["year"].is_not_null().to_numpy()


def _form(shown: str, pattern: str) -> TimeForm:
    return TimeForm(shown, pattern, _parts(pattern))


_WEEK = r"^(?P<year>[0-9]{4})-?[Ww](?P<week>[0-9]{2})(?:-?(?P<weekday>[1-7]))?$"
_PLAIN_ISO = (
    r"^[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9:]{2,5})?)?)?$"
)
_TWO_DIGITS = rf"^(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.(?P<short_year>[0-9]{{2}}){_CLOCK}"
_ISO_FORM = TimeForm(_ISO, _PLAIN_ISO, _at_once("Ymd", iso_strings_to_ns))
_DAY_FIRST = TimeForm("dates with the day first (31.12.2024)", _ORDERED, _at_once("dmY", _parts(_ORDERED)))
_MONTH_FIRST = TimeForm(
    "dates with the month first (12/31/2024)", _ORDERED, _at_once("mdY", _parts(_ORDERED, first_is="month"))
)
_SHORT_YEAR = _form("dates with the day first and a year of two digits (31.12.24)", _TWO_DIGITS)
_YEARS = TimeForm("a year (1749 or 1749.042)", _YEAR, _years_to_ns)
_YEAR_AND_MONTH = TimeForm(
    "a year and a month (1871.01 … 1871.12)",
    _YEAR_POINT_MONTH,
    # A spreadsheet writes 1871.10 as the number 1871.1.
    lambda texts: _parts(_YEAR_POINT_MONTH)(texts.str.replace(r"\.1$", ".10")),
)
#: Forms that cannot be taken for another one.
_WORDED = (
    _form(
        "dates with the year first (2024/12/31)",
        rf"^(?P<year>[0-9]{{4}})[-/.](?P<month>[0-9]{{1,2}})[-/.](?P<day>[0-9]{{1,2}})\.?{_CLOCK}",
    ),
    _form("quarters (2024Q1)", r"^(?P<year>[0-9]{4})[ -]?[Qq](?P<quarter>[1-4])$"),
    _form("quarters (Q1 2024)", r"^[Qq](?P<quarter>[1-4])[ /-]?(?P<year>[0-9]{4})$"),
    TimeForm("ISO weeks (2020-W01)", _WEEK, _weeks),
    _form("months (2024M01)", r"^(?P<year>[0-9]{4})[Mm](?P<month>[0-9]{1,2})$"),
    _form("months (2024/01)", r"^(?P<year>[0-9]{4})[/](?P<month>[0-9]{2})$"),
    _form("months (01/2024)", r"^(?P<month>[0-9]{1,2})[/-](?P<year>[0-9]{4})$"),
    _form("months (Jan 2024)", rf"^{_MONTH}[ ,-]+(?P<year>[0-9]{{4}})$"),
    _form("months (2024 Jan)", rf"^(?P<year>[0-9]{{4}})[ -]*{_MONTH}$"),
    _form("dates (31 Dec 2024)", rf"^(?P<day>[0-9]{{1,2}})[ .-]+{_MONTH}[ ,-]+(?P<year>[0-9]{{4}}){_CLOCK}"),
    _form("dates (Dec 31, 2024)", rf"^{_MONTH} (?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}}){_CLOCK}"),
)
