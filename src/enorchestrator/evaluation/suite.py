"""The suite: every gate of a registered model, applied to one version; and the comparison with production."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from enorchestrator.evaluation.budgets import latency_seconds, memory_mb
from enorchestrator.evaluation.compare import FEWEST_TIMES, PairedComparison, compared
from enorchestrator.evaluation.groups import errors_of_groups, usual_groups
from enorchestrator.evaluation.later import forecast_later
from enorchestrator.registry.find import PRODUCTION, aliased, find_version, registered_of
from enorchestrator.registry.gates import Floor, Gates, keeps
from enorchestrator.registry.loading import load_version
from enorchestrator.registry.rows import rows_of
from enorchestrator.registry.versions import store_version
from enstorage import Connector, DataSnapshot
from enstorage.connector import bound_to
from enstorage.errors import CancelledError, EnstorageError
from enstorage.ledger import ModelVersion, VersionEvaluation
from enstorage.progress import Listener, Progress, listening
from enstorage.views.claims import claims_of, of_errors

if TYPE_CHECKING:
    from enstorage import Ensemble, Model

_LOG = logging.getLogger(__name__)
Outcome = Literal["passed", "failed", "skipped"]
_KEY = ["series", "id", "step"]


@dataclass(frozen=True, slots=True)
class GateResult:
    """The outcome of one gate.

    Attributes:
        gate: such as "claims", "mae", "floor season", "challenge", "regression", "latency", "memory".
        outcome: "passed", "failed", or "skipped" where it does not apply.
        message: one sentence for people.
        value: what was measured.
        limit: what it was compared with.
        groups: of a floor, the error of each group, the worst first.
    """

    gate: str
    outcome: Outcome
    message: str
    value: float | None = None
    limit: float | None = None
    groups: Mapping[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as JSON, without what is None."""
        names = ("gate", "outcome", "message", "value", "limit", "groups")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def register(
    name: str,
    entity: "Ensemble | Model",
    *,
    description: str = "",
    parameters: Mapping[str, Any] | None = None,
    created_by: str = "",
    progress: bool | Progress = True,
) -> tuple[ModelVersion, VersionEvaluation]:
    """Store an ensemble or a model, as it is now, as the next version of a name, and evaluate it.

    Args:
        name: of the registered model; made by the first version.
        entity: a rendered ensemble, or a model with forecasts of test rows.
        description: free text.
        parameters: further ones than the store knows, such as of a model that was made elsewhere.
        created_by: name of who registers it.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        The version, and its evaluation. Equal content is stored once: it is the version that has it then.

    Raises:
        CancelledError: the progress function asked to stop; the version stays, without an evaluation.
        InvalidInputError: parameters, inputs or errors are not known; `field` names which. Nothing is stored.
    """
    about: dict[str, Any] = {"description": description, "parameters": parameters, "created_by": created_by}
    version = store_version(name, entity, **about)
    return version, evaluate(
        name, version.version, created_by=created_by, progress=progress, connector=entity.connector
    )


def evaluate(
    name: str,
    version: int | str = "challenger",
    *,
    created_by: str = "",
    progress: bool | Progress = True,
    connector: Connector | None = None,
) -> VersionEvaluation:
    """Apply the gates of a registered model to a version, compare it with the one in production, and store the report.

    An error of the suite itself is stored as the state "error": it says nothing of the version, which stays as it was.

    Args:
        name: of the registered model.
        version: its number, or an alias.
        created_by: name of who asks for it.
        progress: show a bar, or a function, see `enstorage.Progress`.
        connector: the store; the current one by default.

    Raises:
        CancelledError: the progress function asked to stop; nothing is stored.
        NotFoundError: there is no such version.
    """
    with bound_to(connector) as store, listening(progress) as report:
        found = find_version(name, version, connector=store)
        with store.database.reading() as session:
            registered = registered_of(session, name)
            champion = aliased(session, registered.id, PRODUCTION)
        champion = None if champion is None or champion.id == found.id else champion
        made = VersionEvaluation(
            version_id=found.id,
            against_id=None if champion is None else champion.id,
            gates=registered.gates,
            created_by=created_by,
        )
        try:
            made.report = _Suite(name, found, champion, Gates.read(registered.gates), store, report).run()
            made.state = made.report["state"]
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever fails says nothing of the version
            _LOG.exception("The evaluation of version %s of %s failed.", found.version, name)
            made.state, made.error = "error", _problem(error)
        with store.transaction() as session:
            session.add(made)
            session.flush()
        return made


