"""Points in one Delta Lake table, written by deltalake and read by Polars. Several processes may write at once."""

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import local
from typing import Any, Self, TypeVar

import deltalake
import numpy as np
import polars as pl
from deltalake.exceptions import CommitFailedError, DeltaError
from numpy.typing import NDArray

from enstorage.address_space import check_address_space
from enstorage.errors import InvalidInputError, NotFoundError, StoreError
from enstorage.interval import TimeInterval
from enstorage.places.claim import check_claim
from enstorage.places.folder import check_folder
from enstorage.places.full_disk import full_disk, is_full, says_full
from enstorage.places.location import Location
from enstorage.places.masking import masked, scrubbed, shown_cause
from enstorage.series.base import Points, SeriesStore
from enstorage.series.delta.options import storage_options
from enstorage.series.delta.scan import scan
from enstorage.series.grouping import group
from enstorage.settings import wait_seconds

T = TypeVar("T")

# A row is a point or, with value null, the mark of a deleted one. `version` is that of the commit which wrote the row: it
# orders rows of equal time, and unlike a clock it never goes back.
_SCHEMA = {"source": pl.Int64, "time": pl.Int64, "value": pl.Float64, "version": pl.Int64}

# The library would retry a commit by itself, but then its version would differ from the one in the rows.
_ONE_TRY = deltalake.CommitProperties(max_commit_retries=0)
_ATTEMPTS = 200
_LONGEST_PAUSE_SECONDS = 0.2
# Reading slows down with the number of files: 392 took 0.8 s, one took 0.04 s.
_MANY_FILES = 40
# Versions between two compactions; the writer of that version compacts, since eight processes hindered each other.
_VERSIONS_BETWEEN = 20
# A folder that is listed while others write to it may show a later commit without the one before.
_GAP = "contiguous commit files"
_ATTEMPTS_AT_A_GAP = 8
# Unlike other commits, that of merged files may be retried after commits of other writers: it changes no row.
_MANY_TRIES = deltalake.CommitProperties(max_commit_retries=100)

_FAILURES = (DeltaError, pl.exceptions.PolarsError, OSError)

# Messages of the library can be pages long.
_LONGEST_REASON = 300

_BYTES_OF_POINT = 16  # time and value
_OWNER = "enstorage.store"
# The library would drop entries of the log after 30 days, and with them every version that is older, though a snapshot
# names it. Instead `vacuum` drops those that nothing needs.
_PROPERTIES = {"delta.enableExpiredLogCleanup": "false"}


