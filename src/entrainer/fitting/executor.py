"""Groups of models that are trained by the processes of an executor, such as those of a Dask cluster."""

import os
from collections.abc import Sequence
from concurrent.futures import Executor, as_completed
from typing import Any

from numpy.typing import NDArray

from enstorage import Connector, Model
from enstorage.database.url import is_in_memory
from enstorage.errors import InvalidInputError
from enstorage.settings import Settings
from entrainer.fitting.job import Job
from entrainer.fitting.progress import bar_of_models
from entrainer.settings.training import Training


def at_once(group: Sequence[Job]) -> int:
    """How many models of a group one process trains at once: a block for each core."""
    first = group[0]
    if first.member is None or first.alone:
        return 1
    from entrainer.compiled.initial_weights import blueprint

    plan = blueprint(first.member.network.common(), first.member.shape, first.training.outputs(first.member.targets))
    return plan.beside * (os.cpu_count() or 1)


def spread(
    groups: Sequence[list[Job]],
    executor: Executor,
    *,
    share: bool,
    hidden: bool,
    tensorboard: str | os.PathLike[str] | None,
) -> None:
    """Train parts of the groups by the processes of an executor, with a progress bar; see `fit`.

    Raises:
        InvalidInputError: the store is in the memory of this process, where no other can reach it.
    """
    calls = []
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
            calls.append(
                executor.submit(
                    _fit_stored,
                    connector.settings,
                    connector.allow_pickle,
                    [job.model.id for job in part],
                    [job.training.to_json() for job in part],
                    [job.seed for job in part],
                    [job.weight for job in part],
                    share,
                    None if tensorboard is None else os.path.abspath(tensorboard),  # noqa: PTH100 - theirs may be another
                )
            )
    with bar_of_models(sum(map(len, groups)), hidden=hidden) as done:
        for call in as_completed(calls):
            done(call.result())


def _fit_stored(
    settings: Settings,
    allow_pickle: bool,
    ids: list[int],
    trainings: list[dict[str, Any]],
    seeds: list[int],
    weights: list[NDArray[Any] | None],
    share: bool,
    tensorboard: str | None,
) -> int:
    """Train stored models in another process, which opens the store by its URLs; returns how many."""
    from entrainer.fitting.fit import fit

    connector = Connector(*settings, allow_pickle=allow_pickle)
    try:
        with connector:
            chosen = [Training.from_json(each) for each in trainings]
            models = Model.get_list(ids)
            fit(models, chosen, seeds=seeds, weights=weights, share=share, progress=False, tensorboard=tensorboard)
    finally:
        connector.close()
    return len(ids)
