"""`fit`: trains stored models, and stores everything that comes of it."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from operator import attrgetter

from numpy.typing import ArrayLike

from enstorage import Model
from enstorage.entity._trash import check_live
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import Chunk, Report, train_together
from entrainer.compiled.outcome import Outcome, Stop
from entrainer.fitting.claims import taken_in_turn
from entrainer.fitting.executor import at_once, spread
from entrainer.fitting.job import Job, jobs_of
from entrainer.fitting.keep import Curves, keep
from entrainer.fitting.keras_fit import fit_estimator, fit_keras
from entrainer.fitting.progress import progress_bar
from entrainer.model_output import output_of
from entrainer.settings.training import Training
from entrainer.tensorboard.write import Board

Progress = Callable[[Sequence[Model], Chunk], Collection[int] | None]
"""Called every few epochs with the models that are trained together and what is told of them; may return the numbers of
those, counted from 0, that are to stop there."""

_KIND = attrgetter("kind")


def fit(
    models: Sequence[Model] | Model,
    training: Training | Sequence[Training] | None = None,
    *,
    seeds: int | Iterable[int] = 0,
    weights: Sequence[ArrayLike | None] | None = None,
    share: bool = False,
    executor: Executor | None = None,
    progress: bool | Progress = True,
    tensorboard: str | os.PathLike[str] | None = None,
) -> None:
    """Train models, networks of one kind together as one compiled program.

    Networks, lags, rates of dropout, learning rates, seeds and data may differ: what has one architecture, and training
    that differs in the learning rate alone, becomes one group, and what comes out of a model does not depend on the
    others. A network that cannot be trained in a group, and a Keras model of one's own that was kept with `save_object`,
    is trained by `keras.Model.fit`; a scikit-learn estimator by its `fit`.

    For each model are stored: the trained object; its forecasts on every part; the curves `loss` and, with valid rows,
    `valid_loss`, while it trains (`Model.curves`); and the facts `training`, `seed`, `loss` (of the epoch whose weights
    are kept), `epochs`, `stopped` (why it ended before its last epoch, or null), `trained_on`, `seconds` (of its group),
    `versions`, `row_weights` where there are some, and `trained_alone` with the reason where it was not part of a group.

    Ctrl-C keeps what is finished. The models of the group that is being trained keep the weights of its last finished
    epochs, and their fact `stopped` says `interrupted`; fitting them again begins anew and gives what one whole training
    would have given.

    Args:
        models: stored models, or one.
        training: epochs, batch size, loss, optimiser; one for all or one for each; by default as in the paper, with 200
            epochs.
        seeds: of initial weights, shuffling and dropout: one for all models, or one for each.
        weights: of each model's train rows in the loss, shape (train rows,), or None for 1; an estimator is given them as
            `sample_weight`.
        share: other processes are given the same list at the same time: each trains what no other is training. What was
            trained already by the same settings and seed is left as it is, so that a list goes on after a kill.
        executor: of `concurrent.futures`, or `client.get_executor()` of a Dask cluster, whose processes open the same
            store and train parts of the groups.
        progress: show a progress bar; or a function that is told, and may stop models.
        tensorboard: folder in which TensorBoard shows the models while they are trained, see `write_tensorboard`.

    Raises:
        InvalidInputError: a model has nothing to train, its network does not fit its data set, a data set has no train
            rows, seeds, trainings or weights do not fit the models, an estimator takes no weights, or a model is in the
            trash. Nothing was trained then.
        NotFoundError: a model has no data set.
    """
    if isinstance(models, Model):
        models = [models]
    check_live(models)
    jobs = jobs_of(models, training or Training(), seeds, weights)
    groups = groups_of(jobs)
    if executor is not None:
        spread(groups, executor, share=share, hidden=progress is not True, tensorboard=tensorboard)
    else:
        for group in groups:
            for part in taken_in_turn(group, at_once(group)) if share else [group]:
                _fit_group(part, progress, tensorboard)
    if executor is not None or share:
        for model in models:
            model.refresh()  # other processes may have trained it


def _fit_group(group: list[Job], progress: bool | Progress, tensorboard: str | os.PathLike[str] | None) -> None:
    started = time.perf_counter()
    with _shown(group, progress) as report:
        models = [job.model for job in group]
        board = None if tensorboard is None else Board(tensorboard, models)
        for model in models:
            model.clear_curves()
        curves = Curves(models, board)

        def told(chunk: Chunk) -> Collection[int] | None:
            curves.log(chunk)
            return report(chunk) if report is not None else None

        for job, outcome in zip(group, outcomes_of(group, told), strict=True):
            keep(job, outcome, started)
            if board is not None:
                board.keep(job.model, outcome.obj)
            interrupted = outcome.stopped is Stop.INTERRUPTED
    if interrupted:
        raise KeyboardInterrupt


def groups_of(jobs: Iterable[Job]) -> list[list[Job]]:
    """The jobs, those together that can be trained together."""
    return [list(group) for _, group in groupby(sorted(jobs, key=_KIND), key=_KIND)]


def outcomes_of(group: list[Job], report: Report) -> Iterable[Outcome]:
    """Train a group, one of `groups_of`; nothing is stored."""
    first = group[0]
    if first.member is None:
        fitted = fit_estimator(first.obj, *first.loaded.train, first.weight)
        return [Outcome(fitted, output_of(fitted, first.loaded.features))]
    if first.alone:
        done = fit_keras(first.member, first.training, report, first.obj)
        told = (done.loss, done.valid_loss, done.best_epoch, done.stopped)
        return [Outcome(done.model, output_of(done.model, first.loaded.features), *told, first.alone)]
    members = [job.member for job in group if job.member is not None]
    trained = train_together(members, first.training, report)
    outputs = predict_together(trained, [job.loaded.features for job in group])
    return [result.outcome(output) for result, output in zip(trained, outputs, strict=True)]


def _shown(group: list[Job], progress: bool | Progress) -> AbstractContextManager[Report | None]:
    if group[0].member is None:  # an estimator has no epochs to show
        return nullcontext(None)
    if progress is True:
        return progress_bar(len(group), group[0].training.epochs)
    if progress is False:
        return nullcontext(None)
    models = [job.model for job in group]
    return nullcontext(lambda chunk: progress(models, chunk))
