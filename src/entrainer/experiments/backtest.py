"""`backtest`: forecasts of rows that the forecasting network was not trained on, from rolling origins."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage import Model
from enstorage.adapter.samples import fully_measured, partly_measured
from enstorage.entity._known import BACKTEST, note_forecast
from enstorage.entity._trash import check_live
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import fit_samples
from enstorage.instant import to_iso
from enstorage.preparation.split import Part
from enstorage.progress import Listener, Progress, listening
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember
from entrainer.compiled.outcome import Stop
from entrainer.fitting.epochs import Epochs, epochs_of
from entrainer.fitting.job import BuiltByHand, Job, jobs_of
from entrainer.fitting.keras_fit import fit_keras
from entrainer.model_output import in_source_units, output_of
from entrainer.settings.training import Training

_KIND = attrgetter("job.kind")


class Fold(NamedTuple):
    """One origin of one model.

    Attributes:
        job: The model.
        train: Numbers of the rows of its data set that are known at the origin, with all their targets; those that can be
            trained on, as their targets were measured.
        ahead: Numbers of the rows from the origin to the next one.
    """

    job: Job
    train: NDArray[np.intp]
    ahead: NDArray[np.intp]


def backtest(
    models: Sequence[Model] | Model,
    training: Training | Sequence[Training] | None = None,
    *,
    folds: int = 5,
    initial: float = 0.5,
    seeds: int | Iterable[int] = 0,
    progress: bool | Progress = True,
) -> None:
    """Keep forecasts of each model for rows that it was not trained on, as `model.forecasts("out_of_fold")`.

    The folds follow the rows of the train and the valid part in time: the model is trained on a first share, forecasts the
    rows up to the next origin, is trained on these too, and so on. All models are cut at the same times, and
    all folds of all models of one kind are trained as one compiled program. Test rows, and targets that were not measured,
    play no part. The models' own
    objects, forecasts and facts stay as they are, but for the fact `backtest` with the origins, the training and the seed.

    Ctrl-C, or a progress function that asks to stop, keeps the forecasts of the models that are finished, kind by kind; of
    the others nothing.

    The figures of the preparation, such as the scale, were fitted on the whole train part; apart from these, no network
    sees later values.

    Args:
        models: stored models with a network or an estimator, or one.
        training: as `fit` takes it.
        folds: how many origins, at least 1.
        initial: share of the rows before the first origin, above 0 and below 1.
        seeds: as `fit` takes them; a model has the same in each fold.
        progress: show a bar, or a function, see `enstorage.Progress`; counted in epochs of single folds.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: there are too few rows for the folds, a model was built by hand and cannot be built again, or as
            `fit`. Nothing was kept then.
        NotFoundError: a model has no data set.
    """
    if isinstance(models, Model):
        models = [models]
    if type(folds) is not int or folds < 1 or not 0 < initial < 1:
        raise InvalidInputError(
            f"backtest takes a number of folds of at least 1 and an initial share between 0 and 1; received {folds!r} and "
            f"{initial!r}."
        )
    check_live(models)
    with listening(progress) as report:
        jobs = jobs_of(models, training or Training(), seeds, None)
        origins = _origins(jobs, folds, initial)
        for job, forecast in walked(jobs, origins, report):
            _keep(job, forecast, origins)


def walked(jobs: Sequence[Job], origins: NDArray[np.int64], report: Listener) -> Iterator[tuple[Job, dict[str, Any]]]:
    """The out-of-fold forecasts of each job, as `Model.save_forecasts` takes them, kind by kind; nothing is stored.

    Args:
        jobs: of `jobs_of`.
        origins: the times of the cuts and of the end, shape (folds + 1,).
        report: receives the progress, in epochs of all folds.
    """
    jobs = [_to_be_refitted(job) for job in jobs]
    every = [_fold(job, origins, number) for job in jobs for number in range(len(origins) - 1)]
    epochs = Epochs(report, sum(epochs_of(fold.job) for fold in every))
    for _, group in groupby(sorted(every, key=_KIND), key=_KIND):
        folds, interrupts = list(group), list[BaseException]()
        outputs = _forecast(folds, epochs, interrupts)
        for job, own in groupby(zip(folds, outputs, strict=True), key=lambda pair: pair[0].job):
            pairs = list(own)
            rows = np.concatenate([fold.ahead for fold, _ in pairs])
            output = np.concatenate([output for _, output in pairs])
            yield job, in_source_units(job.loaded.data_set, output, rows, job.training.quantiles)
        if interrupts:
            raise interrupts[0]
    epochs.end()


def _to_be_refitted(job: Job) -> Job:
    if job.member is None:
        return job
    if isinstance(job.member.network, BuiltByHand):
        raise InvalidInputError(
            f"{job.model} was built by hand and cannot be built again for each fold. Give it a network, or keep forecasts "
            f"that you have made yourself: model.save_forecasts({OUT_OF_FOLD!r}, id, values)."
        )
    return replace(job, member=replace(job.member, valid=None))


def _origins(jobs: Sequence[Job], folds: int, initial: float) -> NDArray[np.int64]:
    """Times at which every model is cut, and the end: shape (folds + 1,), of targets that all models have."""
    common = _common(jobs)
    first = int(len(common) * initial)
    if first < 1 or len(common) - first < folds:
        raise InvalidInputError(
            f"{len(common)} targets that are no test rows are common to the models; {folds} folds after {initial:.0%} of "
            "them need at least one each. Take fewer folds, or a longer snapshot."
        )
    cuts = np.linspace(first, len(common), folds + 1).astype(np.intp)
    return np.append(common[cuts[:-1]], common[-1] + 1)


def _common(jobs: Sequence[Job]) -> NDArray[np.int64]:
    common = _known(jobs[0])
    for job in jobs[1:]:
        common = np.intersect1d(common, _known(job), assume_unique=False)
    return common


def _known(job: Job) -> NDArray[np.int64]:
    """The times of targets outside the test part; a cut is at a time of which a target was measured."""
    data_set = job.loaded.data_set
    return np.unique(data_set.ids()[(data_set.parts() != Part.TEST) & partly_measured(job.loaded.targets)])


def _fold(job: Job, origins: NDArray[np.int64], number: int) -> Fold:
    data_set = job.loaded.data_set
    ids, last = data_set.ids(), job.loaded.last_targets
    open_to_all = data_set.parts() != Part.TEST
    known = fully_measured(job.loaded.targets) if job.member is None else partly_measured(job.loaded.targets)
    train = np.flatnonzero(open_to_all & known & (last < origins[number]))
    ahead = np.flatnonzero(open_to_all & (ids >= origins[number]) & (ids < origins[number + 1]))
    if not len(train):
        raise InvalidInputError(
            f"{data_set} has no rows whose targets lie before the first origin, {to_iso(int(origins[number]))}. Take a "
            "larger initial share."
        )
    return Fold(job, train, ahead)


def _forecast(folds: list[Fold], epochs: Epochs, interrupts: list[BaseException]) -> list[NDArray[np.float64]]:
    """The forecasts of each fold, (rows ahead, outputs).

    An interrupt that comes when all are trained is added to `interrupts`, an earlier one is raised.
    """
    job = folds[0].job
    features, targets = job.loaded.features, job.loaded.targets
    ahead = [fold.job.loaded.features[fold.ahead] for fold in folds]
    if job.member is None:
        outputs = []
        for fold, X in zip(folds, ahead, strict=True):
            with epochs.group(1, 1):
                fitted = fit_samples(job.obj, features[fold.train], targets[fold.train])
                outputs.append(output_of(fitted, X, job.loaded.target_size))
        return outputs
    members = [_member(fold) for fold in folds]
    if job.alone:
        outputs = []
        for member, X in zip(members, ahead, strict=True):
            with epochs.group(1, job.training.epochs) as report:
                outputs.append(output_of(fit_keras(member, job.training, report).obj, X))
        return outputs
    with epochs.group(len(folds), job.training.epochs) as report:
        outcomes = train_together(members, job.training, report, interrupts.append)
    if any(outcome.stopped is Stop.INTERRUPTED for outcome in outcomes):
        raise interrupts[0]
    return predict_together([outcome.obj for outcome in outcomes], ahead)


def _member(fold: Fold) -> GroupMember:
    member, loaded = fold.job.member, fold.job.loaded
    assert member is not None  # noqa: S101 - only estimators have none
    return replace(member, X=loaded.features[fold.train], y=loaded.targets[fold.train])


def _keep(job: Job, forecast: dict[str, Any], origins: NDArray[np.int64]) -> None:
    facts = {
        "origins": [to_iso(int(time)) for time in origins[:-1]],
        "end": to_iso(int(origins[-1])),
        "training": job.training.to_json(),
        "seed": job.seed,
    }
    with job.model.connector.transaction():
        stored = job.model.save_forecasts(OUT_OF_FOLD, **forecast)
        job.model.meta(BACKTEST, facts)  # before it is known, and cannot be written any more
        if job.from_scratch:
            note_forecast(stored, "backtest")
