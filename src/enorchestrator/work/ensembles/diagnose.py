"""The kind `diagnose`: measures the contribution of each member of an ensemble."""

from typing import Any

from enorchestrator.work.ensembles.chosen import EnsembleArguments, check_ensemble, ensemble_of
from enorchestrator.work.kind import Partial, WorkKind
from enstorage import Connector
from enstorage.progress import Progress


def _diagnose(
    arguments: EnsembleArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    import endirector

    ensemble = ensemble_of(arguments, connector)
    return {"ensemble": ensemble.id, "diagnosis": endirector.diagnose(ensemble, progress=progress)}


DIAGNOSE = WorkKind("diagnose", "render", "ensemble", "Diagnose ensemble", EnsembleArguments, _diagnose, check_ensemble)
