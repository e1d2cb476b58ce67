"""The kind `backtest`: makes out-of-fold forecasts of models from rolling origins."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Partial, WorkKind
from enorchestrator.work.models.training import PARTS, TrainingArguments, check_training, models_of, read_training
from enstorage import Connector
from enstorage.progress import Progress


class BacktestArguments(TrainingArguments):
    """Models, how they are trained, and from which origins."""

    folds: Annotated[int, Field(ge=1, le=1000, description="Largest number of origins.")] = 5
    initial: Annotated[float, Field(gt=0, lt=1, description="Share of the rows before the first origin.")] = 0.5
    horizon: Annotated[
        int | None, Field(ge=1, description="Steps to forecast, at least; by default those of the data set.")
    ] = None


def _backtest(
    arguments: BacktestArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    import entrainer

    models = models_of(arguments, connector)
    entrainer.backtest(
        models,
        read_training(arguments.training),
        folds=arguments.folds,
        initial=arguments.initial,
        horizon=arguments.horizon,
        seeds=arguments.seeds,
        progress=progress,
    )
    return {
        "models": [
            {"id": model.id, "name": model.name, "out_of_fold": model.forecasts("out_of_fold").height}
            for model in models
        ]
    }


BACKTEST = WorkKind(
    "backtest",
    "train",
    "model",
    "Backtest models",
    BacktestArguments,
    _backtest,
    check_training,
    parts=PARTS,
    outputs={"models": "model[]"},
)
