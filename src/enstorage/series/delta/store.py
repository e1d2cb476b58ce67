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
from deltalake.exceptions import CommitFailedError, DeltaError
from numpy.typing import NDArray

from enstorage.address_space import check_address_space
from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError, NotFoundError, StoreError
from enstorage.places.claim import check_claim
from enstorage.places.folder import check_folder
from enstorage.places.full_disk import full_disk, is_full, says_full
from enstorage.places.location import Location
from enstorage.places.masking import masked, scrubbed, shown_cause
from enstorage.series.base import Points, SeriesStore
from enstorage.series.delta.options import storage_options
from enstorage.settings import wait_seconds

T = TypeVar("T")

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
        from enstorage.series.delta import rows

        try:
            deltalake.DeltaTable.create(
                self._place,
                schema=rows.schema(),
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
            self._append(source_id, times, values)
            self._tidy_up()

    def append_many(self, points: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]]) -> None:
        """See `SeriesStore.append_many`: all of them in one commit."""
        sources = np.repeat([source_id for source_id, _, _ in points], [len(times) for _, times, _ in points])
        times, values = (np.concatenate([each[index] for each in points]) for index in (1, 2))
        with self._translated():
            self._append(sources, times, values)
            self._tidy_up()

    def read(
        self, source_id: int, time_from: int | None = None, time_to: int | None = None, *, version: int | None = None
    ) -> Points:
        """See `SeriesStore.read`."""
        from enstorage.series.delta import rows

        with self._translated(version):
            points = rows.points(self._table(version), source_id, time_from, time_to)
        return points["time"].to_numpy(), points["value"].to_numpy()

    def read_many(self, source_ids: Sequence[int], *, version: int | None = None) -> list[Points]:
        """See `SeriesStore.read_many`: the table is read once."""
        if len(source_ids) == 1:  # for one source, Polars passes over the files that have none of it
            return super().read_many(source_ids, version=version)
        from enstorage.series.delta import rows

        with self._translated(version):
            return rows.points_of_many(self._table(version), source_ids)

    def aggregate(
        self,
        source_id: int,
        time_from: int,
        time_to: int,
        interval: Calendar,
        aggregate: str,
        *,
        version: int | None = None,
    ) -> Points:
        """See `SeriesStore.aggregate`."""
        from enstorage.series.delta import rows
        from enstorage.series.grouping import group

        with self._translated(version):
            buckets = group(rows.points(self._table(version), source_id, time_from, time_to), interval, aggregate)
        return buckets["time"].to_numpy(), buckets["value"].to_numpy()

    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """See `SeriesStore.extent`."""
        from enstorage.series.delta import rows

        with self._translated(version):
            return rows.extent(self._table(version), source_id)

    def sources(self) -> list[int]:
        """See `SeriesStore.sources`."""
        from enstorage.series.delta import rows

        with self._translated():
            return rows.source_ids(self._table())

    def version(self) -> int | None:
        """See `SeriesStore.version`: that of the table."""
        with self._translated():
            return self._table().version()

    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """See `SeriesStore.delete_points`."""
        times, _ = self.read(source_id, time_from, time_to)
        if len(times):
            with self._translated():
                self._append(source_id, times, None)
                self._tidy_up()
        return len(times)

    def delete_source(self, source_id: int) -> None:
        """See `SeriesStore.delete_source`."""
        with self._translated():
            self._committed(lambda table: table.delete(f"source = {int(source_id)}", commit_properties=_ONE_TRY))

    def delete_leftovers(self, source_ids: Collection[int]) -> None:
        """See `SeriesStore.delete_leftovers`. New ids are usually higher than all that were ever written."""
        from enstorage.series.delta import rows

        with self._translated():
            highest = rows.highest_source_id(self._table())
        super().delete_leftovers([id for id in source_ids if highest is not None and id <= highest])

    def compact(self) -> None:
        """See `SeriesStore.compact`."""
        from enstorage.series.delta import rows

        def rewrite(table: deltalake.DeltaTable) -> None:
            deltalake.write_deltalake(table, rows.without_older(table), mode="overwrite", commit_properties=_ONE_TRY)

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

    def _append(
        self, source: int | NDArray[np.int64], times: NDArray[np.int64], values: NDArray[np.float64] | None
    ) -> None:
        from enstorage.series.delta import rows

        def write(table: deltalake.DeltaTable) -> None:
            made = rows.made(source, times, values, table.version() + 1)
            deltalake.write_deltalake(table, made, mode="append", commit_properties=_ONE_TRY)

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
            if not (
                isinstance(error, DeltaError | OSError | _polars_error()) or type(error).__name__ == "PanicException"
            ):
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


def _polars_error() -> type[Exception]:
    from polars.exceptions import PolarsError

    return PolarsError
