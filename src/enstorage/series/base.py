"""The interface of a series store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError, NotSupportedError

#: The aggregate functions, in the order in which messages list them.
AGGREGATES = ("mean", "median", "sum", "min", "max", "first", "last", "count")

Points = tuple[NDArray[np.int64], NDArray[np.float64]]


class SeriesStore(ABC):
    """Keeps points: a time (int64 nanoseconds since 1970, UTC) and a finite float64 value, for each data source.

    Promises that every store keeps, checked by `enstorage.testing.SeriesStoreContract`:

    - A source has at most one value at a time. Writing an existing time replaces the value; of two writes, the one
      that was committed later wins, whatever the clocks say.
    - A write is stored completely or not at all, also when the process is killed. When the call returns, it is durable.
    - Reading gives points sorted by time; a concurrent write is in the result completely or not at all.
    - Threads and processes may write and read concurrently.
    - Reading a source that was never written to gives no points; it is not an error.
    - Its place belongs to the first database that claims it.
    - A store may have versions: numbers that grow with every change. Reading with a version gives, bit for bit, the points
      of the time when that version was the current one, as long as `vacuum` keeps it. A store without versions has None
      as its version and refuses any other.
    - Its `repr` is its URL including the scheme, without password, token and options, as in messages.

    A store is registered under each scheme of its URLs as entry point `enstorage.series_stores`. Failures are raised as
    `enstorage.errors.StoreError`.

    Attributes:
        is_in_process: true if the points are in the memory of the process, where no other process can reach them.
        written_by_others: true if others write there too. Then points of a source that is not stored may be theirs,
            and `gc` leaves them alone.
        groups_points_read: true if `aggregate` gives, to the bit, what `enstorage.series.grouping.group` makes of the
            points that `read` gives. Snapshots of many sources are then read at once and grouped by the caller.
    """

    is_in_process: ClassVar[bool] = False
    written_by_others: ClassVar[bool] = False
    groups_points_read: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """Parse a URL that begins with a scheme of the store and a colon; returns a function that opens the store.

        Parsing opens and creates nothing: a connector parses the URLs of all its stores first.

        Raises:
            InvalidInputError: the URL is malformed; the message shows no secret (`enstorage.places.masking.masked`).
        """

    @abstractmethod
    def claim(self, store_id: str) -> None:
        """Assign the place to a database for good; called once by every connector that opens it.

        Raises:
            StoreError: it belongs to another one.
        """

    @abstractmethod
    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Store points, sorted by time and without duplicates: shape (n,) each, n ≥ 1."""

    def append_many(self, points: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]]) -> None:
        """Store points of several sources, each as `append` takes them; at once where the store can, else one by one."""
        for source_id, times, values in points:
            self.append(source_id, times, values)

    @abstractmethod
    def read(
        self, source_id: int, time_from: int | None = None, time_to: int | None = None, *, version: int | None = None
    ) -> Points:
        """The points of the half-open period [time_from, time_to), None leaving that side open; shape (n,) each.

        Raises:
            NotFoundError: the version is not kept any more.
            NotSupportedError: the store has no versions.
        """

    def read_many(self, source_ids: Sequence[int], *, version: int | None = None) -> list[Points]:
        """All points of several sources, in the order of the ids, which are all different; errors as in `read`."""
        return [self.read(source_id, version=version) for source_id in source_ids]

    @abstractmethod
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
        """The points of [time_from, time_to) grouped into the buckets of a calendar; errors as in `read`.

        Where `interval.is_calendar`, buckets differ in length: `enstorage.series.grouping.group` makes them of the points.


        Returns:
            Start of each bucket that has points, and the aggregate (one of `AGGREGATES`) over them; shape (k,) each.
        """

    @abstractmethod
    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """The times of the first and the last point, None when there are no points; errors as in `read`."""

    @abstractmethod
    def sources(self) -> list[int]:
        """The ids of the sources with stored points, sorted; some whose points were all deleted may be among them."""

    def version(self) -> int | None:
        """The current version; None if the store has no versions."""
        return None

    @abstractmethod
    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """Delete the points of [time_from, time_to); returns how many there were."""

    @abstractmethod
    def delete_source(self, source_id: int) -> None:
        """Delete all points of a source, for good."""

    def delete_leftovers(self, source_ids: Collection[int]) -> None:
        """Delete points under the ids of new sources: an id of a transaction that was rolled back is assigned again.

        If other programs write to the store too, they may have written before the source existed: those points are kept.
        """
        for source_id in () if self.written_by_others else source_ids:
            if self.extent(source_id) is not None:
                self.delete_source(source_id)

    @abstractmethod
    def compact(self) -> None:
        """Remove replaced and deleted points and merge small files. Readers are not affected."""

    def vacuum(self, keep: Collection[int], older_than: timedelta, *, delete: bool) -> tuple[int, int]:  # noqa: ARG002
        """Free the files that neither the current state nor a version in `keep` needs.

        Args:
            keep: versions that stay readable.
            older_than: files that were needed within this time are kept. Zero is safe for writers, but a reader of an
                older state may fail.
            delete: false only counts the files.

        Returns:
            Number of files, and their bytes.

        Raises:
            StoreError: a version in `keep` cannot be read; nothing was freed.
        """
        return 0, 0


def refuse_version(store: SeriesStore, version: int | None) -> None:
    """Refuse the request for a version, in a store without versions.

    Raises:
        NotSupportedError: a version was asked for.
    """
    if version is not None:
        raise NotSupportedError(
            f"The series store {store} keeps no versions; received version {version}. Read the points as they are now."
        )


def check_aggregate(aggregate: str) -> str:
    """The name of an aggregate function, as given.

    Raises:
        InvalidInputError: there is no such function.
    """
    if aggregate not in AGGREGATES:
        raise InvalidInputError(f"There is no aggregate {aggregate!r}; known are {', '.join(AGGREGATES)}.")
    return aggregate
