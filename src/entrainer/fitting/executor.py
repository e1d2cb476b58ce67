"""Groups of models that are trained by the processes of an executor, such as those of a Dask cluster."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from enstorage.database.url import is_in_memory
from enstorage.errors import CancelledError, InvalidInputError
from entrainer.fitting.epochs import Epochs, epochs_of
from entrainer.fitting.job import Job

_ASKED_EVERY_SECONDS = 0.5


def at_once(group: Sequence[Job]) -> int:
    """The number of models of a group that one process trains at once: a block for each core."""
    first = group[0]
    if first.member is None or first.alone:
        return 1
    from entrainer.compiled.initial_weights import blueprint

    plan = blueprint(first.member.network.common(), first.member.shape, first.training.outputs(first.member.targets))
    return plan.beside * (os.cpu_count() or 1)


def spread(
    groups: Sequence[list[Job]],
    executor: Executor,
    fit_stored: Callable[..., None],
    epochs: Epochs,
    *,
    share: bool,
    tensorboard: str | os.PathLike[str] | None,
) -> None:
    """Train parts of the groups by the processes of an executor; see `fit`.

    An interrupt cancels the parts that no process has begun; the processes finish and keep the others.

    Args:
        groups: all of one store.
        executor: whose processes open the store.
        fit_stored: trains a part there: settings of the store, whether pickles are allowed, and of its models the ids,
            trainings as JSON, seeds and row weights; then `share` and `tensorboard`.
        epochs: counts the finished parts.
        share: as in `fit`.
        tensorboard: as in `fit`.

    Raises:
        InvalidInputError: the store is in the memory of this process, where no other can reach it.
    """
    running: dict[Future[None], int] = {}
    epochs.add(0)
    for group in groups:
        connector = group[0].model.connector
        if is_in_memory(connector.database.url) or connector.series.is_in_process:
            raise InvalidInputError(
                f"{connector} is in the memory of this process; the processes of an executor cannot reach it. Open a store "
                "in a folder or on a server."
            )
        size = at_once(group)
        for start in range(0, len(group), size):
            part = group[start : start + size]
            call = executor.submit(
                fit_stored,
                connector.settings,
                connector.allow_pickle,
                [job.model.id for job in part],
                [job.training.to_json() for job in part],
                [job.seed for job in part],
                [job.weight for job in part],
                share,
                None if tensorboard is None else os.path.abspath(tensorboard),  # noqa: PTH100 - theirs may be another
            )
            running[call] = sum(map(epochs_of, part))
    try:
        while running:
            epochs.add(0)
            for call in wait(running, _ASKED_EVERY_SECONDS, FIRST_COMPLETED).done:
                call.result()
                epochs.add(running.pop(call))
    except (KeyboardInterrupt, CancelledError):
        for call in running:
            call.cancel()
        raise
