"""`DataSource`: a series in its current state."""

import os
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column, validates

from enstorage.address_space import check_address_space
from enstorage.calendars.stamps import parse_time
from enstorage.database.types import Name
from enstorage.entity._record import Record
from enstorage.entity.calendar_columns import CalendarColumns, dates_of
from enstorage.entity.columns import facts
from enstorage.errors import InvalidInputError, StoreError
from enstorage.instant import TimeLike
from enstorage.progress import Progress, listening
from enstorage.series.base import AGGREGATES, Points, SeriesStore, check_aggregate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from enstorage.connector import Connector
    from enstorage.entity.data_snapshot import DataSnapshot
    from enstorage.entity.project import Project
    from enstorage.sources.tables import TableReport


class DataSource(CalendarColumns, Record):
    """Describes a series that lives in the series store, where it can change, grow and lose points.

    Args:
        name: display name.
        time_from: start of the period that snapshots cover; None: from the first point.
        time_to: end of that period, itself excluded; None: to the last point.
        time_interval: length of the buckets of a snapshot, such as `1y`, `1mo`, `1w`, `1b` (business day), `1d`, `15m`; see
            `Calendar` for all. `step` or `year` make an integer axis, whose times are plain integers. None takes the points
            without grouping, which is meant for events.
        aggregate: aggregate of the points of a bucket: mean, median, sum, min, max, first, last or count.
        time_zone: IANA name of a zone, such as Europe/London. Days and longer buckets follow its calendar, and times without
            an offset are local to it.
        anchor: local start of one of the buckets, from which the others are counted: `2022-03-01` for quarters that begin in
            March.
        holidays: local days that are no business days.
        periods: local starts of listed periods, for an interval such as `1p`.
        unit: unit of the values, shown with them.
        description: free text.
        connector: the store; the current one by default.

    Times are given in any form (`enstorage.instant.to_ns`), without an offset local to the time zone, and stored as int64
    nanoseconds since 1970, UTC; on an integer axis they are integers.

    Raises:
        InvalidInputError: an interval, time zone or aggregate is not known, the anchor starts no bucket, or the period is
            empty.
    """

    __tablename__ = "data_source"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    time_from: Mapped[int | None] = mapped_column(
        BigInteger, info=facts("Start of the period of snapshots; by default the first point.", is_time=True)
    )
    time_to: Mapped[int | None] = mapped_column(
        BigInteger, info=facts("End of that period, itself excluded; by default after the last point.", is_time=True)
    )
    aggregate: Mapped[str] = mapped_column(
        String(16),
        info=facts(
            "Function that turns the points of a bucket into one value.",
            canonical=check_aggregate,
            choices=lambda: AGGREGATES,
        ),
    )
    unit: Mapped[str] = mapped_column(Name, info=facts("Unit of the values."))

    def __init__(
        self,
        *,
        name: str,
        time_from: TimeLike | None = None,
        time_to: TimeLike | None = None,
        time_interval: str | None = None,
        aggregate: str = "mean",
        time_zone: str = "UTC",
        anchor: TimeLike | None = None,
        holidays: "Iterable[TimeLike] | None" = None,
        periods: "Iterable[TimeLike] | None" = None,
        unit: str = "",
        description: str = "",
        connector: "Connector | None" = None,
    ) -> None:
        super().__init__(
            connector=connector,
            name=name,
            time_interval=time_interval,
            time_zone=time_zone,
            anchor=anchor,
            dates=dates_of(holidays, periods),
            time_from=time_from,
            time_to=time_to,
            aggregate=aggregate,
            unit=unit,
            description=description,
        )
        _ = self.calendar  # refuses an anchor that is none of the interval

    @validates("time_from", "time_to")
    def _to_nanoseconds(self, key: str, value: TimeLike | None) -> int | None:
        time_ns = self._time(value)
        start, end = (time_ns, self.time_to) if key == "time_from" else (self.time_from, time_ns)
        if start is not None and end is not None and start >= end:
            raise InvalidInputError(
                f"The period of the source is empty: it starts at {self.label(start)} and ends before {self.label(end)}. "
                "Give a time_to later than time_from."
            )
        return time_ns

    @validates("aggregate")
    def _known_aggregate(self, _key: str, value: str) -> str:
        return check_aggregate(value)

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        name: str,
        time_interval: str | None = None,
        aggregate: str = "mean",
        time_zone: str | None = None,
        anchor: TimeLike | None = None,
        unit: str = "",
        description: str = "",
        connector: "Connector | None" = None,
        progress: bool | Progress = False,
        **options: Any,
    ) -> Self:
        """Make a source of the series in a table, and store its points; both or nothing.

        Args:
            table: of one series, as `write` takes it; for several see `Panel.from_table`.
            name: display name.
            time_interval: see the class; None: inferred from the times, with its anchor, if there are two or more.
            aggregate: see the class.
            time_zone: see the class; also of times without an offset; None: that in which
                the table has its times, as Parquet files and pandas keep it, else UTC.
            anchor: see the class.
            unit: unit of the values; by default the one that stands beside them in the table.
            description: free text.
            connector: the store; the current one by default.
            progress: show a bar, or a function, see `enstorage.Progress`.
            **options: the form of the table, see `enstorage.sources.TableOptions`.

        Raises:
            CancelledError: the progress function asked to stop; nothing was stored then.
            InvalidInputError: the table cannot be read, or has several series; nothing was stored then.
        """
        from enstorage.sources.tables.calendars import infer_calendars, read_on_clock, zone_of_sources

        with listening(progress) as report:
            report("Reading points", 0, 2)
            read, clock = read_on_clock(table, time_interval, time_zone, anchor, options)
            read.one_series()
            zone = zone_of_sources(read, time_zone)
            [found] = infer_calendars(read, zone).values() if clock is None else [clock]
            source = cls(
                name=name,
                time_interval=None if found is None else str(found),
                aggregate=aggregate,
                time_zone=zone,
                anchor=None if found is None else found.anchor,
                unit=unit or read.report.unit,
                description=description,
                connector=connector,
            )
            source.write(read, progress=report.within(1, 2, 2))
        return source

    def write(
        self,
        times: "Any | str | os.PathLike[str] | Path",
        values: Any = None,
        *,
        time_unit: str | None = None,
        snap: str | None = None,
        duplicates: str = "refuse",
        progress: bool | Progress = False,
        **options: Any,
    ) -> int:
        """Store points in one write; the value of an existing time is replaced.

        Times without an offset are local to the time zone of the source. On an integer axis times are integers.

        Args:
            times: shape (n,): NumPy, list, pandas, Polars or Arrow; or alone: a table (the path of a file of text, Parquet
                or Excel, or a table of pandas, Polars or Arrow), or an `enstorage.sources` loader of one series. What was
                taken from a table is in `table_report`; missing values in it are gaps. Texts that are not ISO 8601, such as
                31.12.2024, 2024Q1 or 1871.01, are read as those of a table.
            values: shape (n,), finite.
            time_unit: of numbers: `s`, `ms`, `us` or `ns` since 1970, `excel` (days of spreadsheets), `jd` or `mjd` (Julian
                days) or `year`. Without it integers from 1500 to 2300 are years, others nanoseconds, and are refused if they
                may be something else.
            snap: an interval, such as `1h`: times that jitter are moved to the nearest start of a bucket of it.
            duplicates: the value of a time that is there several times: `mean`, `sum`, `first` or `last`; or `refuse`.
            progress: show a bar, or a function, see `enstorage.Progress`.
            **options: the form of the table, see `enstorage.sources.TableOptions`; of texts in arrays `date_order` and
                `date_format`.

        Returns:
            Number of points written.

        Raises:
            CancelledError: the progress function asked to stop; nothing was written then.
            InvalidInputError: lengths differ, a value is not a finite number, a time is repeated, a row of the table cannot
                be read; nothing was written then.
        """
        check_address_space()  # reading loads further libraries, which fail in many ways where it is short
        from enstorage.sources.points import read_series

        with listening(progress) as report:
            report("Reading points", 0, 1)
            buckets = None if snap is None else self._calendar_of(snap)
            given = options | {"time_unit": time_unit, "snap": buckets, "duplicates": duplicates}
            points, table = read_series(times, values, self.clock, given)
            report("Storing points", 1, 1)
        # A new source is stored with its points or not at all.
        with self.connector.transaction() if self._is_new else nullcontext():
            self.save()  # raises if the source was deleted meanwhile
            self.connector.series.append(self.id, *points)
        self.__dict__["_report"] = table
        return len(points[0])

    @property
    def table_report(self) -> "TableReport | None":
        """The report of the table that this object read last, an `enstorage.sources.TableReport`; else None."""
        return self.__dict__.get("_report")

    def import_lines(
        self,
        file: "str | os.PathLike[str]",
        *,
        measurement: str = "data_source",
        field: str = "value",
        tags: "Mapping[str, str] | None" = None,
        precision: str | None = None,
        progress: bool | Progress = False,
    ) -> int:
        """Store the points of this source from a file in InfluxDB's line protocol, plain or compressed (`.gz`).

        Other lines of the file are skipped. Integers (`5i`, `5u`) become floats; of several points at one time the last
        one is taken.

        Args:
            file: its path; lines such as `data_source,mysql_id=234 value=0.55 1422568543702900257`.
            measurement: the measurement at the beginning of the lines.
            field: the field with the value.
            tags: tags that a line must have; by default the id of this source as `mysql_id`.
            precision: the unit of the times, `ns`, `us`, `ms` or `s`; by default `ns`, but then times of fewer than 17
                digits are refused, since they probably have another unit.
            progress: show a bar, or a function, see `enstorage.Progress`.

        Returns:
            Number of points written.

        Raises:
            CancelledError: the progress function asked to stop; nothing was written then.
            InvalidInputError: the file cannot be read or has no points of this source, or a line is malformed, has no
                time, or has a text or a bool as its value; nothing was written then.
        """
        from enstorage.sources.line_file import LineFile

        wanted = {"mysql_id": str(self._saved().id)} if tags is None else tags
        with listening(progress) as report:
            report("Reading lines", 0, 2)
            points = LineFile(Path(file), wanted, measurement, field, precision).read()
            return self.write(*points, time_unit="ns", progress=report.within(1, 2, 2))

    def read(
        self,
        time_from: TimeLike | None = None,
        time_to: TimeLike | None = None,
        interval: str | None = None,
        aggregate: str | None = None,
    ) -> Points:
        """The current points of the half-open period [time_from, time_to), by default all.

        Args:
            time_from: start; None: from the first point.
            time_to: end, itself excluded; None: to the last point.
            interval: length of the buckets into which points are grouped; None: no grouping.
            aggregate: aggregate of the points of a bucket; by default that of the source.

        Returns:
            Times (int64 ns; for buckets their starts, without empty buckets) and values (float64), shape (n,).
        """
        series = self._saved().connector.series
        start, end = self._time(time_from), self._time(time_to)
        if interval is None:
            return series.read(self.id, start, end)
        buckets, function = self._calendar_of(interval), check_aggregate(aggregate or self.aggregate)
        if (extent := series.extent(self.id)) is None:
            return series.read(self.id, start, end)
        period = extent[0] if start is None else start, extent[1] + 1 if end is None else end
        return series.aggregate(self.id, *period, buckets, function)

    def delete_points(self, time_from: TimeLike | None = None, time_to: TimeLike | None = None) -> int:
        """Delete the points of the half-open period [time_from, time_to), by default all; returns their number."""
        series = self._saved().connector.series
        return series.delete_points(self.id, self._time(time_from), self._time(time_to))

    def import_report(self) -> dict[str, Any]:
        """Count the points and buckets of its period as they are now.

        Returns:
            `points`, `buckets` and, of these, `measured` with points, `shared_buckets` with several points and
            `empty_before`, `empty_between` and `empty_after` the points without any; `partial_first` and `partial_last`,
            true if the points cover the first or last bucket with points only in part, as ten days of a month;
            `jitter_seconds`, if times jitter around the starts of buckets, else null; and `messages`, sentences on what
            is unusual. Without interval or points `points` and `messages` only.
        """
        from enstorage.entity._panel_report import source_report

        return source_report(self._saved())

    def create_snapshot(
        self,
        description: str = "",
        name: str | None = None,
        *,
        whole_period: bool = False,
        keep_partial: bool = False,
    ) -> "DataSnapshot":
        """Take a snapshot of the source for its period, grouped by its interval with its aggregate.

        It begins with the first and ends with the last bucket that has points; what it leaves out is in its `completeness`,
        and in words in `remarks()`. For the aggregate `count` empty buckets are measured: 0.

        Args:
            description: free text.
            name: display name.
            whole_period: keep all buckets of the period, also empty ones before and after all points.
            keep_partial: keep the first and last bucket with points if the points cover them only in part.

        Raises:
            InvalidInputError: the period has no points.
        """
        from enstorage.entity._rows import SnapshotEnds
        from enstorage.entity.data_snapshot import DataSnapshot

        return DataSnapshot.take(self._saved(), description, name, SnapshotEnds(whole_period, keep_partial))

    def snapshots(self) -> "list[DataSnapshot]":
        """The snapshots taken of this source, oldest first."""
        from enstorage.entity.data_snapshot import DataSnapshot

        return self._children(DataSnapshot.data_source_id)

    def check_snapshots(self) -> "list[DataSnapshot]":
        """Compare all snapshots with the current points of their periods, and store the result with each.

        `Ensemble.staleness` reports changes for the ensembles made from these snapshots.

        Returns:
            The snapshots whose points have changed.
        """
        return [snapshot for snapshot in self.snapshots() if not snapshot.check()]

    def projects(self) -> "list[Project]":
        """The projects over this source."""
        from enstorage.entity.project import Project

        return self._children(Project.data_source_id)

    def _time(self, value: TimeLike | None) -> int | None:
        return None if value is None else parse_time(value, self.time_zone, is_counter=self.clock.is_counter)

    @classmethod
    def _after_insert(cls, ids: list[int], connector: "Connector") -> None:
        # The ids of a transaction that was rolled back or killed are assigned again, but the points under them stay.
        connector.series.delete_leftovers(ids)

    def _after_delete(self, session: "Session") -> None:
        # Only after the commit: a roll-back could not restore the points.
        session.info.setdefault("on_commit", []).append(partial(_delete_points, self.connector.series, self.id))


def _delete_points(series: SeriesStore, source_id: int) -> None:
    # If this fails, the points stay without a source: its id is never assigned again.
    with suppress(StoreError):
        series.delete_source(source_id)
