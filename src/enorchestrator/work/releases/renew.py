"""The kind `renew`: one turn of the loop of a released ensemble: train again, evaluate, decide, register."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.current import asked_by, tell_alert
from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.releases.named import RegisteredName
from enstorage import Connector
from enstorage.errors import ConflictError
from enstorage.progress import Progress

_Share = Annotated[float, Field(ge=0, le=1)]


class RenewArguments(Arguments):
    """A registered model, and how far the loop may go."""

    name: RegisteredName
    parts: Annotated[
        tuple[_Share, _Share, _Share] | None, Field(description="Train, valid and test part; by default as before.")
    ] = None
    recent: Annotated[int | None, Field(ge=1, description="At most so many rows, the latest; by default all.")] = None
    choose: Annotated[bool, Field(description="Select method and members anew; else they stay.")] = False
    trials: Annotated[
        int, Field(ge=0, le=100_000, description="Networks and settings to try for each member trained by epochs.")
    ] = 0
    space: Annotated[
        dict[str, Any] | None,
        Field(
            description="By network.PARAMETER or training.PARAMETER the values to try; by default around the present."
        ),
    ] = None
    may_promote: Annotated[bool, Field(description="Promote the new version if its evaluation proposes that.")] = False
    proposal: Annotated[str, Field(description="Of a step `monitor`; unless it is retrain, nothing is done.")] = (
        "retrain"
    )
    settings: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="How often is trained again: most_retrainings, within_days."),
    ]

    def subject(self) -> str:
        """The name."""
        return self.name


def _check(arguments: RenewArguments, _connector: Connector) -> None:
    from enorchestrator.builder.retrain import Retraining
    from enorchestrator.monitoring.settings import MonitorSettings

    MonitorSettings.read(arguments.settings)
    Retraining(trials=arguments.trials, space=arguments.space)


def _renew(arguments: RenewArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    from enorchestrator.builder.renew import renew

    if arguments.proposal != "retrain":
        return {"name": arguments.name, "version": None, "decision": "none"}
    try:
        found = renew(
            arguments.name,
            parts=arguments.parts,
            recent=arguments.recent,
            choose=arguments.choose,
            trials=arguments.trials,
            space=arguments.space,
            may_promote=arguments.may_promote,
            settings=arguments.settings,
            created_by=asked_by(connector),
            progress=progress,
            connector=connector,
        )
    except ConflictError as error:
        tell_alert("loop", str(error), connector)
        raise
    for remark in found.remarks:
        tell_alert("training", remark, connector)
    about = {"evaluation": found.evaluation, "proposal": found.proposal, "decision": found.decision}
    told = {"remarks": list(found.remarks), "tuned": list(found.tuned)}
    return {"name": found.name, "version": found.version, **about, **told}


def _demanded(arguments: RenewArguments) -> tuple[str, str]:
    return ("release", "registered_model") if arguments.may_promote else ("train", "registered_model")


RENEW = WorkKind(
    "renew",
    "train",
    "registered_model",
    "Train again",
    RenewArguments,
    _renew,
    _check,
    outputs={"name": "string", "version": "integer", "decision": "string"},
    demanded=_demanded,
)
