"""InfluxQL statements. Names and values become part of a statement only here."""

from collections.abc import Mapping
from operator import index

from enstorage.calendars.calendar import Calendar
from enstorage.instant import MAX_NS

MEASUREMENT, TAG, FIELD = "data_source", "mysql_id", "value"
#: Name of the measurement in which a database marks the points as its own.
CLAIM, HOLDER = "data_source_claim", "holder"

#: The first and the last time that InfluxDB keeps, one nanosecond inside the range of other stores.
EARLIEST, LATEST = 1 - MAX_NS, MAX_NS - 1

# Cast to float, so that shards with integers are read as well.
_VALUE = f'"{FIELD}"::float'
_FUNCTIONS = ("mean", "median", "sum", "min", "max", "first", "last", "count")


def identifier(name: str) -> str:
    """A name of a database, measurement, tag or field, quoted."""
    return f'"{_escaped(name, chr(34))}"'


def literal(text: str) -> str:
    """A text value, quoted."""
    return f"'{_escaped(text, chr(39))}'"


def select_points(source_id: int, first: int = EARLIEST, last: int = LATEST, *, by_series: bool = False) -> str:
    """All values from `first` to `last`, both included; by series: grouped by set of tags."""
    return f"SELECT {_VALUE} {_from(MEASUREMENT)} {_where(source_id, first, last)}{' GROUP BY *' if by_series else ''}"


def select_aggregate(source_id: int, first: int, last: int, interval: Calendar, aggregate: str) -> str:
    """The aggregate of every bucket that has points, grouped by set of tags; local days by the zone's clock."""
    if interval.is_local_days:
        buckets, zone = "time(1d)", f" tz({literal(interval.time_zone)})"
    else:
        buckets, zone = f"time({interval.nanoseconds}ns, {interval.origin}ns)", ""
    return f"{select_one(source_id, aggregate, first, last)} GROUP BY {buckets}, * fill(none){zone}"


def select_field(
    measurement: str,
    field: str,
    tags: Mapping[str, str],
    by: str | None,
    time_from: int | None = None,
    time_to: int | None = None,
) -> str:
    """The values of a field of any measurement, in the half-open period, with these tags; grouped by a tag."""
    first = EARLIEST if time_from is None else max(int(time_from), EARLIEST)
    last = LATEST if time_to is None else min(int(time_to) - 1, LATEST)
    wanted = [f"{identifier(name)} = {literal(value)}" for name, value in tags.items()]
    period = [f"time >= {first}", f"time <= {last}"]
    group = "" if by is None else f" GROUP BY {identifier(by)}"
    return f'SELECT {identifier(field)}::float AS "value" {_from(measurement)} WHERE {" AND ".join(wanted + period)}{group}'


def select_one(source_id: int, aggregate: str, first: int = EARLIEST, last: int = LATEST) -> str:
    """One aggregate over all values; for `first` and `last` the time is that of the point."""
    function = _FUNCTIONS[_FUNCTIONS.index(aggregate)]
    return f"SELECT {function}({_VALUE}) {_from(MEASUREMENT)} {_where(source_id, first, last)}"


def delete_points(source_id: int, first: int = EARLIEST, last: int = LATEST) -> str:
    """Delete the lines of a source; without bounds the server would keep those in the future."""
    return f"DELETE {_from(MEASUREMENT)} {_where(source_id, first, last)}"


def show_sources() -> str:
    """The values of the tag that identifies sources."""
    # InfluxDB 3 reads the last day only unless a period is given.
    return (
        f"SHOW TAG VALUES {_from(MEASUREMENT)} WITH KEY = {identifier(TAG)} WHERE "
        f"time >= {EARLIEST} AND time <= {LATEST}"
    )


def select_claims() -> str:
    """Time and database of every claim."""
    return f"SELECT {identifier(HOLDER)} {_from(CLAIM)}"


def create_database(name: str) -> str:
    """Make a database that keeps points for ever, in shards of ten years.

    By default shards span a week; a yearly series since 1700 would be spread over three hundred of them.
    """
    return f"CREATE DATABASE {identifier(name)} WITH DURATION INF SHARD DURATION 520w"


def grant_all(name: str, user: str) -> str:
    """Let a user read and write a database."""
    return f"GRANT ALL ON {identifier(name)} TO {identifier(user)}"


def _from(measurement: str) -> str:
    return f"FROM {identifier(measurement)}"


def _where(source_id: int, first: int, last: int) -> str:
    return (
        f"WHERE {identifier(TAG)} = {literal(str(index(source_id)))} AND time >= {int(first)} AND time <= {int(last)}"
    )


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
