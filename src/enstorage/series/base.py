"""The interface of a series store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError, NotSupportedError
from enstorage.interval import TimeInterval

#: The aggregate functions, in the order in which messages list them.
AGGREGATES = ("mean", "median", "sum", "min", "max", "first", "last", "count")

Points = tuple[NDArray[np.int64], NDArray[np.float64]]


class SeriesStore(ABC):
    """Keeps points: a time (int64 nanoseconds since 1970, UTC) and a finite float64 value, for each data source.

    Promises that every store keeps, checked by `enstorage.testing.SeriesStoreContract`:

    - A source has at most one value at a time. Writing an existing time replaces the value; of two writes, the one
      that was committed later wins, whatever the clocks say.
    - A write is there whole or not at all, also when the process is killed. When the call returns, it is durable.
    - Reading gives points sorted by time; what is written during a read is in it whole or not at all.
    - Threads and processes may write and read at once.
    - A source that was never written to reads as no points; it is not an error.
    - Its place belongs to the first database that claims it.
    - A store may have versions: numbers that grow with every change. What is read with a version is what was read when
      that was the present one, bit for bit, as long as `vacuum` keeps it. A store without versions gives None
      as its version and takes no other.

    - Printed, it shows its URL from the scheme on, without password, token and options, as messages do.

    A store is registered under each scheme of its URLs as entry point `enstorage.series_stores`. What goes wrong is raised
    as `enstorage.errors.StoreError`.

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
        """Read a URL that begins with a scheme of the store, and a colon. What is returned opens the store.

        Nothing is opened or made before: a connector reads the URLs of all its stores first.

        Raises:
            InvalidInputError: the URL is malformed; the message shows no secret (`enstorage.places.masking.masked`).
        """

    @abstractmethod
    def claim(self, store_id: str) -> None:
        """Have the place belong to a database, now and from now on; called once by every connector that opens it.

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
        interval: TimeInterval,
        aggregate: str,
        *,
        version: int | None = None,
    ) -> Points:
        """The points of [time_from, time_to) grouped into buckets of `interval`; errors as in `read`.

        Returns:
            Start of each bucket that has points, and the aggregate (one of `AGGREGATES`) over them; shape (k,) each.
        """

    @abstractmethod
    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """The times of the first and the last point, None when there are no points; errors as in `read`."""

    @abstractmethod
    def sources(self) -> list[int]:
        """The ids of the sources that something is kept of, sorted; also of some whose points were all deleted."""

    def version(self) -> int | None:
        """The present version; None: the store has none."""
        return None

    @abstractmethod
    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """Delete the points of [time_from, time_to); returns how many there were."""

    @abstractmethod
    def delete_source(self, source_id: int) -> None:
        """Delete all points of a source, for good."""

    def delete_leftovers(self, source_ids: Collection[int]) -> None:
        """Delete what is there of new sources: points of a transaction that was undone, whose ids are given out again.

        Where other programs write too, they may have written before there was a source: those points are kept.
        """
        for source_id in () if self.written_by_others else source_ids:
            if self.extent(source_id) is not None:
                self.delete_source(source_id)

    @abstractmethod
    def compact(self) -> None:
        """Drop what was replaced or deleted and join small pieces. Readers notice nothing."""

    def vacuum(self, keep: Collection[int], older_than: timedelta, *, delete: bool) -> tuple[int, int]:  # noqa: ARG002
        """Free the files that neither the present state nor a version in `keep` needs.

        Args:
            keep: versions that stay readable.
            older_than: files needed since then are kept. Zero is safe for writers, but it takes old states away from
                under whoever is reading them at this moment.
            delete: false only counts.

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
