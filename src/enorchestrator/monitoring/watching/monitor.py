"""`monitor`: looks at the version in production, and tells people of what does not pass by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from enorchestrator.evaluation.later import forecast_later
from enorchestrator.monitoring.alerts import Seen, WatchFinding, close_of_others, keep_observations, raised
from enorchestrator.monitoring.feedback import truths_given
from enorchestrator.monitoring.issue import newest_snapshot
from enorchestrator.monitoring.quality import quality_windows
from enorchestrator.monitoring.settings import MonitorSettings
from enorchestrator.monitoring.watching.inputs import NewRows, drift_of, rows_of_inputs
from enorchestrator.monitoring.watching.verdicts import verdict_windows
from enorchestrator.registry.aliases import rollback
from enorchestrator.registry.find import PREVIOUS, PRODUCTION, aliased, find_version, registered_of
from enorchestrator.registry.loading import load_version
from enorchestrator.registry.rows import rows_of
from enorchestrator.registry.versions import in_turn
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import EnstorageError
from enstorage.instant import to_ns
from enstorage.ledger import IssuedForecast, ModelVersion, MonitorAlert
from enstorage.ledger.base import now
from enstorage.progress import Listener, Progress, listening
from enstorage.terminal import printable

if TYPE_CHECKING:
    from enstorage import Ensemble, Model

_KEY = ["series", "id", "step"]
#: The statistics of windows of inputs, in words.
STATISTICS = {
    "psi": "distribution (PSI)",
    "ks": "distribution (Kolmogorov–Smirnov)",
    "wasserstein": "distribution (Wasserstein)",
    "spread": "spread",
    "season": "season",
    "pattern": "pattern of the season",
    "sensor": "sensor",
}


@dataclass(frozen=True, slots=True)
class Monitored:
    """The result of a look at a version in production.

    Attributes:
        name: of the registered model.
        version: number of the version.
        observations: number of windows that were not observed before.
        alerts: that this look made.
        rolled_back_to: number of the version that is in production now, if this look rolled back.
    """

    name: str
    version: int
    observations: int
    alerts: Sequence[MonitorAlert] = field(default_factory=tuple)
    rolled_back_to: int | None = None

    @property
    def proposal(self) -> str:
        """The most urgent proposal of the new alerts: "rollback", "retrain", "load", "look"; "none" for none."""
        made = {each.proposal for each in self.alerts}
        return next((each for each in ("rollback", "retrain", "load", "look") if each in made), "none")


def monitor(
    name: str,
    *,
    settings: MonitorSettings | Mapping[str, Any] | None = None,
    may_roll_back: bool = False,
    at: datetime | None = None,
    progress: bool | Progress = True,
    connector: Connector | None = None,
) -> Monitored:
    """Observe the version in production: its inputs, the errors of its forecasts, what people say of them, its sources.

    Windows are observed once, however often this is called. An alert is made when several windows in a row exceed their
    limits, once until it is closed; a window within its limits closes it, and so does the look at another version.

    Args:
        name: of the registered model.
        settings: when an alert is made.
        may_roll_back: roll back at once where the previous version forecasts these windows better.
        at: the present time, for staleness; by default now.
        progress: show a bar, or a function, see `enstorage.Progress`.
        connector: the store; the current one by default.

    Raises:
        CancelledError: the progress function asked to stop; nothing is stored.
        CorruptError: the version is no longer what was registered.
        NotFoundError: nothing is in production.
    """
    own = settings if isinstance(settings, MonitorSettings) else MonitorSettings.read(settings or {})
    with bound_to(connector) as store, listening(progress) as report:
        version = find_version(name, PRODUCTION, connector=store)
        entity = load_version(name, version.version, connector=store)
        look = _Look(name, version, entity, own, store, report)
        findings = look.all(at or now())
        report("Alerts", 3, 3)

        def keep(session: Session) -> tuple[int, list[MonitorAlert]]:
            close_of_others(session, version)
            fresh = keep_observations(session, version, look.seen)
            made = [raised(session, version, finding) for finding in findings]
            return fresh, [each for each in made if each is not None]

        fresh, made = in_turn(store, keep)
        rolled_back = None
        if may_roll_back and any(each.proposal == "rollback" for each in made):
            reason = next(each.message for each in made if each.proposal == "rollback")
            rolled_back = rollback(name, remark=reason, changed_by="monitor", connector=store).version
        return Monitored(name, version.version, fresh, tuple(made), rolled_back)


class _Look:
    def __init__(
        self,
        name: str,
        version: ModelVersion,
        entity: "Ensemble | Model",
        settings: MonitorSettings,
        store: Connector,
        report: Listener,
    ) -> None:
        self.name, self.version, self.entity = name, version, entity
        self.settings, self.store, self.report = settings, store, report
        self.seen: list[Seen] = []

    def all(self, at: datetime) -> list[WatchFinding]:
        """Every series looked at; `seen` has the windows."""
        found: list[WatchFinding] = []
        every = list(rows_of_inputs(self.entity))
        for done, rows in enumerate(every):
            self.report(f"Inputs of {rows.source.name}", done, len(every))
            found += [*self._drift(rows), self._staleness(rows, at)]
        self.report("Quality", 2, 3)
        return [*found, *self._quality(every), *self._verdicts(every)]

    def _drift(self, rows: NewRows) -> list[WatchFinding]:
        seen, name, count = drift_of(rows, self.settings), printable(rows.source.name), self.settings.windows
        if not seen:
            return []
        self.seen += seen
        what = ", ".join(STATISTICS[each] for each in seen[-1].exceeded if each != "sensor")
        since = rows.source.label(seen[max(0, len(seen) - count)].time_from)
        # A dead sensor drifts too; it is told once.
        drifts = [each if "sensor" not in each.exceeded else replace(each, exceeded=()) for each in seen]
        dead = [each if "sensor" in each.exceeded else replace(each, exceeded=()) for each in seen]
        drifting = (
            f"The inputs of {printable(self.name)} have changed since {since}: {what} of {name}, in {count} windows."
        )
        still = f"The values of {name} stand still or are missing since {since}: the sensor may be dead."
        return [
            WatchFinding("drift", drifts, count, drifting, "retrain"),
            WatchFinding("sensor", dead, count, still, "look"),
        ]

    def _staleness(self, rows: NewRows, at: datetime) -> WatchFinding:
        calendar = rows.source.calendar
        assert calendar is not None  # noqa: S101 - of rows of buckets
        extent = rows.source.connector.series.extent(rows.source.id)
        assert extent is not None  # noqa: S101 - it has rows
        last = int(calendar.floor(np.array([extent[1]]))[0])
        moment = to_ns(at)
        if calendar.is_counter:
            waited = 0.0
        else:
            following = calendar.after(last, 2)
            waited = (moment - int(following[0])) / float(following[1] - following[0])
        figures = {"missing": max(0.0, waited), "limit": self.settings.patience}
        exceeded = ("staleness",) if waited > self.settings.patience else ()
        message = (
            f"{printable(rows.source.name)} has no value after {rows.source.label(last)}: {waited:.0f} buckets should have "
            "come since."
        )
        seen = Seen("staleness", rows.source.id, last, last + 1, figures, exceeded)
        self.seen.append(seen)
        return WatchFinding("staleness", [seen], 1, message, "load")

    def _quality(self, every: Sequence[NewRows]) -> list[WatchFinding]:
        judged = self._judged(every)
        released = rows_of(self.entity).filter(pl.col("part") == "test")
        found: list[WatchFinding] = []
        for rows in every:
            own = judged.filter(pl.col("series") == rows.source.id)
            windows = list(quality_windows(own, released.filter(pl.col("series") == rows.source.id), self.settings))
            if not windows:
                continue
            seen = [
                Seen(
                    "quality",
                    rows.source.id,
                    each.time_from,
                    each.time_to,
                    {"error": each.error, "released": each.released, "limit": each.limit, "rows": each.rows},
                    ("error",) if each.is_exceeded else (),
                )
                for each in windows
            ]
            latest, count = windows[-1], self.settings.windows
            proposal, remark = "retrain", ""
            if all(each.exceeded for each in seen[-count:]) and len(seen) >= count:
                proposal, remark = self._remedy(own.filter(pl.col("id") >= seen[-count].time_from), rows)
            message = (
                f"The forecasts of {printable(self.name)} have become worse: the mean absolute error of "
                f"{printable(rows.source.name)} is {latest.error:.4g}, and was {latest.released:.4g} at the release "
                f"(limit {latest.limit:.4g}).{remark}"
            )
            self.seen += seen
            found.append(WatchFinding("quality", seen, count, message, proposal))
        return found

    def _verdicts(self, every: Sequence[NewRows]) -> list[WatchFinding]:
        found: list[WatchFinding] = []
        with self.store.database.reading() as session:
            for rows in every:
                seen = verdict_windows(session, self.version, rows.source.id, self.settings.verdicts)
                if seen:
                    self.seen += seen
                    message = (
                        f"People call the forecasts of {printable(self.name)} bad: {seen[-1].statistics['bad']:.0%} of the "
                        f"last {self.settings.verdicts} targets of {printable(rows.source.name)} that they judged."
                    )
                    found.append(WatchFinding("verdict", seen, 1, message, "retrain"))
        return found

    def _judged(self, every: Sequence[NewRows]) -> pl.DataFrame:
        """Issued forecasts of the version beside the truths that came: those that people gave, else those of the sources."""
        with self.store.database.reading() as session:
            own = IssuedForecast.version_id == self.version.id
            columns = (IssuedForecast.series, IssuedForecast.target, IssuedForecast.step, IssuedForecast.value)
            issued = [tuple(row) for row in session.execute(select(*columns).where(own))]
            given = truths_given(session, self.version.registered_id)
        schema = {"series": pl.Int64, "id": pl.Int64, "step": pl.Int64, "forecast": pl.Float64}
        table = pl.DataFrame(issued, schema=schema, orient="row")
        measured = [
            pl.DataFrame({"series": rows.source.id, "id": rows.times, "truth": rows.values}).filter(
                pl.col("truth").is_finite()
            )
            for rows in every
        ]
        if not measured:
            return table.with_columns(truth=pl.lit(None, pl.Float64)).clear()
        known = pl.concat(measured).with_columns(pl.col("series").cast(pl.Int64))
        table = table.join(known, on=["series", "id"], how="left").join(given, on=["series", "id"], how="left")
        return table.with_columns(truth=pl.coalesce("given", "truth")).drop("given").drop_nulls("truth")

    def _remedy(self, judged: pl.DataFrame, rows: NewRows) -> tuple[str, str]:
        """Roll back if the previous version forecasts these targets clearly better; else train again."""
        with self.store.database.reading() as session:
            previous = aliased(session, registered_of(session, self.name).id, PREVIOUS)
        if previous is None or rows.source.calendar is None:
            return "retrain", ""
        try:
            entity = load_version(self.name, previous.version, connector=self.store)
            snapshots = {rows.source.id: newest_snapshot(rows.source)}
            found = forecast_later(entity, judged.select(_KEY), snapshots, self.report.within(2, 3, 3))
        except EnstorageError:
            return "retrain", ""
        both = judged.join(found.rename({"forecast": "previous"}), on=_KEY, how="inner")
        if both.height < max(3, judged.height // 2):
            return "retrain", ""
        ours, theirs = (
            float(np.abs((both["truth"] - both[name]).to_numpy()).mean()) for name in ("forecast", "previous")
        )
        if theirs * (1 + self.settings.tolerance) < ours:
            return "rollback", f" Version {previous.version} would have had {theirs:.4g}."
        return "retrain", ""
