"""`InfluxLoader`: the series of one field of a measurement in InfluxDB."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso
from enstorage.places.connections import check_connection, connection_url
from enstorage.series.influx import influxql
from enstorage.series.influx.place import SCHEMES, InfluxPlace
from enstorage.series.influx.rows import rows_of
from enstorage.series.influx.server import InfluxServer
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted


@dataclass(frozen=True)
class InfluxLoader(SourceLoader):
    """Points that others write to InfluxDB: one field of a measurement, one series or one for each value of a tag.

    The key of a series is the value of the tag `by`, or the name of the measurement. The server groups and filters; nothing
    is written or made there.

    Attributes:
        connection: name of the database, such as `plant` for `ENSTORAGE_CONNECTION_PLANT=influxdb://user:password@host/db`.
        measurement: its name.
        value: name of the field; its values are numbers.
        by: name of a tag; "" for one series.
        tags: tags that a point must have, such as {"site": "north"}.
    """

    name: ClassVar[str] = "influxdb"

    connection: str
    measurement: str
    value: str = "value"
    by: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_connection(self.connection)
        texts = (
            (self.measurement, self.value, *self.tags, *self.tags.values()) if isinstance(self.tags, Mapping) else (0,)
        )
        if not all(isinstance(each, str) and each and each.isprintable() for each in texts):
            raise InvalidInputError(
                f"InfluxLoader: measurement {self.measurement!r:.40}, value {self.value!r:.40} and tags {self.tags!r:.60}; "
                "expected texts, not empty, and tags such as {'site': 'north'}."
            )
        if not isinstance(self.by, str) or not (self.by.isprintable() or not self.by):
            raise InvalidInputError(f"InfluxLoader: by is {self.by!r:.60}; expected the name of a tag, or nothing.")

    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """See `SourceLoader.read`."""
        report("Asking", 0, 1)
        server = InfluxServer(InfluxPlace.parse(connection_url(self.connection, SCHEMES)), may_create=False)
        statement = influxql.select_field(
            self.measurement, self.value, self.tags, self.by or None, wanted.time_from, wanted.time_to
        )
        rows = rows_of(server, statement, with_tags=bool(self.by)).drop_nulls("value")
        parts: Any = rows.partition_by("tags", maintain_order=True) if self.by else [rows]
        for done, part in enumerate(parts):
            key = _key(part["tags"][0], self.by) if self.by else self.measurement
            if not part.height or not wanted.has(key):
                continue
            report(f"Reading {key}", done, len(parts))
            ordered = part.sort("time")
            times = ordered["time"]
            if (times.diff() == 0).any():
                at = to_iso(int(times.filter(times.diff() == 0)[0]))
                raise InvalidInputError(
                    f"The series {key!r} of the measurement {self.measurement!r} has several points at {at}; expected one. "
                    "They differ in a tag: name it by `by`, or choose one of its values by `tags`."
                )
            yield LoadedSeries(key, times.to_numpy(), ordered["value"].to_numpy())
        report("Asking", 1, 1)


def _key(tags: str | None, by: str) -> str:
    return (tags or "").removeprefix(f"{by}=") or "without"
