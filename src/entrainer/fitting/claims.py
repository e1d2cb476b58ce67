"""Lists of models that several processes train together: each process claims models that no other has claimed."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

from enstorage.errors import StoreError
from enstorage.progress import checkpoint
from entrainer.compiled.outcome import Stop
from entrainer.fitting.job import Job
from entrainer.settings.training import Training

CLAIM = "training_claim"
_LEASE = timedelta(seconds=60)
_RENEWED_EVERY_SECONDS = 15.0
_LOOKED_EVERY_SECONDS = 1.0


def taken_in_turn(jobs: Sequence[Job], at_once: int) -> Iterator[list[Job]]:
    """Jobs of one kind, some at a time, until all are done, by this process or by others.

    A process records the models it trains in their fact `training_claim`, and renews the claims every few seconds.
    Claims of a process that was killed expire after a minute. Models that were trained with the same settings and seed are
    skipped.
    """
    own = secrets.token_hex(8)
    while True:
        taken, waiting = _take(jobs, own, at_once)
        if taken:
            with _kept_alive(taken, own):
                yield taken
        elif waiting:
            checkpoint()
            time.sleep(_LOOKED_EVERY_SECONDS)
        else:
            return


def _is_done(job: Job, facts: Mapping[str, Any]) -> bool:
    """True where the model was trained to the end by these settings and seed."""
    kept = facts.get("training")  # perhaps of a version with fewer settings
    same = kept is not None and Training.from_json(kept) == job.training and facts.get("seed") == job.seed
    return same and facts.get("stopped") != str(Stop.INTERRUPTED)


def _take(jobs: Sequence[Job], own: str, at_once: int) -> tuple[list[Job], bool]:
    """Claim some open jobs; returns also whether other processes are training others."""
    taken: list[Job] = []
    waiting = False
    moment = datetime.now(UTC)
    with jobs[0].model.connector.transaction():
        for job in jobs:
            if len(taken) == at_once:
                break
            facts = job.model.metas()
            if _is_done(job, facts):
                continue
            claim = facts.get(CLAIM)
            if claim is not None and claim["by"] != own and datetime.fromisoformat(claim["until"]) > moment:
                waiting = True
                continue
            _claim(job, own, moment)
            taken.append(job)
    return taken, waiting


def _claim(job: Job, own: str, moment: datetime) -> None:
    job.model.meta(CLAIM, {"by": own, "until": (moment + _LEASE).isoformat()})


@contextmanager
def _kept_alive(jobs: Sequence[Job], own: str) -> Iterator[None]:
    """Renew the claims while the block runs; afterwards there are none."""
    ended = Event()

    def renew() -> None:
        while not ended.wait(_RENEWED_EVERY_SECONDS):
            moment = datetime.now(UTC)
            # If the server does not answer, the next renewal tries again; a lease lasts four renewals.
            with suppress(StoreError), jobs[0].model.connector.transaction():
                for job in jobs:
                    _claim(job, own, moment)

    thread = Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for job in jobs:
            job.model.meta(CLAIM, None)
