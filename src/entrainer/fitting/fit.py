"""`fit`: trains stored models and stores the results."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage import Connector, Model
from enstorage.entity._trash import check_live
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import fit_samples
from enstorage.progress import Progress, listening
from enstorage.settings import Settings
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import Chunk, Interrupted, Report, train_together
from entrainer.compiled.group_state import StateKeeper
from entrainer.compiled.outcome import Outcome
from entrainer.fitting.checkpoints import Checkpoints
from entrainer.fitting.claims import taken_in_turn
from entrainer.fitting.epochs import Epochs, epochs_of
from entrainer.fitting.executor import at_once, spread
from entrainer.fitting.job import Job, jobs_of
from entrainer.fitting.keep import Curves, keep
from entrainer.fitting.keras_fit import fit_keras
from entrainer.local.rows import fitted_local, forecast_rows
from entrainer.model_output import Output, output_of
from entrainer.settings.training import Training
from entrainer.tensorboard.write import Board

Monitor = Callable[[Sequence[Model], Chunk], Collection[int] | None]
"""Called every few epochs with the models that are trained together and the latest chunk; may return the numbers of
those, counted from 0, that should stop."""

_KIND = attrgetter("kind")


def fit(
    models: Sequence[Model] | Model,
    training: Training | Sequence[Training] | None = None,
    *,
    seeds: int | Iterable[int] = 0,
    weights: Sequence[ArrayLike | None] | None = None,
    share: bool = False,
    executor: Executor | None = None,
    monitor: Monitor | None = None,
    progress: bool | Progress = True,
    tensorboard: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float | None = 60.0,
) -> None:
    """Train models, networks of one kind together as one compiled program.

    Networks, lags, rates of dropout, learning rates, seeds and data may differ: models with one architecture, whose
    training differs in the learning rate alone, form one group, and the result for a model does not depend on the
    others. A network that cannot be trained in a group, and a Keras model of one's own that was kept with `save_object`,
    is trained by `keras.Model.fit`; a scikit-learn estimator by its `fit`. A local model is fitted to the train part of each
    series alone, and forecasts each row from all values up to the row's origin, see `entrainer.local`; of the training only
    the quantiles concern it.

    Targets that were not measured but filled enter neither the loss nor early stopping, even if they are single steps of a
    row. An estimator is fitted on the rows of which all targets were measured.

    For each model are stored: the trained object; its forecasts on every part; the curves `loss` and, with valid rows,
    `valid_loss`, while it trains (`Model.curves`); and the facts `training`, `seed`, `loss` (of the epoch whose weights
    are kept), `epochs`, `stopped` (why it ended before its last epoch, or null), `trained_on`, `seconds` (of its group),
    `versions`, `row_weights` where there are some, and `trained_alone` with the reason where it was not part of a group.

    Ctrl-C, or a progress function that asks to stop, keeps what is finished. The models of the group that is being trained
    keep the weights of its last finished epochs, and their fact `stopped` says `interrupted`; fitting them again begins
    anew and gives what one whole training would have given. A training of a group that was killed goes on from its last
    checkpoint when the same call is made again, with the same result; a checkpoint that is damaged is left out for the one
    before.

    Args:
        models: stored models, or one.
        training: epochs, batch size, loss, optimiser; one for all or one for each; by default as in the paper, with 200
            epochs.
        seeds: of initial weights, shuffling and dropout: one for all models, or one for each.
        weights: of each model's train rows in the loss, shape (train rows,), or None for 1; an estimator is given them as
            `sample_weight`. Rows that are left out, since their targets were not measured, have a weight here too.
        share: several processes call `fit` with the same list at the same time, and each trains models that no other is
            training. Models already trained with the same settings and seed are skipped, so a list resumes after a kill.
        executor: of `concurrent.futures`, or `client.get_executor()` of a Dask cluster, whose processes open the same
            store and train parts of the groups.
        monitor: is called every few epochs with the models of a group and a chunk: `epochs` done, `loss` and `valid_loss` of
            the epochs since, (models, epochs), and why each has `stopped`. It may return the numbers of models, counted
            from 0, that are to stop there. Estimators have no epochs.
        progress: show a bar, or a function, see `enstorage.Progress`; counted in epochs of single models.
        tensorboard: folder in which TensorBoard shows the models while they are trained, see `write_tensorboard`.
        checkpoint_seconds: between two checkpoints of networks that are trained in a group; None for none. Other models are
            trained anew after a kill.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: a model has nothing to train, its network does not fit its data set, a data set has no train
            rows, seeds, trainings or weights do not fit the models, a model is in the trash, an estimator takes no weights,
            cannot be fitted, or can be neither kept nor fitted again, as a trial on a few rows shows, or there is a monitor
            and an executor, whose processes cannot call it. Nothing was trained then.
        NotFoundError: a model has no data set.
    """
    if isinstance(models, Model):
        models = [models]
    check_live(models)
    if executor is not None and monitor is not None:
        raise InvalidInputError(
            "fit was given a monitor and an executor, whose processes cannot call it. Leave one of them out."
        )
    with listening(progress) as report:
        jobs = jobs_of(models, training or Training(), seeds, weights)
        groups, epochs = groups_of(jobs), Epochs(report, sum(map(epochs_of, jobs)))
        if executor is not None:
            spread(groups, executor, _fit_stored, epochs, share=share, tensorboard=tensorboard)
        else:
            for group in groups:
                for part in taken_in_turn(group, at_once(group)) if share else [group]:
                    _fit_group(part, epochs, monitor, tensorboard, checkpoint_seconds)
        epochs.end()
    if executor is not None or share:
        for model in models:
            model.refresh()  # other processes may have trained it


def _fit_stored(
    settings: Settings,
    allow_pickle: bool,
    ids: list[int],
    trainings: list[dict[str, Any]],
    seeds: list[int],
    weights: list[NDArray[Any] | None],
    share: bool,
    tensorboard: str | None,
) -> None:
    """Train stored models in another process, which opens the store by its URLs."""
    connector = Connector(*settings, allow_pickle=allow_pickle)
    try:
        with connector:
            chosen = [Training.from_json(each) for each in trainings]
            models = Model.get_list(ids)
            fit(models, chosen, seeds=seeds, weights=weights, share=share, progress=False, tensorboard=tensorboard)
    finally:
        connector.close()


def _fit_group(
    group: list[Job],
    epochs: Epochs,
    monitor: Monitor | None,
    tensorboard: str | os.PathLike[str] | None,
    checkpoint_seconds: float | None,
) -> None:
    started = time.perf_counter()
    interrupts: list[BaseException] = []
    with epochs.group(len(group), epochs_of(group[0])) as report:
        models = [job.model for job in group]
        board = None if tensorboard is None else Board(tensorboard, models)
        curves = Curves(models, board)

        def report_chunk(chunk: Chunk) -> Collection[int] | None:
            curves.log(chunk)
            chosen = monitor(models, chunk) if monitor is not None else None
            report(chunk)
            return chosen

        checkpoints = Checkpoints(group, checkpoint_seconds)
        outcomes = outcomes_of(group, report_chunk, interrupts.append, checkpoints)
        curves.clear()
        for job, (outcome, output) in zip(group, outcomes, strict=True):
            keep(job, outcome, output, started)
            if board is not None:
                board.keep(job.model, outcome.obj)
    checkpoints.clear()
    if interrupts:
        raise interrupts[0]


def groups_of(jobs: Iterable[Job]) -> list[list[Job]]:
    """Jobs in groups that can be trained together."""
    return [list(group) for _, group in groupby(sorted(jobs, key=_KIND), key=_KIND)]


def outcomes_of(
    group: list[Job], report: Report, interrupted: Interrupted | None = None, keeper: StateKeeper | None = None
) -> list[tuple[Outcome[Any], Output]]:
    """Train a group, one of `groups_of`; nothing is stored.

    Args:
        group: the jobs.
        report: called every few epochs.
        interrupted: called with an interrupt, and the outcomes so far are returned; by default the interrupt is raised.
        keeper: of states of a group, see `train_together`.

    Returns:
        For each job the outcome, with a Keras model, an estimator or a local model, and the output for all rows of its data
        set.
    """
    first = group[0]
    if first.local is not None:
        data_set = first.loaded.data_set
        fitted, rows = fitted_local(first.local, data_set), np.arange(data_set.rows)
        return [(Outcome(fitted), forecast_rows(fitted, data_set, rows, first.training.quantiles))]
    if first.member is None:
        weight = None if first.weight is None else first.loaded.of_complete(first.weight)
        fitted = fit_samples(first.obj, *first.loaded.complete, weight)
        return [(Outcome(fitted), output_of(fitted, first.loaded.features, first.loaded.target_size))]
    if first.alone:
        alone = fit_keras(first.member, first.training, report, interrupted, first.obj)
        return [(replace(alone, alone=first.alone), output_of(alone.obj, first.loaded.features))]
    members = [job.member for job in group if job.member is not None]
    outcomes = train_together(members, first.training, report, interrupted, keeper)
    outputs = predict_together([each.obj for each in outcomes], [job.loaded.features for job in group])
    return [
        (replace(outcome, obj=outcome.obj.to_keras()), output)
        for outcome, output in zip(outcomes, outputs, strict=True)
    ]
