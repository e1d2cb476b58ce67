"""The content of a report on a version, in words and numbers: read once, for the template and the plots."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enorchestrator.monitoring.alerts import list_alerts, list_observations
from enorchestrator.monitoring.watching.monitor import STATISTICS
from enorchestrator.registry.find import aliases_of, find_registered, find_version, list_evaluations, list_versions
from enorchestrator.reporting.timeline import TimelineEvent, timeline
from enstorage import Connector, DataSource
from enstorage.ledger import ModelVersion, MonitorAlert, Observation, VersionEvaluation

#: Series whose windows are drawn: those with the most windows beyond their limits.
_MOST_SERIES = 3


@dataclass(frozen=True, slots=True)
class WindowsOfSeries:
    """The windows of one kind and series.

    Attributes:
        kind: "quality" or "drift".
        series: name of the data source.
        times: of the windows, as plots take them, shape (n,).
        shares: by name of the statistic the share of its limit, shape (n,).
        alerts: by its id the place of an alert on that axis.
        versions: the places from which windows are of another version, by its name.
        beyond: number of windows beyond their limits.
    """

    kind: str
    series: str
    times: NDArray[np.int64] | NDArray[np.float64]
    shares: Mapping[str, list[float | None]]
    alerts: Mapping[str, int]
    versions: Mapping[str, int]
    beyond: int


@dataclass(frozen=True, slots=True)
class VersionContent:
    """Everything that the page shows.

    Attributes:
        name: of the registered model.
        version: the version.
        aliases: of the version.
        production: number of the version in production; None for none.
        unit: of the series.
        evaluation: the latest one of the version; None for none.
        against: number of the version that it was compared with; None for none.
        rows: of the comparison, as the evaluation keeps them; None for none.
        times: of these rows, as plots take them.
        windows: what the monitor saw, of all versions.
        events: the timeline of the registered model.
    """

    name: str
    version: ModelVersion
    aliases: list[str]
    production: int | None
    unit: str
    evaluation: VersionEvaluation | None
    against: int | None
    rows: Mapping[str, Any] | None
    times: NDArray[np.int64] | NDArray[np.float64] | None
    windows: Sequence[WindowsOfSeries]
    events: Sequence[TimelineEvent]

    @property
    def report(self) -> Mapping[str, Any]:
        """The report of the evaluation; empty without one."""
        return (self.evaluation.report if self.evaluation is not None else None) or {}

    @property
    def floors(self) -> Mapping[str, Mapping[str, Any]]:
        """By what is grouped by, the results of the gates that are floors."""
        return {
            each["gate"].removeprefix("floor "): each for each in self._gates() if each["gate"].startswith("floor ")
        }

    @property
    def budgets(self) -> Sequence[Mapping[str, Any]]:
        """The results of the gates that are budgets of time and memory."""
        return [each for each in self._gates() if each["gate"] in ("latency", "memory")]

    @property
    def groups(self) -> Mapping[str, Mapping[str, float]]:
        """By what is grouped by, the error of each group, the worst first: those of floors, and usual ones."""
        of_floors = {by: each["groups"] for by, each in self.floors.items() if each.get("groups")}
        return {by: own for by, own in {**self.report.get("groups", {}), **of_floors}.items() if len(own) > 1}

    def _gates(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.report.get("gates", [])
        return found


def content_of_version(name: str, version: int | str, store: Connector) -> VersionContent:
    """Read what is stored about a version.

    Raises:
        NotFoundError: there is no such version.
    """
    find_registered(name, connector=store)
    found, aliases = find_version(name, version, connector=store), aliases_of(name, connector=store)
    latest = next(iter(list_evaluations(name, found.version, connector=store)), None)
    numbers = {each.id: each.version for each in list_versions(name, connector=store)}
    rows = (latest.report or {}).get("rows") if latest is not None else None
    sources = {each.id: each for each in DataSource.get_list(connector=store)}
    own = [sources[each["id"]] for each in found.inputs if each["entity"] == "data_source" and each["id"] in sources]
    return VersionContent(
        name=name,
        version=found,
        aliases=sorted(alias for alias, number in aliases.items() if number == found.version),
        production=aliases.get("production"),
        unit=own[0].unit if own else "",
        evaluation=latest,
        against=None if latest is None or latest.against_id is None else numbers.get(latest.against_id),
        rows=rows,
        times=None if rows is None else _on_axis(rows["id"], sources.get(rows["series"])),
        windows=_windows(name, numbers, sources, store),
        events=timeline(name, connector=store),
    )


def share_of_limit(found: Any) -> float | None:
    """A statistic of a window as a share of its limit; None where it has none."""
    if not isinstance(found, Mapping):
        return None
    value, limit = found.get("value"), found.get("limit")
    if not isinstance(value, int | float) or not isinstance(limit, int | float):
        return None
    end = found["lower"] if value < 0 and isinstance(found.get("lower"), int | float) else limit
    return value / end if end else None


def _windows(
    name: str, numbers: Mapping[int, int], sources: Mapping[int, DataSource], store: Connector
) -> list[WindowsOfSeries]:
    alerts = [alert for alert, _ in list_alerts(name, connector=store)]
    seen: dict[tuple[str, int], list[Observation]] = {}
    for each in reversed(list_observations(name, connector=store)):
        if each.kind in ("quality", "drift"):
            seen.setdefault((each.kind, each.series), []).append(each)
    beyond = Counter(each.series for own in seen.values() for each in own if each.exceeded)
    chosen = sorted({series for _, series in seen}, key=lambda series: -beyond[series])
    return [
        _of_series(kind, sources.get(series), seen[kind, series], alerts, numbers)
        for series in chosen[:_MOST_SERIES]
        for kind in _KINDS
        if (kind, series) in seen
    ]


#: Kinds of windows, in the order of the page.
_KINDS = ("quality", "drift")


def _of_series(
    kind: str,
    source: DataSource | None,
    windows: list[Observation],
    alerts: Sequence[MonitorAlert],
    numbers: Mapping[int, int],
) -> WindowsOfSeries:
    from endirector.reporting.language import text

    windows = sorted(windows, key=lambda each: (each.time_from, each.id))
    found, times = [_statistics(each) for each in windows], _on_axis([each.time_from for each in windows], source)
    begun: dict[str, int] = {}
    for each, at in zip(windows, times.tolist(), strict=True):
        begun.setdefault(text("version {number}", number=numbers[each.version_id]), at)
    names = list(dict.fromkeys(name for each in found for name in each))
    shares = {name: [share_of_limit(each.get(name)) for each in found] for name in names}
    own = [each for each in alerts if each.kind == kind and each.series == windows[0].series]
    return WindowsOfSeries(
        kind=kind,
        series=str(windows[0].series) if source is None else source.name,
        times=times,
        shares={name: share for name, share in shares.items() if any(each is not None for each in share)},
        alerts={str(each.id): _on_axis([each.time_to], source).tolist()[0] for each in own},
        versions=begun,
        beyond=sum(each.exceeded for each in windows),
    )


def _statistics(window: Observation) -> Mapping[str, Any]:
    if window.kind == "drift":
        return {STATISTICS.get(name, name): value for name, value in window.statistics.items()}
    error, released, limit = (window.statistics.get(name) for name in ("error", "released", "limit"))
    return {"error": {"value": error, "limit": limit}, "error at the release": {"value": released, "limit": limit}}


def _on_axis(times: Sequence[int], source: DataSource | None) -> NDArray[np.int64] | NDArray[np.float64]:
    from endirector.reporting.content import on_axis

    ids = np.asarray(times, dtype=np.int64)
    return ids if source is None else on_axis(ids, source.clock)