class DeltaSeries(SeriesStore):
    """A series store in a folder, `delta:FOLDER`, or an object store, `delta:s3://BUCKET/FOLDER?OPTION=VALUE`.

    Options, and environment variables such as `AWS_ENDPOINT_URL`, are those of the object_store library.
    """

    groups_points_read = True

    @classmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """See `SeriesStore.parse`."""
        place = url.partition(":")[2]
        if not place or "//" in place.replace("://", "", 1):
            raise InvalidInputError(
                f"{masked(url)!r} is not the URL of a Delta table; expected delta:FOLDER, a path without //, or "
                "delta:s3://BUCKET/FOLDER. Name the folder."
            )
        if "://" in place:
            Location.parse(place)
        else:
            check_folder(place, in_url=False)
        return partial(cls, place)

    def __init__(self, place: str) -> None:
        self._location = Location.parse(place) if "://" in place else None
        self._place = place if self._location is None else self._location.url
        self._options = None if self._location is None else storage_options(self._location)
        self._local = local()
        with self._translated():
            if self._location is None:
                Path(place).mkdir(parents=True, exist_ok=True)
            if not self._is_made():
                self._make()

    def _is_made(self) -> bool:
        return bool(deltalake.DeltaTable.is_deltatable(self._place, storage_options=self._options))

    def _make(self) -> None:
        try:
            deltalake.DeltaTable.create(
                self._place,
                schema=pl.DataFrame(schema=_SCHEMA).to_arrow().schema,
                mode="ignore",
                configuration=_PROPERTIES,
                storage_options=self._options,
            )
        except DeltaError:
            # In spite of mode="ignore" the library fails when another process creates the table at the same moment.
            if not self._is_made():
                raise

    def claim(self, store_id: str) -> None:
        """See `SeriesStore.claim`. The id is stored as a table property, with properties that older tables lack."""
        wanted = {**_PROPERTIES, _OWNER: store_id}

        def mark(table: deltalake.DeltaTable) -> None:
            present = table.metadata().configuration
            check_claim(f"The series store {self}", present.get(_OWNER, store_id), store_id)
            if present | wanted != present:
                table.alter.set_table_properties(wanted, raise_if_not_exists=False, commit_properties=_ONE_TRY)

        with self._translated():
            self._committed(mark)

    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """See `SeriesStore.append`."""
        with self._translated():
            self._append(source_id, times, pl.Series("value", values))
            self._tidy_up()

    def append_many(self, points: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]]) -> None:
        """See `SeriesStore.append_many`: all of them in one commit."""
        sources = np.repeat([source_id for source_id, _, _ in points], [len(times) for _, times, _ in points])
        times, values = (np.concatenate([each[index] for each in points]) for index in (1, 2))
        with self._translated():
            self._append(sources, times, pl.Series("value", values))
            self._tidy_up()

    def read(
        self, source_id: int, time_from: int | None = None, time_to: int | None = None, *, version: int | None = None
    ) -> Points:
        """See `SeriesStore.read`."""
        with self._translated(version):
            points = _points(self._table(version), source_id, time_from, time_to)
        return points["time"].to_numpy(), points["value"].to_numpy()

    def read_many(self, source_ids: Sequence[int], *, version: int | None = None) -> list[Points]:
        """See `SeriesStore.read_many`: the table is read once."""
        if len(source_ids) == 1:  # for one source, Polars passes over the files that have none of it
            return super().read_many(source_ids, version=version)
        wanted = pl.Series(source_ids, dtype=pl.Int64)
        with self._translated(version):
            rows = scan(self._table(version)).filter(pl.col("source").is_in(wanted.implode())).collect()
        rows = _last_written(rows, "source", "time").filter(pl.col("value").is_not_null())
        sources, times, values = (rows[name].to_numpy() for name in ("source", "time", "value"))
        starts, ends = (np.searchsorted(sources, wanted.to_numpy(), side) for side in ("left", "right"))
        return [(times[start:end], values[start:end]) for start, end in zip(starts, ends, strict=True)]

    def aggregate(
        self,
        source_id: int,
        time_from: int,
        time_to: int,
        interval: TimeInterval,
        aggregate: str,
        *,
        version: int | None = None,
    ) -> Points:
        """See `SeriesStore.aggregate`."""
        with self._translated(version):
            buckets = group(_points(self._table(version), source_id, time_from, time_to), interval, aggregate)
        return buckets["time"].to_numpy(), buckets["value"].to_numpy()

    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """See `SeriesStore.extent`."""
        time = pl.col("time")
        with self._translated(version):
            table = self._table(version)
            written = _rows(table, source_id).filter(pl.col("value").is_not_null())
            first, last = written.select(time.min().alias("first"), time.max().alias("last")).collect().row(0)
            if first is None:
                return None
            # All points are read only if the first or the last one was deleted later.
            if all(_points(table, source_id, end, end + 1).height for end in (first, last)):
                return first, last
            times = _points(table, source_id)["time"]
        return (times[0], times[-1]) if len(times) else None

    def sources(self) -> list[int]:
        """See `SeriesStore.sources`."""
        with self._translated():
            found = scan(self._table()).select(pl.col("source").unique()).collect()["source"]
        return sorted(found.to_list())

    def version(self) -> int | None:
        """See `SeriesStore.version`: that of the table."""
        with self._translated():
            return self._table().version()

    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """See `SeriesStore.delete_points`."""
        times, _ = self.read(source_id, time_from, time_to)
        if len(times):
            with self._translated():
                self._append(source_id, times, pl.Series("value", [None] * len(times), dtype=pl.Float64))
                self._tidy_up()
        return len(times)

    def delete_source(self, source_id: int) -> None:
        """See `SeriesStore.delete_source`."""
        with self._translated():
            self._committed(lambda table: table.delete(f"source = {int(source_id)}", commit_properties=_ONE_TRY))

    def delete_leftovers(self, source_ids: Collection[int]) -> None:
        """See `SeriesStore.delete_leftovers`. New ids are usually higher than all that were ever written."""
        with self._translated():
            highest: Any = pl.DataFrame(self._table().get_add_actions(flatten=True))["max.source"].max()
        super().delete_leftovers([id for id in source_ids if highest is not None and id <= highest])

    def compact(self) -> None:
        """See `SeriesStore.compact`."""

        def rewrite(table: deltalake.DeltaTable) -> None:
            newest = scan(table).sort("version").unique(subset=["source", "time"], keep="last")
            rows = newest.filter(pl.col("value").is_not_null()).sort("source", "time").collect()
            deltalake.write_deltalake(table, rows.to_arrow(), mode="overwrite", commit_properties=_ONE_TRY)

        with self._translated():
            self._check_room()
            self._committed(rewrite)

    def vacuum(self, keep: Collection[int], older_than: timedelta, *, delete: bool) -> tuple[int, int]:
        """See `SeriesStore.vacuum`. A period is rounded up to whole hours."""
        from enstorage.series.delta import files as delta_files

        with self._translated():
            table = deltalake.DeltaTable(self._place, storage_options=self._options)
            files = delta_files.storage(self._place, self._options)
            try:
                unneeded = delta_files.unneeded(table, files, keep, older_than)
            except DeltaError as error:
                if not keep:
                    raise
                raise StoreError(
                    f"A version of the series store {self} that a snapshot names cannot be read: {self._text_of(error)}. "
                    "Nothing was freed. Restore the series store from a backup, or delete the snapshot that names it."
                ) from error
            if delete:
                delta_files.remove(files, unneeded)
        return len(unneeded), sum(unneeded.values())

    def _append(self, source: int | NDArray[np.int64], times: NDArray[np.int64], values: pl.Series) -> None:
        def write(table: deltalake.DeltaTable) -> None:
            rows = pl.DataFrame(
                {"source": source, "time": times, "value": values, "version": table.version() + 1}, schema=_SCHEMA
            )
            deltalake.write_deltalake(table, rows.to_arrow(), mode="append", commit_properties=_ONE_TRY)

        self._check_room(len(times) * _BYTES_OF_POINT)
        self._committed(write)

    def _check_room(self, least_bytes: int = 0) -> None:
        # The library panics where it finds none, and its words go to standard error.
        if self._location is None and is_full(self._place, least_bytes):
            raise StoreError(full_disk(f"The series store {self}", "no room for another file"))

    def _tidy_up(self) -> None:
        """From time to time merge small files and write a checkpoint, so that a new process need not read every commit."""
        table: deltalake.DeltaTable = self._local.table  # as it was just after the commit
        if table.version() % _VERSIONS_BETWEEN:
            return
        try:
            if len(table.file_uris()) > _MANY_FILES:
                table.optimize.compact(commit_properties=_MANY_TRIES)
            table.create_checkpoint()
        except DeltaError:
            return  # another process is merging them now, or the next writer will

    def _table(self, version: int | None = None) -> deltalake.DeltaTable:
        """The table, now or at a version. Each thread keeps its own table and reads only newer commits."""
        table = self._again(lambda: self._kept_table(version))
        if version is None or version == table.version():
            return table
        return self._again(lambda: deltalake.DeltaTable(self._place, version=version, storage_options=self._options))

    def _kept_table(self, version: int | None) -> deltalake.DeltaTable:
        table: deltalake.DeltaTable | None = getattr(self._local, "table", None)
        if table is None:
            table = self._local.table = deltalake.DeltaTable(self._place, storage_options=self._options)
        elif version is None or version != table.version():
            table.update_incremental()
        return table

    def _committed(self, write: Callable[[deltalake.DeltaTable], Any]) -> None:
        self._again(lambda: write(self._table()))

    def _again(self, work: Callable[[], T]) -> T:
        """Repeat work as long as it conflicts with commits of other writers."""
        attempt, end = 0, time.monotonic() + wait_seconds()
        while True:
            attempt += 1
            try:
                return work()
            except DeltaError as error:
                gap = _GAP in str(error)
                if (
                    attempt == (_ATTEMPTS_AT_A_GAP if gap else _ATTEMPTS)
                    or not (gap or isinstance(error, CommitFailedError))
                    or time.monotonic() > end
                ):
                    raise
                if gap:
                    self._local.table = None
                pause = min(0.005 * 2**attempt, _LONGEST_PAUSE_SECONDS)
                time.sleep(pause * secrets.randbelow(1000) / 1000)

    @contextmanager
    def _translated(self, version: int | None = None) -> Iterator[None]:
        check_address_space()
        try:
            yield
        except BaseException as error:
            # A panic of a library written in Rust is no Exception, and each library has a class of its own for it.
            if not (isinstance(error, _FAILURES) or type(error).__name__ == "PanicException"):
                raise
            if self._location is None and says_full(error):
                raise StoreError(full_disk(f"The series store {self}", self._text_of(error))) from self._cause_of(error)
            if version is not None and isinstance(error, DeltaError | FileNotFoundError):
                raise NotFoundError(
                    f"The series store {self} does not keep its version {version} any more ({self._text_of(error)}). "
                    "Read the points as they are now."
                ) from self._cause_of(error)
            if self._location is None:
                remedy = "Check that the folder is there, readable and writable, and that the disk is not full."
            else:
                remedy = "Check the URL and the credentials, and that the server can be reached."
            raise StoreError(
                f"The series store {self} failed: {self._text_of(error)}. Nothing was changed. {remedy}"
            ) from self._cause_of(error)

    def _text_of(self, error: BaseException) -> str:
        place = self._location
        message = scrubbed(error, f"delta:{self._place}") if place is None else place.message_of(error)
        return " ".join(message.split())[:_LONGEST_REASON].rstrip(". ")

    def _cause_of(self, error: BaseException) -> BaseException | None:
        if self._location is None:
            return shown_cause(error, f"delta:{self._place}")
        return self._location.cause_of(error)

    def __repr__(self) -> str:
        return masked(f"delta:{self._place}") if self._location is None else f"delta:{self._location}"


