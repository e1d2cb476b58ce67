"""`Checkpoints`: states of the training of a group, kept in the store, so that a training that was killed goes on."""

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Sequence

from enstorage import ModelMeta
from enstorage.errors import CorruptError, NotFoundError
from entrainer.compiled.group_state import GroupState
from entrainer.fitting.job import Job

#: The fact of the first model of a group that names its states, while it is trained.
FACT = "checkpoint"
_KEPT = 2


class Checkpoints:
    """The last two states of a group, in the object store, named by a fact of its first model.

    Args:
        jobs: of the group.
        seconds: between two states; None keeps none.
    """

    def __init__(self, jobs: Sequence[Job], seconds: float | None) -> None:
        self._model, self._seconds = jobs[0].model, seconds
        self._key = _key(jobs)
        self._last = time.monotonic()
        self._kept: list[str] = []

    def latest(self) -> GroupState | None:
        """The latest state of the same training that is whole; one that is damaged is left out with a warning."""
        if self._seconds is None:
            return None
        told = self._model.meta(FACT, default=None)
        if not isinstance(told, dict) or told.get("key") != self._key:
            return None
        self._kept = [str(each) for each in told.get("objects", ())][-_KEPT:]
        for sha256 in reversed(self._kept):
            try:
                return GroupState.from_bytes(self._model.connector.objects.get(sha256))
            except (CorruptError, NotFoundError, ValueError):
                warnings.warn(
                    f"A checkpoint of {self._model} is damaged or gone; the training goes on from the one before, or anew.",
                    stacklevel=2,
                )
        return None

    def keep(self, state: Callable[[], GroupState]) -> None:
        """Keep a state if it is time."""
        if self._seconds is None or time.monotonic() - self._last < self._seconds:
            return
        connector = self._model.connector
        (sha256,) = connector.put([state().to_bytes()])
        gone, self._kept = self._kept[: 1 - _KEPT], [*self._kept, sha256][-_KEPT:]
        self._model.meta(FACT, {"key": self._key, "objects": self._kept})
        for each in set(gone) - set(self._kept):
            connector.objects.delete(each)
        self._last = time.monotonic()

    def clear(self) -> None:
        """Forget all states: the training is over."""
        for fact in self._model._children(ModelMeta.model_id):
            if fact.key == FACT:
                fact.delete()
        for each in self._kept:
            self._model.connector.objects.delete(each)
        self._kept = []


def _key(jobs: Sequence[Job]) -> str:
    """The SHA-256 of all that decides the training."""
    told = [
        [
            *(job.model.id, job.model.network, job.loaded.data_set.sha256, job.training.to_json(), job.seed),
            None if job.weight is None else hashlib.sha256(job.weight.tobytes()).hexdigest(),
        ]
        for job in jobs
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
