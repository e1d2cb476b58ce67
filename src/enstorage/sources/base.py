"""The interface of a source loader, which reads series from files, databases and services."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.stamps import parse_times
from enstorage.errors import InvalidInputError, StoreError
from enstorage.instant import to_iso
from enstorage.parameters.recipe import Recipe
from enstorage.plugins import Kind

SOURCES = Kind("enstorage.sources", "source loader", ("enstorage.sources.SourceLoader",), is_named=True)

Report = Callable[[str, int, int], object]
"""Called with the activity, the amount done and the total; an error that it raises stops the loading."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of a source to load; by default all of it.

    Attributes:
        keys: keys of the series, see `LoadedSeries.key`; None for all.
        time_from: start of the period, nanoseconds since 1970 UTC; None: from the first point.
        time_to: end of the period, itself excluded; None: to the last point.
        most_points: largest number of points of all series together; more are an error, so that a wrong query does not
            fill the memory.
    """

    keys: tuple[str, ...] | None = None
    time_from: int | None = None
    time_to: int | None = None
    most_points: int | None = None

    def has(self, key: str) -> bool:
        """True if a series is wanted."""
        return self.keys is None or key in self.keys


@dataclass(frozen=True, slots=True, eq=False)
class LoadedSeries:
    """Points of one series, all of them or a piece.

    Attributes:
        key: identifies the series in its source, and is the same on every load, so that its points are written to the same
            data source.
        times: nanoseconds since 1970 UTC, int64, ascending, each once, shape (n,).
        values: finite, float64, shape (n,).
        name: display name of the series; by default its key.
        unit: unit of the values.
        interval: spacing of the points, such as `1d`; None if the source does not give it.
        fingerprint: identifies the state of the source, such as an ETag, a commit or a SHA-256; None if there is none.
        facts: other facts about the series, as JSON.
        time_zone: IANA name of the zone of the series, for a new data source; None: UTC.
        lacks_zone: true if its times were given without offset and zone, and taken as UTC; they are put on the clock of the
            data source.
    """

    key: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    name: str = ""
    unit: str = ""
    interval: str | None = None
    fingerprint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    time_zone: str | None = None
    lacks_zone: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.key)

    def times_on(self, clock: Calendar) -> NDArray[np.int64]:
        """The times for a data source of a clock, shape (n,): local to its zone if they have none.

        Raises:
            InvalidInputError: the clock skips one of them.
        """
        is_local = self.lacks_zone and not clock.is_counter
        return parse_times(self.times.view("datetime64[ns]"), clock.time_zone) if is_local else self.times


class SourceLoader(Recipe):
    """Loads series from files, tables of a database, responses of a service or assets of a catalogue.

    A loader is a frozen dataclass. Its fields are its parameters: JSON values that select the data, such as a path, a
    query, a URL or an area and a period. They are stored, so they must not contain secrets: passwords and tokens are taken
    from the environment or from the settings of the library that reads. Subclasses are registered as entry points
    `enstorage.sources` under their `name`.

    Promises that every loader keeps, checked by `enstorage.testing.SourceLoaderContract`:

    - The same parameters load the same series, bit for bit, as long as the fingerprint is the same.
    - A series has a key, which is unique in its source and the same on every load. Its points are given in one piece or in
      several consecutive pieces in time order; pieces of different series are not mixed. So a loader holds only one piece
      in memory, and may begin before it has read the end.
    - It gives only what is wanted: no other key, no point outside the period.
    - It changes nothing in the source, and stores nothing between two loads except caches.
    - It reports between two pieces, and at least every few seconds. It passes on errors that the report raises, and then
      closes its connections and removes its temporary files.
    - Loaders are pickled and sent to other processes; several may load at once.

    A loader raises `InvalidInputError` if the parameters or the data are wrong (retrying does not help), and `StoreError`
    if the source cannot be reached or failed (retrying may help). No message shows a secret.
    """

    @abstractmethod
    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """Read the wanted series; called by `load`, which checks them.

        Args:
            wanted: keys, period and largest number of points. A loader should filter as early as possible.
            report: to be called as `report(what, done, total)`, such as `("Reading a.csv", 3, 10)`.

        Raises:
            InvalidInputError: the parameters or the data are wrong.
            StoreError: the source cannot be reached, or failed.
        """

    def fingerprint(self) -> str | None:
        """A short text that changes when the points of `load` change; None if the source has none.

        It is cheap to compute, so that a regular load can be skipped if there is nothing new. Raises the errors of `read`.
        """
        return None

    def files(self) -> list[Path]:
        """The files of this machine that `load` reads; [] for a loader that reads elsewhere.

        Steps of runs read files in the folders of connections alone, see `enstorage.places.connections.check_folder`.
        """
        return []

    def load(self, wanted: Wanted = Wanted(), report: Report | None = None) -> Iterator[LoadedSeries]:
        """The wanted series, piece by piece, checked.

        Args:
            wanted: keys, period and largest number of points; by default all.
            report: called with the activity, the amount done and the total; an error that it raises stops the loading.

        Raises:
            InvalidInputError: the parameters or the data are wrong, a wanted key does not exist, or there are more points
                than wanted.
            StoreError: the source cannot be reached or failed, or the loader broke a promise.
        """
        finished: set[str] = set()
        latest: LoadedSeries | None = None
        count = 0
        for piece in self.read(wanted, report or _silent):
            if latest is not None and piece.key != latest.key:
                finished.add(latest.key)
                latest = None
            fault = "is given again after another series" if piece.key in finished else _fault(piece, wanted, latest)
            if fault is not None:
                raise StoreError(
                    f"The series {piece.key!r} of the source loader {self.name!r} {fault}. The loader has a defect: report "
                    "it to its authors."
                )
            count += len(piece.times)
            if wanted.most_points is not None and count > wanted.most_points:
                raise InvalidInputError(
                    f"The source loader {self.name!r} gives more than {wanted.most_points} points, the limit of "
                    "most_points. Load a shorter period or fewer series, or raise the limit."
                )
            latest = piece if latest is None or len(piece.times) else latest
            yield piece
        found = finished if latest is None else {*finished, latest.key}
        if missing := sorted(set(wanted.keys or ()) - found):
            raise InvalidInputError(
                f"The source loader {self.name!r} has no series {', '.join(map(repr, missing))}. Name series that it has."
            )


def _fault(piece: LoadedSeries, wanted: Wanted, before: LoadedSeries | None) -> str | None:
    """The fault of a piece, given the piece before it of the same series; None if it has none."""
    times, values = piece.times, piece.values
    are_right = times.dtype == np.int64 and values.dtype == np.float64
    if not are_right or times.ndim != 1 or times.shape != values.shape:
        return (
            f"has times of {times.dtype} {times.shape} and values of {values.dtype} {values.shape}; expected int64 and "
            "float64 of one shape (n,)"
        )
    if not wanted.has(piece.key):
        return f"is given, but only {', '.join(wanted.keys or ())} were wanted"
    if not len(times):
        return None
    earlier = np.empty(0, np.int64) if before is None else before.times[-1:]
    ascending = np.concatenate([earlier, times])
    if not (ascending[1:] > ascending[:-1]).all():
        return f"has times that are not ascending, in the piece from {to_iso(int(times[0]))} on"
    too_early = wanted.time_from is not None and times[0] < wanted.time_from
    if too_early or (wanted.time_to is not None and times[-1] >= wanted.time_to):
        return "has points outside the wanted period"
    return None if np.isfinite(values).all() else "has values that are NaN or infinite"


def loader_from_json(recipe: Mapping[str, Any]) -> SourceLoader:
    """The source loader of a stored recipe, found by its registered name.

    Raises:
        InvalidInputError: no such loader is registered, or a parameter is unknown, missing or out of range.
        PluginError: the package that registers the loader cannot be loaded.
    """
    loader: SourceLoader = plugins.load(SOURCES, recipe.get("name")).from_json(recipe)
    return loader


def _silent(what: str, done: int, total: int) -> None:
    """Report nothing."""
