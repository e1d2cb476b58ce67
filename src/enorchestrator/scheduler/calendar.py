"""Times of a schedule, by `cronsim`: as Debian's cron keeps them, also where clocks are changed."""

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from enstorage.errors import InvalidInputError
from enstorage.terminal import printable


def next_time(cron: str, time_zone: str, after: datetime) -> datetime:
    """The first time of a schedule after a moment, in UTC.

    Args:
        cron: five fields: minute, hour, day of the month, month, day of the week.
        time_zone: in which they are meant; an IANA name.
        after: the moment, with its time zone.

    Raises:
        InvalidInputError: the fields or the time zone are none, or there is no such time; `field` names the place.
    """
    if time_zone not in available_timezones():
        raise InvalidInputError(
            f"time_zone is {printable(time_zone)[:60]!r}; expected an IANA name such as Europe/London. Correct it.",
            field="time_zone",
        )
    try:
        found = next(CronSim(cron, after.astimezone(ZoneInfo(time_zone))))
    except (CronSimError, StopIteration) as error:
        raise InvalidInputError(
            f"cron is {printable(cron)[:60]!r}: {str(error) or 'it names no time in the next 50 years'}; expected minute, "
            "hour, day of the month, month and day of the week, such as 0 6 * * 1-5. Correct it.",
            field="cron",
        ) from None
    return found.astimezone(UTC)


def next_times(cron: str, time_zone: str, count: int, after: datetime) -> list[datetime]:
    """The first times of a schedule after a moment, in UTC; fewer where there are no more.

    Args:
        cron: five fields, see `next_time`.
        time_zone: in which they are meant.
        count: largest number of times.
        after: the moment, with its time zone.

    Raises:
        InvalidInputError: the fields or the time zone are none, or there is no such time; `field` names the place.
    """
    times = [next_time(cron, time_zone, after)]
    further = CronSim(cron, times[0].astimezone(ZoneInfo(time_zone)))
    return times + [each.astimezone(UTC) for each in islice(further, count - 1)]
