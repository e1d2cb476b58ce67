"""The interface of a source loader, which reads series from files, databases and services."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import InvalidInputError, StoreError
from enstorage.instant import to_iso
from enstorage.parameters.recipe import Recipe
from enstorage.plugins import Kind

SOURCES = Kind("enstorage.sources", "source loader", ("enstorage.sources.SourceLoader",), is_named=True)

Report = Callable[[str, int, int], object]
"""Called with the activity, the amount done and the total; an error that it raises stops the loading."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of a source to be loaded; by default all of it.

    Attributes:
        keys: of the series, as `SourceLoader.keys` names them; None for all.
        time_from: start of the period, nanoseconds since 1970 UTC; None: from the first point.
        time_to: end of it, not part of the period; None: to the last point.
        most_points: of all series together; more are an error, so that a wrong query does not fill the memory.
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
        key: names the series in its source; the same in every loading, so that a later one goes to the same data source.
        times: nanoseconds since 1970 UTC, int64, ascending, each once, shape (n,).
        values: finite, float64, shape (n,).
        name: display name of the series; by default its key.
        unit: of the values.
        interval: spacing of the points, such as `1d`; None where the source does not say.
        fingerprint: of what these points were read from, such as an ETag, a commit or a SHA-256; None where there is none.
        facts: other facts of the series, as JSON.
    """

    key: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    name: str = ""
    unit: str = ""
    interval: str | None = None
    fingerprint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.key)


class SourceLoader(Recipe):
    """Loads series from elsewhere: files, tables of a database, answers of a service, assets of a catalogue.

    A loader is a frozen dataclass. Its fields are its parameters: JSON values that say what is loaded, such as a path, a
    query, a URL or an area and a period. They are stored, so they hold no secret: passwords and tokens are taken from the
    environment or from the settings of the library that reads. Subclasses are registered as entry points
    `enstorage.sources` under their `name`.

    Promises that every loader keeps, checked by `enstorage.testing.SourceLoaderContract`:

    - The same parameters load the same series, to the bit, as long as the fingerprint is the same.
    - A series has a key, which is unique in its source and stays the same from loading to loading. Its points come in one
      piece or in several, one after the other in time order; pieces of different series are not mixed. So a loader need not
      hold more than one piece in memory, and may begin before it has seen the end.
    - What is wanted is what comes: no other key, no point outside of the period.
    - Nothing is changed in the source, and nothing is kept between two loadings but caches.
    - It reports between two pieces, and at least once in a few seconds. It lets pass what the report raises, and then holds
      no connection and no temporary file.
    - Loaders are pickled and sent to other processes; several may load at once.

    What cannot be read is an `InvalidInputError` where the parameters or the data are wrong (retrying does not help), and a
    `StoreError` where the source cannot be reached or failed (it may help). No message shows a secret.
    """

    @abstractmethod
    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """Read what is wanted; called by `load`, which checks what comes.

        Args:
            wanted: keys, period and how many points at most. A loader leaves out early what it can.
            report: to be called as `report(what, done, total)`, such as `("Reading a.csv", 3, 10)`.

        Raises:
            InvalidInputError: the parameters or the data are wrong.
            StoreError: the source cannot be reached, or failed.
        """

    def fingerprint(self) -> str | None:
        """A short text that changes when what `load` gives changes; None where the source has none.

        It is cheap: by it somebody who loads regularly finds out that there is nothing new. Errors as of `read`.
        """
        return None

    def load(self, wanted: Wanted = Wanted(), report: Report | None = None) -> Iterator[LoadedSeries]:
        """The series that are wanted, piece by piece, checked.

        Args:
            wanted: keys, period and how many points at most; by default all.
            report: called with the activity, the amount done and the total; an error that it raises stops the loading.

        Raises:
            InvalidInputError: the parameters or the data are wrong, a wanted key is not there, or there are more points
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
            fault = "comes again after another series" if piece.key in finished else _fault(piece, wanted, latest)
            if fault is not None:
                raise StoreError(
                    f"The series {piece.key!r} of the source loader {self.name!r} {fault}. The loader is broken: tell its "
                    "authors."
                )
            count += len(piece.times)
            if wanted.most_points is not None and count > wanted.most_points:
                raise InvalidInputError(
                    f"The source loader {self.name!r} gives more than {wanted.most_points} points, the most that are "
                    "wanted. Load a shorter period or fewer series, or allow more."
                )
            latest = piece if latest is None or len(piece.times) else latest
            yield piece
        found = finished if latest is None else {*finished, latest.key}
        if missing := sorted(set(wanted.keys or ()) - found):
            raise InvalidInputError(
                f"The source loader {self.name!r} has no series {', '.join(map(repr, missing))}. Name series that it has."
            )


def _fault(piece: LoadedSeries, wanted: Wanted, before: LoadedSeries | None) -> str | None:
    """The fault of a piece, after the piece before of the same series; None if it has none."""
    times, values = piece.times, piece.values
    are_right = times.dtype == np.int64 and values.dtype == np.float64
    if not are_right or times.ndim != 1 or times.shape != values.shape:
        return (
            f"has times of {times.dtype} {times.shape} and values of {values.dtype} {values.shape}; expected int64 and "
            "float64 of one shape (n,)"
        )
    if not wanted.has(piece.key):
        return f"comes, but only {', '.join(wanted.keys or ())} were wanted"
    if not len(times):
        return None
    earlier = np.empty(0, np.int64) if before is None else before.times[-1:]
    ascending = np.concatenate([earlier, times])
    if not (ascending[1:] > ascending[:-1]).all():
        return f"has times that do not ascend, in the piece from {to_iso(int(times[0]))} on"
    too_early = wanted.time_from is not None and times[0] < wanted.time_from
    if too_early or (wanted.time_to is not None and times[-1] >= wanted.time_to):
        return "has points outside of the period that was wanted"
    return None if np.isfinite(values).all() else "has values that are NaN or infinite"


def loader_from_json(recipe: Mapping[str, Any]) -> SourceLoader:
    """The source loader of a stored recipe, found by its registered name.

    Raises:
        InvalidInputError: no such loader is registered, or a parameter is unknown, missing or out of range.
        PluginError: the package that brings the loader is broken.
    """
    loader: SourceLoader = plugins.load(SOURCES, recipe.get("name")).from_json(recipe)
    return loader


def _silent(what: str, done: int, total: int) -> None:
    """Report nothing."""
