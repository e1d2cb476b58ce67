"""Storing the results of a training: the object, facts, curves and forecasts of a model."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import Model
from enstorage.entity._known import note_training
from enstorage.entity.trained_object import keep_object
from enstorage.preparation.split import Part
from enstorage.versions import versions_of
from entrainer.compiled.group import Chunk
from entrainer.compiled.outcome import Outcome
from entrainer.fitting.job import Job
from entrainer.model_output import InSourceUnits, Output, is_finite, save_forecasts
from entrainer.settings.metrics import measured
from entrainer.tensorboard.write import Board

REMARKS = "remarks"
_LIBRARIES = ("enstorage", "keras", "jax", "numpy", "scikit-learn")


class Curves:
    """Logs the losses of models that are trained together, during the training; for TensorBoard too if a board is given."""

    def __init__(self, models: Sequence[Model], board: Board | None = None) -> None:
        self._models, self._board = models, board
        self._done = 0
        self._is_clear = False

    def clear(self) -> None:
        """Delete the curves of an earlier training; called when the first chunk arrives."""
        if not self._is_clear:
            for model in self._models:
                model.clear_curves()
            self._is_clear = True

    def log(self, chunk: Chunk) -> None:
        """Log the epochs since the last chunk; those that a model did not train are left out."""
        self.clear()
        steps = np.arange(self._done + 1, chunk.epochs + 1)
        self._done = chunk.epochs
        for number, (loss, valid_loss) in enumerate(zip(chunk.loss, chunk.valid_loss, strict=True)):
            own = {
                "loss": loss,
                "valid_loss": valid_loss,
                **{name: each[number] for name, each in chunk.metrics.items()},
            }
            for name, values in own.items():
                known = np.isfinite(values)
                if known.any():
                    self._models[number].log(steps[known], **{name: values[known]})
                    if self._board is not None:
                        self._board.log(number, steps[known], **{name: values[known]})


def keep(job: Job, outcome: Outcome[Any], output: Output, started: float) -> None:
    """Store an outcome as a whole, or nothing of it.

    Args:
        job: what was trained.
        outcome: the trained object and the facts of its training.
        output: of the object for all rows of the data set, (rows, outputs).
        started: `time.perf_counter()` when the training of the group began.
    """
    seconds = time.perf_counter() - started
    with job.model.connector.transaction():
        weight = None if job.weight is None or job.member is not None else job.loaded.of_complete(job.weight)
        keep_object(job.model, outcome.obj, weight, check=job.model.network is None)
        parts = ["train", "valid"] if job.judged_by_valid else ["train"]
        note_training(job.model, parts, from_scratch=job.from_scratch)
        facts = _facts(job, outcome) | _findings(job, output)
        job.model.metas(facts | {"seconds": seconds, "versions": versions_of(_LIBRARIES)})
        if is_finite(output):
            save_forecasts(job.model, job.loaded.data_set, output, job.training.quantiles)


def _findings(job: Job, output: Output) -> dict[str, Any]:
    """The metrics of a training in the prepared scale, or the remarks of a local model, by data source id."""
    if isinstance(output, InSourceUnits):
        return {REMARKS: {str(series): text for series, text in output.remarks.items()}}
    return _metrics(job, output)


def _metrics(job: Job, output: NDArray[np.float64]) -> dict[str, float]:
    """The metrics of the training, of the train rows and of the valid rows if there are some."""
    parts, targets, found = job.loaded.data_set.parts(), job.loaded.targets, dict[str, float]()
    for part, prefix in ((Part.TRAIN, ""), (Part.VALID, "valid_")):
        rows = parts == part
        if rows.any():
            found |= {f"{prefix}{name}": measured(name, targets[rows], output[rows]) for name in job.training.metrics}
    return found


def _facts(job: Job, outcome: Outcome[Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "training": job.training.to_json(),
        "seed": job.seed,
        "stopped": outcome.stopped and str(outcome.stopped),
        "trained_alone": outcome.alone,
    }
    if job.weight is not None:
        facts["row_weights"] = job.weight.tolist()
    if outcome.loss is not None:
        kept = outcome.best_epoch - 1
        facts["epochs"] = len(outcome.loss)
        facts["loss"] = outcome.loss[kept] if len(outcome.loss) else np.nan
        if outcome.valid_loss is not None:
            facts["valid_loss"] = outcome.valid_loss[kept] if len(outcome.valid_loss) else np.nan
    return facts
