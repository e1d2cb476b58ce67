"""`DataSnapshot`: a source fixed at a moment."""

from typing import TYPE_CHECKING, Self

import numpy as np
from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.entity.data_csv import DataCsv, TableOwner
from enstorage.entity.data_source import DataSource
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso
from enstorage.interval import Interval

if TYPE_CHECKING:
    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.series.base import Points


class DataSnapshot(TableOwner):
    """What a source held when the snapshot was taken; from then on independent of it and immutable.

    It has a row for every bucket of its period. The value of a bucket without points is NaN until a preparation cleans
    it (for the aggregate `count` it is 0, which is what was counted). Without interval the rows are the points.
    """

    __tablename__ = "data_snapshot"
    _immutable = frozenset(
        {
            "data_source_id",
            "data_csv_id",
            "time_from",
            "time_to",
            "time_interval",
            "aggregate",
            "rows",
            "empty_rows",
            "series_version",
            "sha256",
        }
    )
    _upstream = ("data_source_id",)

    data_source_id: Mapped[int] = mapped_column(ForeignKey("data_source.id"), index=True)
    time_from: Mapped[int] = mapped_column(BigInteger)
    time_to: Mapped[int] = mapped_column(BigInteger)
    time_interval: Mapped[str | None] = mapped_column(String(32))
    aggregate: Mapped[str] = mapped_column(String(16))
    rows: Mapped[int] = mapped_column(BigInteger)
    empty_rows: Mapped[int] = mapped_column(BigInteger)
    #: Of the series store, as it was read; None where the store has no versions.
    series_version: Mapped[int | None] = mapped_column(BigInteger)
    #: Over the times and values of all rows.
    sha256: Mapped[str] = mapped_column(String(64))

    @classmethod
    def take(cls, source: DataSource, description: str = "") -> Self:
        """Load the source for its period and keep it. See `DataSource.create_snapshot`."""
        import polars as pl

        from enstorage.objects.table import content_sha256

        time_from, time_to = _period(source)
        times, values = _load(source, time_from, time_to)
        table = pl.DataFrame({"time": times, "value": values})
        connector = source.connector
        data_csv = DataCsv.of(table, connector)
        with connector.transaction():
            return cls(
                data_source_id=source.id,
                data_csv_id=data_csv.save().id,
                time_from=time_from,
                time_to=time_to,
                time_interval=source.time_interval,
                aggregate=source.aggregate,
                rows=len(times),
                empty_rows=int(np.isnan(values).sum()),
                sha256=content_sha256(table),
                description=description,
                connector=connector,
            ).save()

    def read(self) -> "Points":
        """Times (int64 ns, start of each bucket) and values (float64, NaN where there was no point), shape (rows,)."""
        table = self.data_csv.table()
        return table["time"].to_numpy(), table["value"].to_numpy()

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
    ) -> "DataPreparation":
        """Clean, transform and split the snapshot; the result is kept. See `DataPreparation` for the arguments."""
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
        ).prepare()

    @property
    def data_source(self) -> DataSource:
        """The source it was taken of."""
        return DataSource.get(self.data_source_id, connector=self.connector)

    def preparations(self) -> "list[DataPreparation]":
        """The preparations made of it."""
        from enstorage.entity.data_preparation import DataPreparation

        return self._children(DataPreparation.data_snapshot_id)


def _period(source: DataSource) -> tuple[int, int]:
    extent = source.connector.series.extent(source.id)
    if extent is None:
        raise InvalidInputError(f"{source} has no points, so there is nothing to fix. Write points first.")
    time_from = extent[0] if source.time_from is None else source.time_from
    time_to = extent[1] + 1 if source.time_to is None else source.time_to
    return time_from, time_to


def _load(source: DataSource, time_from: int, time_to: int) -> "Points":
    series = source.connector.series
    if source.time_interval is None:
        times, values = series.read(source.id, time_from, time_to)
        filled = times
    else:
        interval = Interval.parse(source.time_interval)
        filled, aggregated = series.aggregate(source.id, time_from, time_to, interval, source.aggregate)
        times = interval.range(time_from, time_to)
        values = np.full(len(times), 0.0 if source.aggregate == "count" else np.nan)
        values[np.searchsorted(times, filled)] = aggregated
    if not len(filled):
        raise InvalidInputError(
            f"{source} has no points in its period {to_iso(time_from)} – {to_iso(time_to)}. Write points of that period "
            "or change time_from and time_to."
        )
    return times, values
