"""The life of a released ensemble: asked for by a sentence, released, watched, trained again, rolled back."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enmyadmin.demo.production.catching import Catcher
from enmyadmin.output import print_line
from enorchestrator import (
    Orchestrator,
    alias_history,
    create_registered,
    create_rule,
    issue_forecasts,
    list_alerts,
    list_notices,
    list_versions,
    plan_intent,
    promote,
    register,
    report_version,
    start_intent,
    submit,
)
from enorchestrator.dispatch.read import details
from enorchestrator.executor.base import ExecutorFactory
from enorchestrator.executor.local import LocalExecutor
from enstorage import Connector, DataSource, Ensemble, Project
from enstorage.errors import EnstorageError, InvalidInputError
from enstorage.ledger import Run
from enstorage.writing import write_whole

NAME = "load of the town"
SENTENCE = f'forecast "{NAME}" 7 days ahead'
_DAYS = np.arange("2024-01-01", "2025-12-31", dtype="datetime64[D]")
_KNOWN, _QUIET, _HIGHER, _HELD, _NOISY = 420, 14, 35, 14, 21
_SETTINGS = {"rows": 14, "truths": 7, "patience": 10_000, "tolerance": 0.1}
_GATES = {
    "limits": {"mae": 15.0},
    "floors": [{"by": "weekday", "limit": 20.0, "rows": 2}],
    "latency_seconds": 30.0,
    "horizon": 7,
}
_WEEK = np.array([4.0, 5, 5, 4, 2, -9, -11])
_LONGEST_SECONDS = 300.0


def run(
    output: Path,
    *,
    quiet: bool = False,
    connector: Connector | None = None,
    workers: int = 1,
    executor: ExecutorFactory = LocalExecutor,
) -> dict[str, Any]:
    """Run the demonstration; its store, its report, and its story as JSON and text lie in the folder.

    Args:
        output: a new or an empty folder.
        quiet: print nothing.
        connector: an empty store; by default a new one in the folder.
        workers: largest number of steps at once.
        executor: makes the executor of the steps, such as `enorchestrator.executor.dask.DaskExecutor`.

    Returns:
        The figures of the story.

    Raises:
        InvalidInputError: the folder has something in it.
    """
    if output.exists() and any(output.iterdir()):
        raise InvalidInputError(f"{output} has files in it; expected a new folder. Give another one with --output.")
    began = time.perf_counter()
    own = Connector.in_folder(output / "store") if connector is None else connector
    with own as store, Catcher() as catcher:
        before = dict(os.environ)
        os.environ |= {f"ENSTORAGE_NOTIFY_{name.upper()}": address for name, address in catcher.addresses.items()}
        try:
            story = _Story(store, catcher, print_line if not quiet else lambda _: None)
            figures = story.tell(workers, executor)
            page = report_version(NAME, figures["renewed"]["version"], output, connector=store).path
        finally:
            os.environ.clear()
            os.environ |= before
    figures["seconds"] = round(time.perf_counter() - began, 1)
    where = f", the store {output / 'store'}" if connector is None else ""
    story.say(f"All of it took {figures['seconds']:.0f} seconds. The report is {page}{where}.")
    write_whole(output / "story.json", json.dumps(figures, indent=1).encode(), overwrite=True)
    write_whole(output / "story.txt", "\n".join(story.lines).encode(), overwrite=True)
    if connector is None:
        own.close()
    return figures


class _Story:
    def __init__(self, connector: Connector, catcher: Catcher, show: Callable[[str], object]) -> None:
        self.connector, self.catcher, self._show = connector, catcher, show
        self.lines: list[str] = []
        self.day = 0

    def say(self, line: str) -> None:
        """Tell one sentence."""
        self.lines.append(line)
        self._show(line)

    def tell(self, workers: int, executor: ExecutorFactory) -> dict[str, Any]:
        """The whole story, with its figures."""
        self.source = DataSource(name=NAME, time_interval="1d", unit="MW").save()
        self._come(_values(0.0, 1.0), _KNOWN, issue=False)
        for channel in ("mail", "hook"):
            create_rule(f"alerts by {channel}", channel, events=["run.alert"], connector=self.connector)
        with Orchestrator(self.connector, workers, program="demo", executor=executor):
            sentence = self._sentence()
            self._release()
            self._come(_values(0.0, 1.0), _QUIET)
            quiet = self._work("monitor", name=NAME, settings=_SETTINGS)
            self.say(f"{_QUIET} days came as before. The monitor proposes: {quiet['proposal']}.")
            self._come(_values(30.0, 1.0), _HIGHER)
            seen = self._work("monitor", name=NAME, settings=_SETTINGS)
            self._told(f"The load rose by 30 MW for {_HIGHER} days.", seen)
            renewed = self._work("renew", name=NAME, parts=[0.97, 0.0, 0.03], may_promote=True)
            self.say(f"It was trained again in a store aside: version {renewed['version']} is {renewed['decision']}.")
            self._come(_values(30.0, 1.0), _HELD)
            held = self._work("monitor", name=NAME, settings=_SETTINGS)
            self.say(f"{_HELD} more days at the new level. The monitor proposes: {held['proposal']}.")
            self._come(_values(0.0, 7.0), _NOISY)
            rolled = self._work("monitor", name=NAME, settings=_SETTINGS, may_roll_back=True)
            self._told("The old level is back, and the meter is seven times as noisy.", rolled)
            self.say(f"Rolled back: version {rolled['rolled_back_to']} is in production.")
            self._wait_for_notices()
        history = [
            {"alias": each.alias, "reason": each.reason, "to": each.to_version_id, "by": each.changed_by}
            for each in reversed(alias_history(NAME, connector=self.connector))
        ]
        self.say(f"People were told by {len(self.catcher.subjects)} mails and {len(self.catcher.titles)} web hooks.")
        return {
            "sentence": sentence,
            "quiet": quiet["proposal"],
            "seen": seen["proposal"],
            "renewed": {"version": renewed["version"], "decision": renewed["decision"]},
            "held": held["proposal"],
            "rolled_back_to": rolled["rolled_back_to"],
            "versions": len(list_versions(NAME, connector=self.connector)),
            "alerts": [alert.message for alert, _ in reversed(list_alerts(NAME, connector=self.connector))],
            "history": history,
            "mails": len(self.catcher.subjects),
            "hooks": len(self.catcher.titles),
        }

    def _sentence(self) -> str:
        plan = plan_intent(SENTENCE, connector=self.connector)
        self.say(f"Asked for: {SENTENCE}")
        for line in plan.requirements:
            self.say(f"  {line}")
        started = start_intent(plan, created_by="demo", connector=self.connector)
        assert started.run is not None  # noqa: S101 - a sentence without times runs at once
        self._over(started.run)
        self.say(f"The pipeline {started.pipeline.name} ran: {', '.join(started.pipeline.definition['steps'])}.")
        return SENTENCE

    def _release(self) -> None:
        from sklearn.linear_model import LinearRegression

        import endirector
        import entrainer
        from enstorage.adapter import Window

        project = Project(name="The town", data_source=self.source).save()
        preparation = self.source.create_snapshot().create_preparation("linear", "standard", 0.7, 0.1, 0.2)
        research = project.create_research("Linear", preparation)
        models = []
        for lag in (7, 14):
            models.append(research.create_model(f"lag {lag}", LinearRegression()))
            models[-1].data_set(preparation.create_set(Window(lag)))
        entrainer.fit(models, progress=False)
        ensemble: Ensemble = endirector.form(project, models, metric="mae", name="Load", progress=False)
        create_registered(NAME, gates=_GATES, created_by="demo", connector=self.connector)
        self.say("Gates: errors of at most 15 MW on test rows and 20 MW on any weekday, a forecast within 30 seconds.")
        version, evaluation = register(NAME, ensemble, created_by="demo", progress=False)
        promote(NAME, version.version, remark="the first one", changed_by="demo", connector=self.connector)
        error = version.metrics["test"]["mae"]
        self.say(f"An ensemble was formed and evaluated ({evaluation.state}); its error is {error:.2f} MW. Released.")

    def _told(self, change: str, seen: dict[str, Any]) -> None:
        self.say(f"{change} The monitor saw it, and proposes: {seen['proposal']}.")
        for alert in seen["alerts"]:
            self.say(f"  {alert['message']}")

    def _come(self, values: NDArray[np.float64], days: int, *, issue: bool = True) -> None:
        """Days that come one after the other, each forecast before; or all at once."""
        first, self.day = self.day, self.day + days
        step = 1 if issue else days
        for start in range(first, self.day, step):
            if issue:
                issue_forecasts(NAME, 1, connector=self.connector)
            own = slice(start, start + step)
            self.source.write(_DAYS[own].astype("datetime64[ns]"), values[own])

    def _work(self, kind: str, **arguments: Any) -> dict[str, Any]:
        found = self._over(submit(kind, arguments, connector=self.connector, created_by="demo"))
        return dict(found.result)

    def _over(self, run: Run) -> Run:
        end = time.monotonic() + _LONGEST_SECONDS
        while (found := details(run.id, connector=self.connector).run).state not in (
            "succeeded",
            "failed",
            "cancelled",
        ):
            if time.monotonic() > end:
                raise EnstorageError(
                    f"The run {run.id} did not end within {_LONGEST_SECONDS:.0f} seconds. Look at its log."
                )
            time.sleep(0.05)
        if found.state != "succeeded":
            raise EnstorageError(f"The run {run.id} ({found.title}) {found.state}: {found.error}. Look at its log.")
        return found

    def _wait_for_notices(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and (
            list_notices(state="waiting", connector=self.connector) or not list_notices(connector=self.connector)
        ):
            time.sleep(0.1)


def _values(level: float, noise: float) -> NDArray[np.float64]:
    """The load of all days, in MW."""
    days = np.arange(len(_DAYS))
    random = np.random.default_rng(1).normal(0, 2, len(days))
    return np.asarray(100 + _WEEK[days % 7] + level + noise * random)
