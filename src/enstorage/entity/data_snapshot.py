"""`DataSnapshot`: a source fixed at a moment."""

from typing import TYPE_CHECKING, Self

import numpy as np
from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.entity.data_csv import DataCsv, TableOwner
from enstorage.entity.data_source import DataSource
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import to_iso
from enstorage.interval import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.series.base import Points, SeriesStore


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

        connector = source.connector
        # All of it is read from one version: what is written meanwhile is in the snapshot whole or not at all.
        version = connector.series.version()
        time_from, time_to = _period(source, version)
        times, values, points = _load(connector.series, source.id, source, (time_from, time_to), version)
        if not points:
            raise InvalidInputError(
                f"{source} has no points in its period {to_iso(time_from)} – {to_iso(time_to)}. Write points of that period "
                "or change time_from and time_to."
            )
        table = pl.DataFrame({"time": times, "value": values})
        data_csv, sha256 = DataCsv.of(table, connector), content_sha256(table)
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
                series_version=version,
                sha256=sha256,
                description=description,
                connector=connector,
            ).save()

    def read(self) -> "Points":
        """Times (int64 ns, start of each bucket) and values (float64, NaN where there was no point), shape (rows,)."""
        table = self.data_csv.table()
        return table["time"].to_numpy(), table["value"].to_numpy()

    def read_again(self) -> "Points":
        """The same, not as it was kept but from the series store, as it was when the snapshot was taken.

        Raises:
            NotFoundError: the series store does not keep that version (any more).
        """
        if self.series_version is None:
            raise NotFoundError(
                f"{self} was taken from a series store without versions. Call read() for what was kept."
            )
        period = self.time_from, self.time_to
        series = self.connector.series
        times, values, _ = _load(series, self.data_source_id, self, period, self.series_version)
        return times, values

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


def _period(source: DataSource, version: int | None) -> tuple[int, int]:
    extent = source.connector.series.extent(source.id, version=version)
    if extent is None:
        raise InvalidInputError(f"{source} has no points, so there is nothing to fix. Write points first.")
    time_from = extent[0] if source.time_from is None else source.time_from
    time_to = extent[1] + 1 if source.time_to is None else source.time_to
    return time_from, time_to


def _load(
    series: "SeriesStore",
    source_id: int,
    recipe: DataSource | DataSnapshot,
    period: tuple[int, int],
    version: int | None,
) -> "tuple[NDArray[np.int64], NDArray[np.float64], int]":
    """Times and values of all rows of a period, and how many rows have points."""
    if recipe.time_interval is None:
        times, values = series.read(source_id, *period, version=version)
        return times, values, len(times)
    interval = Interval.parse(recipe.time_interval)
    filled, aggregated = series.aggregate(source_id, *period, interval, recipe.aggregate, version=version)
    times = interval.range(*period)
    values = np.full(len(times), 0.0 if recipe.aggregate == "count" else np.nan)
    values[np.searchsorted(times, filled)] = aggregated
    return times, values, len(filled)