def _rows(
    table: deltalake.DeltaTable, source_id: int, time_from: int | None = None, time_to: int | None = None
) -> pl.LazyFrame:
    rows = scan(table).filter(pl.col("source") == source_id)
    if time_from is not None:
        rows = rows.filter(pl.col("time") >= time_from)
    if time_to is not None:
        rows = rows.filter(pl.col("time") < time_to)
    return rows


def _points(
    table: deltalake.DeltaTable, source_id: int, time_from: int | None = None, time_to: int | None = None
) -> pl.DataFrame:
    """The points in the table: columns `time`, sorted, and `value`."""
    rows = _rows(table, source_id, time_from, time_to)
    points = rows.select("time", "value").collect()
    # Series are usually written once and in order, and checking that costs less than sorting.
    times = points["time"].to_numpy()
    if not (times[1:] > times[:-1]).all():
        points = _last_written(rows.select("time", "value", "version").collect(), "time")
    return points.filter(pl.col("value").is_not_null()).select("time", "value")


def _last_written(rows: pl.DataFrame, *key: str) -> pl.DataFrame:
    """The rows sorted by key; of rows with equal keys, only the one with the latest version."""
    rows = rows.sort(*key, "version")
    is_last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in key)
    return rows.filter(is_last.fill_null(value=True))
