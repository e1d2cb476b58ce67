"""The forms in which people write times: each is a pattern whose groups name the parts of a time.

The parts are put together as ISO 8601, which `enstorage.instant` reads.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enstorage.errors import InvalidInputError
from enstorage.instant import iso_strings_to_ns
from enstorage.parameters.naming import named
from enstorage.sources.tables.times.numeric import YEAR, Times, decimal_years

if TYPE_CHECKING:
    import polars as pl

#: Names of months in English, German, French, Spanish, Italian, Dutch and Russian, in small letters, without a full stop.
_MONTHS = (
    "jan january jän januar januari janv janvier ene enero gen gennaio янв январь января",
    "feb february februar februari fév févr février febrero febbraio фев февр февраль февраля",
    "mar march mär märz mrz mars marzo mrt maart мар март марта",
    "apr april avr avril abr abril aprile апр апрель апреля",
    "may mai mayo mag maggio mei май мая",
    "jun june juni juin junio giu giugno июн июнь июня",
    "jul july juli juil juillet julio lug luglio июл июль июля",
    "aug august aoû août ago agosto augustus авг август августа",
    "sep sept september septembre septiembre set settembre сен сент сентябрь сентября",
    "oct october okt oktober octobre octubre ott ottobre окт октябрь октября",
    "nov november novembre noviembre ноя нояб ноябрь ноября",
    "dec december dez dezember déc décembre dic diciembre dicembre дек декабрь декабря",
)
#: The numbers of months by their names.
MONTH_NAMES = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_CLOCK = (
    r"(?:[ T,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2}){0,2}))?)?$"
)
_SHORT_CLOCK = r"(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?$"
_MONTH = rf"(?P<name>(?i:{'|'.join(sorted(MONTH_NAMES, key=len, reverse=True))}))\.?"
ORDERED = (
    rf"^(?P<first>[0-9]{{1,2}})(?:[./-] ?| )(?P<second_part>[0-9]{{1,2}})(?:[./-] ?| )(?P<year>[0-9]{{4}}){_CLOCK}"
)
OFFSET = r"(?:Z|UTC|:[0-9]{2}(?:[.,][0-9]+)? ?[+-][0-9]{2}(?::?[0-9]{2}){0,2}|[T ][0-9]{4,6}[+-][0-9]{2}:?[0-9]{2})$"
# Years that fit into nanoseconds, and no 60th second.
_FAST_YEAR = r"(?:1[7-9]|2[01])[0-9]{2}"
_FAST_CLOCK = r"(?:([T ])[0-9]{2}:[0-5][0-9](:[0-5][0-9])?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
YEAR_POINT_MONTH = r"^(?P<year>[0-9]{4})\.(?P<month>0[1-9]|1[0-2]?)$"
WHOLE = r"^[+-]?[0-9]+$"
_ISO = "ISO 8601 (2015-01-29T21:55:43Z, 2015-01)"


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
        if "half_year" in known:
            month = pl.when(pl.col("half_year") == "1").then(pl.lit("01")).otherwise(pl.lit("07"))
        if "name" in known:
            numbers = {name: f"{number:02d}" for name, number in MONTH_NAMES.items()}
            month = pl.col("name").str.to_lowercase().replace_strict(numbers, default=None)
        year = pl.col("year")
        if "short_year" in known:  # as POSIX: 69 to 99 are of the last century
            century = pl.when(pl.col("short_year") >= "69").then(pl.lit("19")).otherwise(pl.lit("20"))
            year = century + pl.col("short_year")
        date = year + "-" + month + "-" + two_digits("day", "01")
        if "hour" not in known:
            return iso_strings_to_ns(parts.select(date.fill_null("")).to_series())
        hour, nothing = two_digits("hour", "00"), pl.lit(None, pl.String)
        half, fraction = (pl.col(name) if name in known else nothing for name in ("half", "fraction"))
        number, half = pl.col("hour").cast(pl.Int8, strict=False), half.str.to_lowercase()
        twelve = (number % 12 + pl.when(half == "p").then(12).otherwise(0)).cast(pl.String).str.zfill(2)
        hour = pl.when(half.is_null()).then(hour).when(number.is_between(1, 12)).then(twelve).otherwise(pl.lit("99"))
        clock = hour + ":" + two_digits("minute", "00") + ":" + two_digits("second", "00")
        zone = pl.col("zone").replace("UTC", "Z").fill_null("")
        return iso_strings_to_ns(
            parts.select((date + "T" + clock + "." + fraction.fill_null("0") + zone).fill_null("")).to_series()
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
            offset, directive = (zone, zone) if zone in {"", "Z"} else ("[+-](?:0[0-9]|1[0-4]):[0-5][0-9]", "%:z")
            pattern = f"^{day}{between and f'{between}[0-9]{{2}}:[0-5][0-9]'}{second and ':[0-5][0-9]'}{offset}$"
            if texts.str.contains(pattern).all():
                date = mark.join(f"%{part}" for part in order)
                clock = between and f"{between}%H:%M{second and ':%S'}{directive}"
                moments = texts.str.to_datetime(date + clock, strict=False, time_unit="ns").cast(pl.Int64)
                return moments.fill_null(0).to_numpy(), moments.is_not_null().to_numpy()
        return otherwise(texts)

    return parse


def _weeks(pattern: str) -> "Callable[[pl.Series], Times]":
    """Reads ISO weeks, also with a day of them."""

    def parse(texts: "pl.Series") -> Times:
        import polars as pl

        parts = texts.str.extract_groups(pattern).struct.unnest()
        weekday = pl.col("weekday") if "weekday" in parts.columns else pl.lit(None, pl.String)
        day = pl.concat_str(pl.col("year"), pl.col("week").str.zfill(2), weekday.fill_null("1"), separator="-")
        dates = parts.select(day).to_series().str.to_date("%G-%V-%u", strict=False)
        return dates.cast(pl.Datetime("ns")).cast(pl.Int64).fill_null(0).to_numpy(), dates.is_not_null().to_numpy()

    return parse


def _years_into_the_next(texts: "pl.Series") -> Times:
    """Reads the first of two years, if the second one follows it."""
    import polars as pl

    parts = texts.str.extract_groups(YEAR_AND_NEXT).struct.unnest()
    year = pl.col("year").cast(pl.Int64)
    follows = (year + 1).cast(pl.String).str.ends_with(pl.col("next"))
    return iso_strings_to_ns(parts.select(pl.when(follows).then(pl.col("year")).fill_null("")).to_series())


def _days_of_year(texts: "pl.Series") -> Times:
    import polars as pl

    parts = texts.str.extract_groups(_DAY_OF_YEAR).struct.unnest()
    day = pl.concat_str("year", "day", separator=" ").str.to_date("%Y %j", strict=False).cast(pl.Datetime("ns"))
    hours = pl.duration(hours=pl.col("hour").fill_null("0").cast(pl.Int64), time_unit="ns")
    moments = parts.select((day + hours).cast(pl.Int64)).to_series()
    return moments.fill_null(0).to_numpy(), moments.is_not_null().to_numpy()


def told_format(format: str) -> TimeForm:
    """The form of a format as `strptime` takes it; hours may stand without minutes, and weeks without a day.

    Raises:
        InvalidInputError: by its `parse`, if the format cannot be used.
    """

    def parse(texts: "pl.Series") -> Times:
        import polars as pl

        has_hours_alone = "%H" in format and re.search("%[MRTc+X]", format) is None
        has_weeks_alone = re.search("%[UVW]", format) is not None and re.search("%[AauwdejDFxc]", format) is None
        texts, full = (texts + " 00", f"{format} %M") if has_hours_alone else (texts, format)
        texts, full = (texts + " 1", f"{full} %u") if has_weeks_alone else (texts, full)  # Mondays
        try:
            moments = texts.str.to_datetime(full, strict=False, time_unit="ns", time_zone="UTC")
        except pl.exceptions.PolarsError as error:
            raise InvalidInputError(
                f"{named('date_format')} as {format!r:.60} cannot be used: {str(error).splitlines()[0]:.120}. Give one "
                "as strptime takes it, such as '%d.%m.%Y %H:%M'."
            ) from None
        return moments.cast(pl.Int64).fill_null(0).to_numpy(), moments.is_not_null().to_numpy()

    return TimeForm(f"times of the form {format}", "", parse)


def _form(shown: str, pattern: str) -> TimeForm:
    return TimeForm(shown, pattern, _parts(pattern))


_DAY_OF_YEAR = r"^(?P<year>[0-9]{4}) D(?P<day>[0-9]{3})(?: (?P<hour>[0-9]{2}):00)?$"
#: A year and the next one, as of sports, harvests and accounts.
YEAR_AND_NEXT = r"^(?:[Ff][Yy] ?)?(?P<year>[0-9]{4}) ?[/–-] ?(?P<next>[0-9]{2}|[0-9]{4})$"
_WEEK_FIRST = r"^(?:KW|[Ww])[ .]?(?P<week>[0-9]{1,2})[ /-](?P<year>[0-9]{4})$"
_WEEK_BEHIND = r"^(?P<year>[0-9]{4})[ /-]?(?:KW|[Ww])[ .]?(?P<week>[0-9]{1,2})$"
_WEEK = r"^(?P<year>[0-9]{4})[- ]?[Ww](?P<week>[0-9]{2})(?:-?(?P<weekday>[1-7]))?$"
PLAIN_ISO = (
    r"^[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9:]{2,8})?)?)?$"
)
TWO_DIGITS = rf"^(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.(?P<short_year>[0-9]{{2}}){_CLOCK}"
SHORT_ORDERED = rf"^(?P<first>[0-9]{{1,2}})[/-](?P<second_part>[0-9]{{1,2}})[/-](?P<short_year>[0-9]{{2}}){_CLOCK}"
#: A month and a year of two digits; where the year may be a day, `times.column` decides.
SHORT_MONTH = rf"^{_MONTH}(?P<between>[ -]?['’]|[ -])(?P<short_year>[0-9]{{2}})$"
ISO_FORM = TimeForm(_ISO, PLAIN_ISO, _at_once("Ymd", iso_strings_to_ns))
DAY_FIRST = TimeForm("dates with the day first (31.12.2024)", ORDERED, _at_once("dmY", _parts(ORDERED)))
MONTH_FIRST = TimeForm(
    "dates with the month first (12/31/2024)", ORDERED, _at_once("mdY", _parts(ORDERED, first_is="month"))
)
SHORT_YEAR = _form("dates with the day first and a year of two digits (31.12.24)", TWO_DIGITS)
SHORT_DAY_FIRST = _form("dates with the day first and a year of two digits (31/12/24)", SHORT_ORDERED)
SHORT_MONTH_FIRST = TimeForm(
    "dates with the month first and a year of two digits (12/31/24)",
    SHORT_ORDERED,
    _parts(SHORT_ORDERED, first_is="month"),
)
SHORT_MONTHS = _form("months with a year of two digits (Jan-24)", SHORT_MONTH)
YEARS = TimeForm("a year (1749 or 1749.042)", YEAR, decimal_years)
YEAR_AND_MONTH = TimeForm(
    "a year and a month (1871.01 … 1871.12)",
    YEAR_POINT_MONTH,
    # A spreadsheet writes 1871.10 as the number 1871.1.
    lambda texts: _parts(YEAR_POINT_MONTH)(texts.str.replace(r"\.1$", ".10")),
)
YEARS_INTO_THE_NEXT = TimeForm("years into the next (2015/16), by the first one", YEAR_AND_NEXT, _years_into_the_next)
#: Forms that cannot be taken for another one, but for the years of `YEARS_INTO_THE_NEXT` that could be months.
WORDED = (
    _form(
        "dates with the year first (2024/12/31)",
        rf"^(?P<year>[0-9]{{4}})[-/. ](?P<month>[0-9]{{1,2}})[-/. ](?P<day>[0-9]{{1,2}})\.?{_CLOCK}",
    ),
    _form(
        "ISO 8601 without separators (20150129T215543Z)",
        rf"^(?P<year>[0-9]{{4}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})[T ](?P<hour>[0-9]{{2}}){_SHORT_CLOCK}",
    ),
    _form("a year and a month (2024 1)", r"^(?P<year>[0-9]{4}) (?P<month>[0-9]{1,2})$"),
    TimeForm("a year and a day of the year", _DAY_OF_YEAR, _days_of_year),
    _form("quarters (2024Q1)", r"^(?P<year>[0-9]{4})[ /:-]?[Qq](?P<quarter>[1-4])$"),
    _form("quarters (Q1 2024)", r"^[Qq](?P<quarter>[1-4])[ /-]?(?P<year>[0-9]{4})$"),
    _form("quarters (1Q 2024)", r"^(?P<quarter>[1-4])[Qq][ '’/-]?(?P<year>[0-9]{4})$"),
    _form("quarters with a year of two digits (1Q24)", r"^(?P<quarter>[1-4])[Qq][ '’/-]?(?P<short_year>[0-9]{2})$"),
    _form("quarters with a year of two digits (Q1-24)", r"^[Qq](?P<quarter>[1-4])[ '’/-](?P<short_year>[0-9]{2})$"),
    _form("half-years (2024H1)", r"^(?P<year>[0-9]{4})[ /-]?[HhSs](?P<half_year>[12])$"),
    _form("half-years (H1 2024)", r"^[HhSs](?P<half_year>[12])[ /-]?(?P<year>[0-9]{4})$"),
    TimeForm("ISO weeks (2020-W01)", _WEEK, _weeks(_WEEK)),
    TimeForm("ISO weeks (W1 2020)", _WEEK_FIRST, _weeks(_WEEK_FIRST)),
    TimeForm("ISO weeks (2020 W1)", _WEEK_BEHIND, _weeks(_WEEK_BEHIND)),
    _form("months (2024M01)", r"^(?P<year>[0-9]{4})-?[Mm](?P<month>[0-9]{1,2})$"),
    _form("months (2024/01)", r"^(?P<year>[0-9]{4})/(?P<month>0[1-9]|1[0-2])$"),
    _form("months (01/2024)", r"^(?P<month>[0-9]{1,2})[/ -](?P<year>[0-9]{4})$"),
    _form("months (Jan 2024)", rf"^{_MONTH}[ ,-]+(?P<year>[0-9]{{4}})$"),
    _form("months (2024 Jan)", rf"^(?P<year>[0-9]{{4}})[ -]*{_MONTH}$"),
    _form("dates (2024 Dec 31)", rf"^(?P<year>[0-9]{{4}})[ -]+{_MONTH}[ -]+(?P<day>[0-9]{{1,2}}){_CLOCK}"),
    _form("dates (31 Dec 2024)", rf"^(?P<day>[0-9]{{1,2}})[ .-]+{_MONTH}[ ,-]+(?P<year>[0-9]{{4}}){_CLOCK}"),
    _form("dates (31-Dec-24)", rf"^(?P<day>[0-9]{{1,2}})[ .-]+{_MONTH}[ ,-]+(?P<short_year>[0-9]{{2}}){_CLOCK}"),
    _form("dates (Dec 31, 2024)", rf"^{_MONTH} (?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}}){_CLOCK}"),
    _form("fiscal years (FY2024), by their number", r"^[Ff][Yy] ?(?P<year>[0-9]{4})$"),
    YEARS_INTO_THE_NEXT,
)
