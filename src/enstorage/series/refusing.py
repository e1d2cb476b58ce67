"""A series store that is only read: every write is refused."""

from collections.abc import Callable, Sequence
from typing import NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.errors import NotSupportedError
from enstorage.series.base import Points, SeriesStore


class RefusingSeries(SeriesStore):
    """Another store, without its writes.

    Args:
        store: that is read.
        reason: a sentence that the error of a write tells.
    """

    def __init__(self, store: SeriesStore, reason: str) -> None:
        self._store, self._reason = store, reason

    @classmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """Not possible: it is no place of its own."""
        raise NotSupportedError(f"{url!r:.60} cannot be opened only for reading. Use Connector.refusing_writes.")

    def claim(self, store_id: str) -> None:
        """See `SeriesStore`."""
        self._store.claim(store_id)

    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> NoReturn:  # noqa: ARG002
        """Refuse.

        Raises:
            NotSupportedError: always.
        """
        self._refuse()

    def read(
        self, source_id: int, time_from: int | None = None, time_to: int | None = None, *, version: int | None = None
    ) -> Points:
        """See `SeriesStore`."""
        return self._store.read(source_id, time_from, time_to, version=version)

    def read_many(self, source_ids: Sequence[int], *, version: int | None = None) -> list[Points]:
        """See `SeriesStore`."""
        return self._store.read_many(source_ids, version=version)

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
        """See `SeriesStore`."""
        return self._store.aggregate(source_id, time_from, time_to, interval, aggregate, version=version)

    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """See `SeriesStore`."""
        return self._store.extent(source_id, version=version)

    def sources(self) -> list[int]:
        """See `SeriesStore`."""
        return self._store.sources()

    def version(self) -> int | None:
        """See `SeriesStore`."""
        return self._store.version()

    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> NoReturn:  # noqa: ARG002
        """Refuse.

        Raises:
            NotSupportedError: always.
        """
        self._refuse()

    def delete_source(self, source_id: int) -> NoReturn:  # noqa: ARG002
        """Refuse.

        Raises:
            NotSupportedError: always.
        """
        self._refuse()

    def compact(self) -> NoReturn:
        """Refuse.

        Raises:
            NotSupportedError: always.
        """
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotSupportedError(self._reason)
