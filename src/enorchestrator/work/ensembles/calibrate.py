"""The kind `calibrate`: calibrates prediction intervals of an ensemble."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.ensembles.chosen import EnsembleArguments, check_ensemble, ensemble_of
from enorchestrator.work.ensembles.intervals import IntervalArguments
from enorchestrator.work.kind import Partial, WorkKind
from enstorage import Connector
from enstorage.progress import Progress


class CalibrateArguments(IntervalArguments, EnsembleArguments):
    """An ensemble and the intervals that it gets."""

    horizon: Annotated[int | None, Field(ge=1, le=100_000, description="Also for steps ahead up to this one.")] = None


def _calibrate(
    arguments: CalibrateArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    import endirector

    ensemble = ensemble_of(arguments, connector)
    intervals = endirector.calibrate(
        ensemble,
        arguments.levels,
        horizon=arguments.horizon,
        side=arguments.side,
        floor=arguments.floor,
        progress=progress,
    )
    return {"ensemble": ensemble.id, "intervals": intervals.to_dicts()}


CALIBRATE = WorkKind(
    "calibrate",
    "render",
    "ensemble",
    "Calibrate ensemble",
    CalibrateArguments,
    _calibrate,
    check_ensemble,
    outputs={"ensemble": "ensemble"},
)
