"""`renew`: one turn of the loop: train again, evaluate, decide, register."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from enorchestrator.builder.retrain import Parts, Retrained, Retraining, retrained
from enorchestrator.builder.sandbox import build_aside
from enorchestrator.evaluation.suite import register
from enorchestrator.monitoring.settings import MonitorSettings
from enorchestrator.registry.aliases import promote
from enorchestrator.registry.find import PRODUCTION, find_registered, find_version, list_versions
from enorchestrator.registry.loading import load_version
from enorchestrator.registry.versions import reject_version
from enstorage import Connector, Ensemble, Project
from enstorage.connector import bound_to
from enstorage.errors import ConflictError, InvalidInputError
from enstorage.ledger import AuditEntry, ModelVersion
from enstorage.ledger.base import now
from enstorage.progress import Progress, listening
from enstorage.terminal import printable

#: Of the parameters that a version is given: the version that it was made again from.
RENEWED = "renewed_from"


@dataclass(frozen=True, slots=True)
class Renewed:
    """A version that was built again on the present data.

    Attributes:
        name: of the registered model.
        version: number of the new version.
        evaluation: "passed", "failed" or "error".
        proposal: "promote", "keep" or "reject".
        decision: "promoted", "kept" (registered, beside production), or "rejected" (kept for comparison alone).
        remarks: sentences on what was replaced in training.
        tuned: sentences on the settings that were chosen by trials.
    """

    name: str
    version: int
    evaluation: str
    proposal: str
    decision: str
    remarks: tuple[str, ...] = ()
    tuned: tuple[str, ...] = ()


def renew(
    name: str,
    *,
    parts: Parts | None = None,
    recent: int | None = None,
    choose: bool = False,
    trials: int = 0,
    space: Mapping[str, Any] | None = None,
    may_promote: bool = False,
    settings: MonitorSettings | Mapping[str, Any] | None = None,
    created_by: str = "",
    progress: bool | Progress = True,
    connector: Connector | None = None,
) -> Renewed:
    """Train the version in production again on the present data, evaluate it beside that, decide, and register it.

    All of the training happens in a store aside; writes to this one are refused meanwhile. A version that fails a gate is
    rejected and kept for comparison.

    Args:
        name: of the registered model.
        parts: train, valid and test part of the new preparations; by default as before.
        recent: train on at most so many rows of each source, the latest; by default on all.
        choose: select method and members anew; else they stay.
        trials: for each member that is trained by epochs try so many networks and settings, the present ones among them, and
            choose by the loss on valid rows; 0: the settings stay.
        space: the values to try by `network.NAME` or `training.NAME`, a list or a range; by default a learning rate from a
            tenth to ten times the present one, and half, equal and twice the numbers of units.
        may_promote: promote the new version if its evaluation proposes that.
        settings: how often within how many days is trained again, see `MonitorSettings`.
        created_by: name of who asks for it.
        progress: show a bar, or a function, see `enstorage.Progress`.
        connector: the store; the current one by default.

    Raises:
        CancelledError: the progress function asked to stop; nothing is registered.
        ConflictError: it was trained again as often as the settings allow; people have to look.
        InvalidInputError: the version in production is no ensemble of members that can be trained here; or trials are asked
            for, and no member is trained by epochs, there are no valid rows, or the space cannot be read.
        NotFoundError: nothing is in production.
    """
    recipe = Retraining(parts, recent, choose, trials, space)
    own = settings if isinstance(settings, MonitorSettings) else MonitorSettings.read(settings or {})
    with bound_to(connector) as store, listening(progress) as report:
        current = find_version(name, PRODUCTION, connector=store)
        _check_limit(name, own, store)
        entity = load_version(name, current.version, connector=store)
        if not isinstance(entity, Ensemble):
            raise InvalidInputError(
                f"{entity} is in production; expected an ensemble. Train the model by hand, and register it."
            )
        told: list[Retrained] = []

        def build(project: Project) -> Ensemble:
            told.append(retrained(entity, project, report.within(1, 6, 10), recipe))
            return told[0].ensemble

        built = build_aside(entity.project, build, report, first=0, last=6, total=10)
        version, evaluation = register(
            name,
            built,
            description=" ".join((*told[0].remarks, *told[0].tuned)),
            parameters={RENEWED: current.version},
            created_by=created_by,
            progress=report.within(7, 9, 10),
        )
        proposal = "keep" if evaluation.report is None else str(evaluation.report["proposal"])
        decision = "kept"
        if evaluation.state == "failed":
            reject_version(name, version.version, connector=store)
            decision = "rejected"
        elif evaluation.state == "passed" and proposal == "promote" and may_promote:
            promote(name, version.version, remark="trained again", changed_by=created_by, connector=store)
            decision = "promoted"
        _note(store, version, decision, created_by)
        report("Decide", 10, 10)
        about = (evaluation.state, proposal, decision, told[0].remarks, told[0].tuned)
        return Renewed(name, version.version, *about)


def _check_limit(name: str, settings: MonitorSettings, store: Connector) -> None:
    """Refuse one training too many, so that the loop does not run away."""
    find_registered(name, connector=store)
    since = now() - timedelta(days=settings.within_days)
    made = [
        each
        for each in list_versions(name, connector=store)
        if each.created_at >= since and RENEWED in each.parameters.get("given", {})
    ]
    if len(made) >= settings.most_retrainings:
        raise ConflictError(
            f"{printable(name)} was trained again {len(made)} times within {settings.within_days:g} days, as often as "
            "most_retrainings allows, and that did not end it. Look at the data and the gates, or raise the limit."
        )


def _note(store: Connector, version: ModelVersion, decision: str, created_by: str) -> None:
    """Note the decision of the loop in the audit log."""
    with store.transaction() as session:
        known = session.scalar(select(ModelVersion).where(ModelVersion.id == version.id))
        assert known is not None  # noqa: S101 - it was stored
        session.add(
            AuditEntry(
                who=created_by,
                action="train",
                entity="registered_model",
                entity_id=version.registered_id,
                outcome="done",
                detail={"version": version.version, "decision": decision},
            )
        )
