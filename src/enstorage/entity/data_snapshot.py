"""`DataSnapshot`: the points of a source at one moment."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonText, Name, UtcDateTime
from enstorage.entity._record import now
from enstorage.entity._rows import MEASURED, SnapshotEnds, fix, load, rows_of
from enstorage.entity._saving import save_all
from enstorage.entity.calendar_columns import CalendarColumns
from enstorage.entity.columns import facts
from enstorage.entity.data_csv import DataCsv, TableOwner
from enstorage.entity.data_source import DataSource
from enstorage.errors import EnstorageError, InvalidInputError, NotFoundError
from enstorage.objects.base import checked_hash
from enstorage.progress import Listener, listening
from enstorage.series.base import check_aggregate
from enstorage.series.batches import read_each
from enstorage.series.completeness import in_words

if TYPE_CHECKING:
    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.series.base import Points


class DataSnapshot(CalendarColumns, TableOwner):
    """The points of a source when the snapshot was taken; independent of the source and immutable.

    It has a row for every bucket of its period, from the first to the last with points. The value of a bucket without
    points is NaN until a preparation cleans it (for the aggregate `count` it is 0, and measured). Without interval the rows
    are the points.
    """

    __tablename__ = "data_snapshot"
    _keeps_calendar = True

    name: Mapped[str | None] = mapped_column(Name, info=facts("Display name; may be left out."))
    data_source_id: Mapped[int] = mapped_column(
        ForeignKey("data_source.id"),
        index=True,
        info=facts("The source it was taken from.", immutable=True, made_from=True),
    )
    time_from: Mapped[int] = mapped_column(BigInteger, info=facts("Start of its period.", immutable=True, is_time=True))
    time_to: Mapped[int] = mapped_column(
        BigInteger, info=facts("End of its period, itself excluded.", immutable=True, is_time=True)
    )
    aggregate: Mapped[str] = mapped_column(
        String(16),
        info=facts("Aggregate of the points of a bucket.", immutable=True, canonical=check_aggregate),
    )
    rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of rows.", immutable=True))
    empty_rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of rows without value.", immutable=True))
    series_version: Mapped[int | None] = mapped_column(
        BigInteger,
        info=facts(
            "Version of the series store that was read; none if the store has no versions.",
            listed=False,
            immutable=True,
        ),
    )
    sha256: Mapped[str] = mapped_column(
        String(64),
        info=facts("Hash over the times and values of all rows.", listed=False, immutable=True, canonical=checked_hash),
    )
    #: Of a snapshot with buckets, what `DataSource.import_report` counts; `left_out`, the numbers of buckets at the ends of
    #: the period of the source that it leaves out, by `empty_before`, `partial_first`, `partial_last` and `empty_after`;
    #: and `partial`, the starts of the buckets that are covered only in part, by `first` and `last`. None if it was taken by
    #: an earlier version, which left out none.
    completeness: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("How the points cover the buckets, and what is left out.", listed=False, immutable=True)
    )
    checked_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, info=facts("Time of the last comparison with the source.", listed=False)
    )
    check_result: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("Result of that comparison.", listed=False)
    )

    @classmethod
    def take(
        cls, source: DataSource, description: str = "", name: str | None = None, ends: SnapshotEnds = MEASURED
    ) -> Self:
        """Read the source for its period and store the result. See `DataSource.create_snapshot`."""
        with listening(progress=False) as report:
            return cls.take_all([source], description, report, name, ends)[0]

    @classmethod
    def take_all(
        cls,
        sources: Sequence[DataSource],
        description: str,
        report: Listener,
        name: str | None = None,
        ends: SnapshotEnds = MEASURED,
    ) -> list[Self]:
        """The same for many sources of one store, read at once. See `enstorage.create_snapshots`."""
        return cls._keep_all(cls._fix_all(sources, description, report, name, ends))

    @classmethod
    def _fix_all(
        cls,
        sources: Sequence[DataSource],
        description: str,
        report: Listener,
        name: str | None = None,
        ends: SnapshotEnds = MEASURED,
    ) -> list[Self]:
        """Load stored sources of one store for their periods, all from one version of the series store.

        Returns:
            New records, which remain to be kept by `_keep_all`; their rows are in the object store already.

        Raises:
            InvalidInputError: the period of a source has no points.
        """
        import polars as pl

        from enstorage.objects.table import content_sha256

        connector, count = sources[0].connector, len(sources)
        # What is written meanwhile is in a snapshot whole or not at all.
        version = connector.series.version()
        fixed = []
        for done, (source, each) in enumerate(zip(sources, fix(connector.series, sources, version), strict=True)):
            report("Reading points", done, 2 * count)
            if not each.points:
                raise InvalidInputError(
                    f"{source} has no points in its period {source.label(each.period[0])} – "
                    f"{source.label(each.period[1])}. Write points of that period, or change time_from and time_to."
                )
            fixed.append(each.ending(ends))
        tables = [pl.DataFrame({"time": each.times, "value": each.values}) for each in fixed]
        kept = DataCsv.of_many(tables, connector, lambda done: report("Storing rows", count + done, 2 * count))
        report("Storing snapshots", 2 * count, 2 * count)
        made = []
        for source, data_csv, table, each in zip(sources, kept, tables, fixed, strict=True):
            snapshot = cls(
                name=name,
                data_source_id=source.id,
                time_from=each.period[0],
                time_to=each.period[1],
                time_interval=source.time_interval,
                time_zone=source.time_zone,
                anchor=source.anchor,
                dates=source.dates,
                aggregate=source.aggregate,
                rows=len(each.values),
                empty_rows=int(np.isnan(each.values).sum()),
                completeness=each.completeness,
                series_version=version,
                sha256=content_sha256(table),
                description=description,
                connector=connector,
            )
            snapshot.__dict__["_csv"] = data_csv
            made.append(snapshot)
        return made

    @classmethod
    def _keep_all(cls, snapshots: Sequence[Self]) -> list[Self]:
        """Store the records that `_fix_all` made, with their rows; all or none."""
        with snapshots[0].connector.transaction():
            for snapshot, data_csv in zip(snapshots, DataCsv.save_many([each._csv for each in snapshots]), strict=True):
                snapshot.data_csv_id = data_csv.id
            return save_all(snapshots)

    def read(self) -> "Points":
        """Times (int64 ns, start of each bucket) and values (float64, NaN where there was no point), shape (rows,)."""
        table = self._csv.table()
        return table["time"].to_numpy(), table["value"].to_numpy()

    def remarks(self) -> list[str]:
        """Sentences on buckets that are empty or covered only in part, and on those that were left out; often none."""
        if self.completeness is None or self.time_interval is None:
            return []
        return in_words(self.completeness, self.time_interval, self.label)

    def read_again(self) -> "Points":
        """The same as `read`, but read from the series store at the version of the snapshot, not from the stored table.

        Raises:
            NotFoundError: the series store does not keep that version, or no longer.
        """
        if self.series_version is None:
            raise NotFoundError(
                f"{self} was taken from a series store without versions. Call read() for the stored rows."
            )
        period = self.time_from, self.time_to
        series = self.connector.series
        return load(series, self.data_source_id, self, period, self.series_version)

    @classmethod
    def _read_each_again(cls, snapshots: Sequence[Self]) -> "Iterator[Points | None]":
        """The same for many snapshots of one store, in their order, with few calls of the series store.

        Yields:
            The rows of a snapshot; None where `read_again` has to be called, which says why it cannot be read.
        """
        for version, group_of_one in groupby(snapshots, lambda snapshot: snapshot.series_version):
            batch, done = list(group_of_one), 0
            series = batch[0].connector.series
            ids = [snapshot.data_source_id for snapshot in batch]
            if version is not None and series.groups_points_read and 1 < len(ids) == len(set(ids)):
                with suppress(EnstorageError):
                    for snapshot, (_, points) in zip(batch, read_each(series, ids, version=version), strict=True):
                        rows = rows_of(snapshot, (snapshot.time_from, snapshot.time_to), *points)
                        done += 1
                        yield rows
            yield from [None] * (len(batch) - done)

    def check(self) -> bool:
        """Compare the snapshot with the current points of its period, and store the result.

        Points after the period of the snapshot are ignored.

        Returns:
            True if they are the same. `check_result` has details: `same`, `changed_rows`, and `first_changed`, a time.
        """
        import polars as pl

        from enstorage.objects.table import content_sha256

        times, values = load(self.connector.series, self.data_source_id, self, (self.time_from, self.time_to), None)
        result: dict[str, Any] = {"same": content_sha256(pl.DataFrame({"time": times, "value": values})) == self.sha256}
        if not result["same"]:
            kept_times, kept_values = self.read()
            then = pl.DataFrame({"time": kept_times, "then": kept_values})
            changed = then.join(pl.DataFrame({"time": times, "now": values}), on="time", how="full", coalesce=True)
            changed = changed.filter(pl.col("then").ne_missing(pl.col("now"))).sort("time")
            result |= {"changed_rows": changed.height, "first_changed": self.label(int(changed["time"][0]))}
        self.checked_at, self.check_result = now(), result
        self.save()
        return bool(result["same"])

    def create_preparation(
        self,
        clean_method: str = "drop",
        transform_method: str = "none",
        train_part: float = 0.7,
        valid_part: float = 0.0,
        test_part: float | None = None,
        *,
        split: str = "time",
        seed: int = 0,
        description: str = "",
        name: str | None = None,
    ) -> "DataPreparation":
        """Clean, transform and split the snapshot, and store the result. See `DataPreparation` for the arguments."""
        from enstorage.entity.data_preparation import DataPreparation

        return DataPreparation(
            data_snapshot=self,
            clean_method=clean_method,
            transform_method=transform_method,
            train_part=train_part,
            valid_part=valid_part,
            test_part=test_part,
            split=split,
            seed=seed,
            description=description,
            name=name,
        ).prepare()

    @property
    def data_source(self) -> DataSource:
        """The source it was taken from."""
        return DataSource.get(self.data_source_id, connector=self.connector)

    def preparations(self) -> "list[DataPreparation]":
        """The preparations made from it."""
        from enstorage.entity.data_preparation import DataPreparation

        return self._children(DataPreparation.data_snapshot_id)

    @cached_property
    def _csv(self) -> DataCsv:
        return self.data_csv
