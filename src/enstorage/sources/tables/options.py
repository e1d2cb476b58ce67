"""`TableOptions`: the form of a table, as far as the caller knows it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.stamps import TIME_UNITS
from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named

_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "blank": " "}
_CHOICES = {
    "separator": (*_SEPARATORS.values(),),
    "decimal": (".", ","),
    "thousands": (",", ".", " ", "'"),
    "date_order": ("day-first", "month-first"),
    "time_unit": (*TIME_UNITS, "step"),
    "duplicates": ("refuse", "mean", "sum", "first", "last"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TableOptions:
    """The form of a table, as far as the caller knows it; what is None is found from the table itself.

    Attributes:
        series_column: name of the column with the keys of the series, in a long table.
        time_column: name of the column with the times, or the names of several, such as a date and a time of day.
        value_column: name of the column with the values, or the names of several, in a wide table. The columns of a file
            without header are called 1, 2, 3 …
        separator: `,`, `;`, `|`, a tab, a blank, or their names `comma`, `semicolon`, `pipe`, `tab`, `blank`.
        decimal: decimal character of the values, `.` or `,`.
        thousands: character between groups of three digits: `,`, `.`, `'` or a blank.
        encoding: encoding of a text file, such as `utf-8`, `utf-16` or `latin-1`.
        date_order: `day-first` or `month-first`, for dates such as 02/03/2024.
        date_format: format of all times as `strptime` takes it, such as `%Y%m%d`.
        time_unit: unit of times that are numbers: `s`, `ms`, `us` or `ns` since 1970 UTC, `excel` (days of spreadsheets),
            `jd` or `mjd` (Julian days in UTC), `year`, or `step` for the integers of an integer axis.
        time_zone: IANA name of the zone of times without offset; None: UTC.
        leave_out: names of columns that are neither times nor keys nor values.
        missing: further texts or numbers that stand for a missing value, such as `-999`.
        sheet: name of the sheet of an Excel file; None: the first one.
        snap: an interval, such as `1h`, or a calendar: times that jitter are moved to the nearest start of a bucket of it.
        duplicates: the value of a time that stands in several rows of a series: their `mean` or `sum`, the `first` or the
            `last` one. `refuse`: rows that are equal count once, others are bad rows.
        skip_bad_rows: leave rows out that cannot be read, and list them in the report, instead of refusing the table.

    Raises:
        InvalidInputError: an option has another value.
    """

    series_column: str | None = None
    time_column: str | Sequence[str] | None = None
    value_column: str | Sequence[str] | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    date_order: str | None = None
    date_format: str | None = None
    time_unit: str | None = None
    time_zone: str | None = None
    leave_out: str | Sequence[str] = ()
    missing: str | Sequence[str] = ()
    sheet: str | None = None
    snap: str | Calendar | None = None
    duplicates: str = "refuse"
    skip_bad_rows: bool = False

    NAMES: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "separator", _SEPARATORS.get(self.separator or "", self.separator))
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                known = ", ".join(map(repr, _SEPARATORS if name == "separator" else choices))
                raise InvalidInputError(f"{named(name)} is {value!r:.40}; expected one of {known}. Correct it.")
        if self.thousands is not None and self.thousands == self.decimal:
            raise InvalidInputError(
                f"{named('decimal')} and {named('thousands')} are both {self.decimal!r}; expected two characters. "
                "Correct one of them."
            )
        for name in ("time_column", "value_column", "leave_out", "missing"):
            value = getattr(self, name)
            given = () if value is None else (str(value),) if isinstance(value, str | int | float) else tuple(value)
            object.__setattr__(self, name, tuple(map(str, given)))
        if isinstance(self.snap, str):
            object.__setattr__(self, "snap", Calendar.parse(self.snap, time_zone=self.time_zone or "UTC"))
        if self.series_column is not None and len(self.value_column or ()) > 1:
            raise InvalidInputError(
                f"A long table has one column of values; received {named('series_column')} and "
                f"several of {named('value_column')}. Give one."
            )

    @classmethod
    def of(cls, given: dict[str, Any]) -> "TableOptions":
        """The options that were given as keywords.

        Raises:
            InvalidInputError: there is no such option, or it has another value.
        """
        if unknown := sorted(set(given) - set(cls.NAMES)):
            raise InvalidInputError(
                f"There is no option {unknown[0]!r:.40} of a table; known are {', '.join(cls.NAMES)}. Correct its name."
            )
        return cls(**given)


TableOptions.NAMES = tuple(field.name for field in fields(TableOptions))


def clock_of_tables(clock: Calendar) -> dict[str, str]:
    """The options of `enstorage.sources.TableOptions` with which a table is read by a clock.

    Args:
        clock: of the source.
    """
    if clock.is_counter:
        return {"time_unit": "step"}
    return {} if clock.time_zone == "UTC" else {"time_zone": clock.time_zone}
