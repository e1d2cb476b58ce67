"""The kind `verify`: renders an ensemble again and compares every number."""

from dataclasses import asdict
from typing import Any

from enorchestrator.work.ensembles.chosen import EnsembleArguments, check_ensemble, ensemble_of
from enorchestrator.work.kind import Partial, WorkKind
from enstorage import Connector
from enstorage.progress import Progress


def _verify(
    arguments: EnsembleArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from endirector import Conductor

    ensemble = ensemble_of(arguments, connector)
    verified = Conductor(ensemble).verify(progress=progress)
    return {
        "ensemble": ensemble.id,
        "demanded": verified.demanded,
        "numbers": verified.numbers,
        "largest_difference": verified.largest_difference,
        "different": [asdict(each) for each in verified.different],
        "not_recomputed": dict(verified.not_recomputed),
        "stale": list(ensemble.staleness()),
    }


VERIFY = WorkKind("verify", "render", "ensemble", "Verify ensemble", EnsembleArguments, _verify, check_ensemble)
