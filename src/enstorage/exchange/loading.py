"""`load`: the points of a source loader, written to a source or a panel as far as they are new."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.guess import infer_calendar
from enstorage.connector import Connector
from enstorage.entity._many import write_all
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.data_source import DataSource
from enstorage.entity.panel import Panel
from enstorage.errors import InvalidInputError
from enstorage.progress import Listener, Progress, listening
from enstorage.sources.base import LoadedSeries, SourceLoader, Wanted
from enstorage.sources.expected import ExpectedValues, SeriesFacts, refuse_faults

if TYPE_CHECKING:
    from enstorage.series.base import Points

#: More points of one load are refused, unless `most_points` allows them.
MOST_POINTS = 50_000_000
_ALL = Wanted(most_points=MOST_POINTS)
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class LoadedPoints:
    """The result of `load`.

    Attributes:
        target: the source, or the panel of several.
        is_new: true if the load made it.
        series: number of series that the loader gave.
        added: number of points at times that had none.
        changed: number of points whose value was replaced by another one.
        unchanged: number of points that were there already.
        snapshots: the state of each of these series after the load; a new snapshot where the points differ from those of the
            latest one. [] where none was asked for.
    """

    target: DataSource | Panel
    is_new: bool
    series: int
    added: int
    changed: int
    unchanged: int
    snapshots: list[DataSnapshot]


def load(
    loader: SourceLoader,
    target: DataSource | Panel | str,
    *,
    wanted: Wanted = _ALL,
    expected: ExpectedValues | None = None,
    snapshot: bool = False,
    connector: Connector | Callable[[], Connector] | None = None,
    progress: bool | Progress = True,
) -> LoadedPoints:
    """Write the points of a loader to a source, or those of several series to the sources of a panel.

    Only points that are new or have another value are written, so loading the same again changes nothing, and a load that
    was killed is done by loading again. Points that the loader no longer gives stay. The key of a series is its key in the
    panel; a series that the panel does not have is added to it.

    Args:
        loader: what to load, such as `enstorage.sources.CsvLoader("gauges/*.csv")`.
        target: the source or panel, or its name; under a new name a source is made of one series, and a panel of several.
        wanted: keys, period and largest number of points; by default all, 50 million points at most.
        expected: how the values that come are to be; others are refused before anything is written.
        snapshot: fix the state of each series after the load.
        connector: the store, or a function that opens it, called when the points were read; by default the current one.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; nothing was written then.
        InvalidInputError: the loader refuses its parameters or data, gives no points or several series for one source, the
            values are not as expected, or several records have the name; nothing was written then.
        StoreError: the source cannot be reached or failed; nothing was written then.
    """
    given = connector or Connector.current()
    with listening(progress) as report, ExitStack() as opened:
        found = _read(loader, wanted, report.within(0, 1, 2))
        store = opened.enter_context(given() if callable(given) else given)
        place = _placed(target, store)
        _check_fits(place, found, loader)
        is_new = place is None
        sources = _sources_of(place, found, str(target), store)
        found = {key: replace(each, times=each.times_on(sources[key].clock)) for key, each in found.items()}
        if expected is not None:
            facts = {
                sources[key].name: SeriesFacts.of(each.times, each.values, sources[key].calendar)
                for key, each in found.items()
            }
            refuse_faults({name: expected.faults(each) for name, each in facts.items()})
        fresh, added, changed = _fresh(sources, found, report.within(1, 2, 2))
        with store.transaction():
            place = place or (
                next(iter(sources.values())) if len(found) == 1 else Panel(name=str(target), connector=store)
            )
            unknown = {key: source for key, source in sources.items() if source._is_new}
            write_all([sources[key] for key in fresh], fresh.values(), time_unit="ns")
            if isinstance(place, Panel) and unknown:
                place.add_all(unknown)
        total = sum(len(each.times) for each in found.values())
        taken = _snapshots([*sources.values()]) if snapshot else []
    return LoadedPoints(place, is_new, len(found), added, changed, total - added - changed, taken)


def _read(loader: SourceLoader, wanted: Wanted, report: Listener) -> dict[str, LoadedSeries]:
    """The series by their keys, each whole; at least one point."""
    pieces: dict[str, list[LoadedSeries]] = {}
    for piece in loader.load(wanted, report):
        if len(piece.times):
            pieces.setdefault(piece.key, []).append(piece)
    if not pieces:
        raise InvalidInputError(
            f"The source loader {loader.name!r} gives no points. Correct its parameters, or the period."
        )
    return {key: _joined(own) for key, own in pieces.items()}


def _joined(pieces: list[LoadedSeries]) -> LoadedSeries:
    first = pieces[0]
    times = np.concatenate([each.times for each in pieces])
    values = np.concatenate([each.values for each in pieces])
    return replace(first, times=times, values=values)


def _placed(target: DataSource | Panel | str, store: Connector) -> DataSource | Panel | None:
    """The record of a target; None for a new name."""
    if not isinstance(target, str):
        return target
    if not 0 < len(target) <= _LONGEST_NAME:
        raise InvalidInputError(f"The name of the source is {target!r:.80}; expected 1 to {_LONGEST_NAME} characters.")
    quoted = target.replace("'", "''")
    found: list[DataSource | Panel] = [
        each for kind in (DataSource, Panel) for each in kind.find(f"name = '{quoted}'", limit=2, connector=store)
    ]
    if len(found) > 1:
        raise InvalidInputError(
            f"Several sources and panels are named {target!r}: {', '.join(map(str, found))}. Give one of them, or its id."
        )
    return found[0] if found else None


def _check_fits(place: DataSource | Panel | None, found: Mapping[str, LoadedSeries], loader: SourceLoader) -> None:
    if isinstance(place, DataSource) and len(found) > 1:
        raise InvalidInputError(
            f"The source loader {loader.name!r} gives {len(found)} series, such as {', '.join([*found][:3])}, and {place} "
            "is one series. Name one by keys, or write them to a panel."
        )


def _sources_of(
    place: DataSource | Panel | None, found: Mapping[str, LoadedSeries], name: str, store: Connector
) -> dict[str, DataSource]:
    """The source of each series; those that are new are not saved."""
    if isinstance(place, DataSource):
        return dict.fromkeys(found, place)
    known = {} if place is None else place.sources()
    label = name if place is None else place.name
    return {
        key: known[key]
        if key in known
        else _new(each, label if place is None and len(found) == 1 else f"{label} {key}", store)
        for key, each in found.items()
    }


def _new(series: LoadedSeries, name: str, store: Connector) -> DataSource:
    calendar: Calendar | None = None
    if series.interval is None and len(series.times) > 1:
        calendar = infer_calendar(series.times, series.time_zone or "UTC")
    interval = series.interval if calendar is None else str(calendar)
    return DataSource(
        name=name[:_LONGEST_NAME],
        time_interval=interval,
        anchor=None if calendar is None else calendar.anchor,
        time_zone=series.time_zone or "UTC",
        unit=series.unit,
        connector=store,
    )


def _fresh(
    sources: Mapping[str, DataSource], found: Mapping[str, LoadedSeries], report: Listener
) -> "tuple[dict[str, Points], int, int]":
    """The points that are new or have another value, by key, and the numbers of both."""
    fresh: dict[str, Points] = {}
    added = changed = 0
    for done, (key, each) in enumerate(found.items()):
        report("Comparing points", done, len(found))
        there, same = _there(sources[key], each.times, each.values)
        added += int((~there).sum())
        changed += int((there & ~same).sum())
        if not same.all():
            fresh[key] = each.times[~same], each.values[~same]
    report("Storing points", len(found), len(found))
    return fresh, added, changed


def _there(
    source: DataSource, times: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the times that have a point, and of those that have the same value, shape (n,) each."""
    nothing = np.zeros(len(times), bool)
    if source._is_new:
        return nothing, nothing
    known, held = source.connector.series.read(source.id, int(times[0]), int(times[-1]) + 1)
    if not len(known):
        return nothing, nothing
    at = np.minimum(np.searchsorted(known, times), len(known) - 1)
    there = known[at] == times
    return there, there & (held[at] == values)


def _snapshots(sources: list[DataSource]) -> list[DataSnapshot]:
    """The present state of each source: its latest snapshot, or a new one where its rows are others."""
    latest = [next(iter(reversed(source.snapshots())), None) for source in sources]
    with listening(progress=False) as silent:  # the points are written: it is not stopped here
        present = DataSnapshot._fix_all(sources, "", silent)
    states = [
        now if then is None or then.sha256 != now.sha256 else then for then, now in zip(latest, present, strict=True)
    ]
    if fresh := [each for each in states if each._is_new]:
        DataSnapshot._keep_all(fresh)
    return states
