"""The kind `fit`: trains models and keeps their forecasts."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Partial, WorkKind
from enorchestrator.work.models.curves import LiveCurves
from enorchestrator.work.models.training import PARTS, TrainingArguments, check_training, models_of, read_training
from enstorage import Connector
from enstorage.progress import Progress


class FitArguments(TrainingArguments):
    """Models, how they are trained, and how often their state is kept."""

    checkpoint_seconds: Annotated[
        float | None, Field(ge=0, description="Between two checkpoints of networks that are trained together.")
    ] = 60.0


def _fit(arguments: FitArguments, connector: Connector, progress: Progress, partial: Partial) -> dict[str, Any]:
    import entrainer

    models = models_of(arguments, connector)
    entrainer.fit(
        models,
        read_training(arguments.training),
        seeds=arguments.seeds,
        monitor=LiveCurves(partial),
        checkpoint_seconds=arguments.checkpoint_seconds,
        progress=progress,
    )
    facts = ("loss", "epochs", "stopped", "seconds")
    return {
        "models": [
            {"id": model.id, "name": model.name, **{name: model.meta(name, default=None) for name in facts}}
            for model in models
        ]
    }


FIT = WorkKind(
    "fit",
    "train",
    "model",
    "Fit models",
    FitArguments,
    _fit,
    check_training,
    outputs={"models": "model[]"},
    parts=PARTS,
)
