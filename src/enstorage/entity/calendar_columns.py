"""`CalendarColumns`: the calendar of a source or a snapshot, as columns."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, validates

from enstorage.calendars.calendar import Calendar, check_anchor, check_dates
from enstorage.calendars.zone import check_time_zone
from enstorage.database.types import JsonText
from enstorage.entity.columns import facts
from enstorage.errors import InvalidInputError

#: The keys of the column `dates`.
HOLIDAYS, PERIODS = "holidays", "periods"


def canonical_interval(interval: str) -> str:
    """An interval in its stored form.

    Raises:
        InvalidInputError: it is not an interval.
    """
    return _canonical(interval) if isinstance(interval, str) else str(Calendar.parse(interval))


@lru_cache(maxsize=256)  # thousands of sources of a panel have the same one
def _canonical(interval: str) -> str:
    return str(Calendar.parse(interval, periods=["1970-01-01"]))


@lru_cache(maxsize=256)
def _parsed(
    interval: str, time_zone: str, anchor: str | None, holidays: tuple[str, ...], periods: tuple[str, ...]
) -> Calendar:
    """The calendar of a source, which is asked for at each label of a time."""
    return Calendar.parse(interval, time_zone=time_zone, anchor=anchor, holidays=holidays, periods=periods)


def canonical_dates(dates: dict[str, Iterable[str]]) -> dict[str, list[str]]:
    """Holidays and listed periods in their stored form.

    Raises:
        InvalidInputError: there are others, or one is no local time.
    """
    if unknown := dates.keys() - {HOLIDAYS, PERIODS}:
        raise InvalidInputError(f"The dates of a calendar are holidays and periods; received {sorted(unknown)!r:.60}.")
    return {name: list(check_dates(each)) for name, each in dates.items()}


class CalendarColumns:
    """Interval, time zone, anchor and dates. A source may change them, a snapshot keeps those with which it was taken."""

    _keeps_calendar: ClassVar[bool] = False

    @declared_attr
    def time_interval(cls) -> Mapped[str | None]:  # noqa: N805
        """Length of the buckets."""
        help = "Length of the buckets of snapshots, such as 1d; by default the points are not grouped."
        own = "Length of its buckets; without it the rows are the points."
        return mapped_column(
            String(32),
            info=facts(
                own if cls._keeps_calendar else help, immutable=cls._keeps_calendar, canonical=canonical_interval
            ),
        )

    @declared_attr
    def time_zone(cls) -> Mapped[str]:  # noqa: N805
        """Zone of the clock."""
        help = "Zone whose calendar days and longer buckets follow, an IANA name such as Europe/London."
        return mapped_column(
            String(64),
            default="UTC",
            server_default="UTC",
            info=facts(help, immutable=cls._keeps_calendar, canonical=check_time_zone),
        )

    @declared_attr
    def anchor(cls) -> Mapped[str | None]:  # noqa: N805
        """Start of a bucket."""
        help = "Local start of one of the buckets, from which the others are counted, such as 2022-03-01."
        info = facts(help, listed=False, immutable=cls._keeps_calendar, canonical=check_anchor)
        return mapped_column(String(40), info=info)

    @declared_attr
    def dates(cls) -> Mapped[dict[str, Any] | None]:  # noqa: N805
        """Holidays and listed periods."""
        help = "Holidays of business days, or starts of listed periods."
        info = facts(help, listed=False, immutable=cls._keeps_calendar, canonical=canonical_dates)
        return mapped_column(JsonText, info=info)

    @property
    def calendar(self) -> Calendar | None:
        """Its buckets; None if the points are not grouped."""
        if self.time_interval is None:
            return None
        dates = self.dates or {}
        holidays, periods = (tuple(dates.get(kind, ())) for kind in (HOLIDAYS, PERIODS))
        return _parsed(self.time_interval, self.time_zone, self.anchor, holidays, periods)

    @property
    def holidays(self) -> list[str]:
        """Local days that are no business days."""
        return list((self.dates or {}).get(HOLIDAYS, ()))

    @property
    def periods(self) -> list[str]:
        """Local starts of the listed periods."""
        return list((self.dates or {}).get(PERIODS, ()))

    def label(self, time: int) -> str:
        """A time as people write it: ISO 8601 with the offset of the time zone; on an integer axis the integer."""
        return self.clock.label(time)

    @property
    def clock(self) -> Calendar:
        """Its calendar; of points that are not grouped one that has their time zone."""
        return self.calendar or Calendar(1, "ns", self.time_zone)

    def _calendar_of(self, interval: str) -> Calendar:
        """The buckets of an interval; its own anchor and dates hold for its own interval only."""
        own = self.calendar
        if own is not None and interval == str(own):
            return own
        return Calendar.parse(interval, time_zone=self.time_zone, **(self.dates or {}))

    @validates("time_interval")
    def _canonical_interval(self, _key: str, value: str | None) -> str | None:
        return None if value is None else canonical_interval(value)

    @validates("time_zone")
    def _known_zone(self, _key: str, value: str) -> str:
        return check_time_zone(value)

    @validates("anchor")
    def _canonical_anchor(self, _key: str, value: object) -> str | None:
        return check_anchor(value)

    @validates("dates")
    def _canonical_dates(self, _key: str, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if value is None else canonical_dates(value)


def dates_of(holidays: Iterable[Any] | None, periods: Iterable[Any] | None) -> dict[str, Any] | None:
    """The column `dates`."""
    given = {HOLIDAYS: holidays, PERIODS: periods}
    return {name: list(check_dates(dates)) for name, dates in given.items() if dates is not None} or None