def _problem(error: Exception) -> dict[str, Any]:
    detail = str(error) if isinstance(error, EnstorageError) else f"{type(error).__name__}: {error}"
    return {"title": "The evaluation failed", "detail": detail[:2000]}


class _Suite:
    def __init__(
        self,
        name: str,
        version: ModelVersion,
        champion: ModelVersion | None,
        gates: Gates,
        store: Connector,
        report: Listener,
    ) -> None:
        self.name, self.version, self.champion, self.gates = name, version, champion, gates
        self.store, self.report = store, report

    def run(self) -> dict[str, Any]:
        """The report."""
        self.report("Load the version", 0, 4)
        entity = load_version(self.name, self.version.version, connector=self.store)
        self.test = rows_of(entity).filter(pl.col("part") == "test")
        self.report("Limits and floors", 1, 4)
        results = [*self._claims(entity), *self._limits(), *self._floors()]
        self.report("Comparison with production", 2, 4)
        comparison, regression, rows = self._comparisons(entity)
        results += [*self._challenge(comparison), *self._regression(regression)]
        self.report("Budgets", 3, 4)
        results += [*self._budgets(entity)]
        self.report("Evaluation", 4, 4)
        passed = all(each.outcome != "failed" for each in results)
        return {
            "state": "passed" if passed else "failed",
            "proposal": self._proposal(comparison, passed=passed),
            "gates": [each.to_json() for each in results],
            "metrics": self.version.metrics["test"],
            "comparison": None if comparison is None else comparison.to_json(),
            "against": None if self.champion is None else self.champion.version,
            "groups": self._groups(),
            "rows": _drawn(rows),
        }

    def _groups(self) -> dict[str, dict[str, float]]:
        """The error of each usual group, the worst first: what a floor could be for."""
        metric, rows = self.gates.metric, _FEWEST_OF_GROUP
        floors = [Floor(by=by, metric=metric, limit=1.0, rows=rows) for by in usual_groups(self.test, self.store)]
        found = {each.by: errors_of_groups(self.test, each, self.store) for each in floors}
        return {by: errors for by, errors in found.items() if len(errors) > 1}

    def _proposal(self, comparison: PairedComparison | None, *, passed: bool) -> str:
        """The proposal to people: "promote", "keep" the champion, or "reject"."""
        if not passed:
            return "reject"
        return "promote" if comparison is None or comparison.verdict == "better" else "keep"

    def _claims(self, entity: "Ensemble | Model") -> Iterator[GateResult]:
        claimed, refused = claims_of(entity), self.gates.claims == "refused"
        if claimed:
            yield GateResult("claims", "failed" if refused else "passed", of_errors(claimed))
        elif refused:
            yield GateResult("claims", "passed", "All that the errors rest on was done here.")

    def _limits(self) -> Iterator[GateResult]:
        for metric, limit in self.gates.limits.items():
            value = self.version.metrics["test"].get(metric)
            if value is None:
                yield GateResult(metric, "failed", f"There is no {metric} of these test rows.", limit=limit)
                continue
            is_kept = keeps(metric, value, limit)
            message = f"{metric} is {value:.6g} on test rows; the limit is {limit:.6g}."
            yield GateResult(metric, "passed" if is_kept else "failed", message, value, limit)

    def _floors(self) -> Iterator[GateResult]:
        for floor in self.gates.floors:
            gate, found = f"floor {floor.by}", errors_of_groups(self.test, floor, self.store)
            if not found:
                message = f"No {floor.by} has {floor.rows} test rows, so none was judged."
                yield GateResult(gate, "failed", message, limit=floor.limit)
                continue
            worst, value = next(iter(found.items()))
            outcome: Outcome = "passed" if value <= floor.limit else "failed"
            message = (
                f"{floor.metric} of the worst {floor.by}, {worst}, is {value:.6g}; the limit is {floor.limit:.6g}."
            )
            yield GateResult(gate, outcome, message, value, floor.limit, found)

    def _comparisons(
        self, entity: "Ensemble | Model"
    ) -> tuple[PairedComparison | None, PairedComparison | None, pl.DataFrame]:
        """With production: on all test rows that it was not trained on; and on those that it had been judged by itself.

        The third is the rows of the first comparison; without one, those of the version alone.
        """
        if self.champion is None:
            return None, None, self.test.rename({"forecast": "challenger"})
        champion = load_version(self.name, self.champion.version, connector=self.store)
        known = rows_of(champion)
        judged = known.filter(pl.col("part") == "test").select(*_KEY, pl.col("forecast").alias("champion"))
        own = self.test.rename({"forecast": "challenger"}).drop("part")
        old = own.join(judged, on=_KEY, how="inner")
        ends = known.group_by("series").agg(pl.col("id").max().alias("end"))
        newer = own.join(ends, on="series").filter(pl.col("id") > pl.col("end")).drop("end")
        rows = old
        if newer.height:
            later = forecast_later(champion, newer.select(_KEY), _snapshots(entity), self.report.within(2, 3, 4))
            rows = pl.concat([old, newer.join(later.rename({"forecast": "champion"}), on=_KEY, how="inner")])
        metric, level = self.gates.metric, self.gates.significance
        return compared(rows, metric, level), compared(old, metric, level), rows

    def _challenge(self, found: PairedComparison | None) -> Iterator[GateResult]:
        if found is None or self.gates.challenge == "none":
            return
        assert self.champion is not None  # noqa: S101 - there is a comparison
        what = f"version {self.champion.version}, in production"
        if found.verdict == "unknown":
            message = f"There are {found.times} times that {what}, was not trained on; a test needs {FEWEST_TIMES}."
            yield GateResult("challenge", "failed" if self.gates.challenge == "better" else "skipped", message)
            return
        is_met = found.verdict == "better" or (self.gates.challenge == "not_worse" and found.verdict == "tie")
        p_value = "" if found.p_value is None else f", p = {found.p_value:.3g}"
        message = (
            f"{found.metric} is {found.challenger:.6g}, and {found.champion:.6g} of {what}, on {found.rows} rows"
            f"{p_value}: {_WORDS[found.verdict]}."
        )
        yield GateResult("challenge", "passed" if is_met else "failed", message, found.challenger, found.champion)

    def _regression(self, old: PairedComparison | None) -> Iterator[GateResult]:
        share = self.gates.regression
        if old is None or share is None:
            return
        if old.times < FEWEST_TIMES or old.challenger is None or old.champion is None:
            message = f"Only {old.times} times of the earlier test rows are test rows of this version too."
            yield GateResult("regression", "skipped", message)
            return
        limit = old.champion * (1 + share)
        message = (
            f"{old.metric} is {old.challenger:.6g} on {old.rows} earlier test rows, and was {old.champion:.6g}; "
            f"the limit is {limit:.6g}."
        )
        yield GateResult(
            "regression", "passed" if old.challenger <= limit else "failed", message, old.challenger, limit
        )

    def _budgets(self, entity: "Ensemble | Model") -> Iterator[GateResult]:
        gates, steps = self.gates, f"a forecast of {self.gates.horizon} steps"
        if gates.latency_seconds is not None:
            taken = latency_seconds(entity, gates.horizon)
            message = f"{steps[0].upper()}{steps[1:]} takes {taken:.3g} s; the budget is {gates.latency_seconds:.3g} s."
            outcome: Outcome = "passed" if taken <= gates.latency_seconds else "failed"
            yield GateResult("latency", outcome, message, taken, gates.latency_seconds)
        if gates.memory_mb is not None:
            used = memory_mb(entity, gates.horizon, self.store)
            message = f"The process of {steps} takes {used:.0f} MB; the budget is {gates.memory_mb:.0f} MB."
            outcome = "passed" if used <= gates.memory_mb else "failed"
            yield GateResult("memory", outcome, message, used, gates.memory_mb)


def _drawn(rows: pl.DataFrame) -> dict[str, Any] | None:
    """The latest rows of one series and step, as a chart draws them."""
    if rows.is_empty():
        return None
    series, step = rows.select(pl.col("series").min(), pl.col("step").min()).row(0)
    own = rows.filter(pl.col("series") == series, pl.col("step") == step).sort("id").tail(_DRAWN)
    names = [name for name in ("truth", "challenger", "champion") if name in own.columns]
    values = own.select(pl.col(names).round_sig_figs(6)).to_dict(as_series=False)
    return {"series": series, "step": step, "id": own["id"].to_list(), **values}


#: Rows of a chart of a report; and of a group that it tells the error of, whatever floors ask for.
_DRAWN, _FEWEST_OF_GROUP = 200, 3
_WORDS = {"better": "significantly better", "worse": "significantly worse", "tie": "no significant difference"}


def _snapshots(entity: "Ensemble | Model") -> dict[int, DataSnapshot]:
    """The snapshot of each series that an ensemble or a model was made from, the newest."""
    records = entity.lineage().records  # in the order of their ids
    return {each.data_source_id: each for each in records if isinstance(each, DataSnapshot)}
