"""`backtest`: forecasts of rows that the forecasting network was not trained on, from rolling origins."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage import Model
from enstorage.entity._known import BACKTEST, note_forecast
from enstorage.entity._labels import common_label
from enstorage.entity._trash import check_live
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import fit_samples
from enstorage.instant import TimeLike, to_ns
from enstorage.progress import Listener, Progress, listening
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember, TrainedNetwork
from entrainer.compiled.outcome import Stop
from entrainer.experiments.folds import Fold, OpenRows
from entrainer.experiments.groups import GroupFolds
from entrainer.experiments.origins import Earliest, Origins
from entrainer.fitting.epochs import Epochs, epochs_of
from entrainer.fitting.job import BuiltByHand, Job, jobs_of
from entrainer.fitting.keras_fit import fit_keras
from entrainer.forecasting.forecast import check_horizon
from entrainer.local.rows import check_quantiles, forecast_known
from entrainer.model_output import Output, joined, output_of
from entrainer.settings.training import Training

#: How rows are parted into folds.
Cuts = Origins | GroupFolds
_KIND = attrgetter("job.kind")


def backtest(
    models: Sequence[Model] | Model,
    training: Training | Sequence[Training] | None = None,
    *,
    folds: int = 5,
    initial: float = 0.5,
    first: TimeLike | None = None,
    horizon: int | None = None,
    groups: ArrayLike | None = None,
    seeds: int | Iterable[int] = 0,
    progress: bool | Progress = True,
) -> None:
    """Keep forecasts of each model for rows that it was not trained on, as `model.forecasts("out_of_fold")`.

    The folds follow the rows of the train and the valid part in time: the model is trained on a first share, forecasts the
    rows up to the next origin, is trained on these too, and so on. All models are cut at the same times, in a pooled set
    also all series, and all folds of all models of one kind are trained as one compiled program. Test rows, and targets that
    were not measured, play no part: where the last steps of a row lie in the test part, its other steps are kept.

    A short series has the origins that its rows allow: the first one lies behind all targets of a row, and there are fewer
    than asked where fewer times are left, down to one. The models' own objects, forecasts and facts stay as they are, but
    for the fact `backtest` with the origins, their asked number, the training and the seed. Origins are local times of the
    sources if these have one time zone, else in UTC.

    Ctrl-C, or a progress function that asks to stop, keeps the forecasts of the models that are finished, kind by kind; of
    the others nothing.

    With `groups` the folds do not follow time: the rows of a group, such as the pixels of a block of a satellite image, are
    forecast by a model that was trained on other groups. `enspatial.block_groups` makes groups that share no pixel.

    The figures of the preparation, such as the scale, were fitted on the whole train part; apart from these, no network
    sees later values.

    Args:
        models: stored models with a network or an estimator, or one.
        training: as `fit` takes it.
        folds: largest number of origins, at least 1.
        initial: least share of the rows before the first origin, above 0 and below 1.
        first: earliest time of the first origin, instead of a share of the rows.
        horizon: number of steps that are forecast from each row, at least; None: those of the data set. Further steps are
            made of forecasts of earlier ones, as by `forecast`; of these there are point forecasts alone.
        groups: integer of the group of each row of every data set, in the order of `data_set.ids()`; below 0 for rows that
            are neither trained on nor forecast. Of sets from arrays alone; `initial`, `first` and `horizon` are of no use
            then.
        seeds: as `fit` takes them; a model has the same in each fold.
        progress: show a bar, or a function, see `enstorage.Progress`; counted in epochs of single folds.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: there is no origin with a row to train on before it, a model was built by hand and cannot be built
            again, its samples are no windows of which further steps could be forecast, or as `fit`. Nothing was kept then.
        NotFoundError: a model has no data set.
    """
    if isinstance(models, Model):
        models = [models]
    if type(folds) is not int or folds < 1 or not 0 < initial < 1:
        raise InvalidInputError(
            f"backtest takes a number of folds of at least 1 and an initial share between 0 and 1; received {folds!r} and "
            f"{initial!r}."
        )
    if groups is not None and (first is not None or horizon is not None):
        raise InvalidInputError("backtest takes groups, or a first origin and a horizon; received both. Leave one out.")
    if horizon is not None:
        check_horizon(horizon)
    check_live(models)
    with listening(progress) as report:
        jobs = jobs_of(models, training or Training(), seeds, None)
        rows = open_rows(jobs, partly_known=groups is None, horizon=horizon)
        cuts: Cuts
        if groups is None:
            cuts = Origins.of(jobs, rows, folds, initial if first is None else Earliest(to_ns(first)))
        else:
            cuts = GroupFolds.of(jobs, rows, folds, groups)
        for job, forecast in walked(jobs, rows, cuts, report):
            _keep(job, forecast, cuts, horizon)


def open_rows(jobs: Sequence[Job], *, partly_known: bool = True, horizon: int | None = None) -> list[OpenRows]:
    """The rows of each job that a backtest may use; those of one data set are read once. See `OpenRows.of`."""
    read: dict[int, OpenRows] = {}
    for job in jobs:
        if id(job.loaded) not in read:
            read[id(job.loaded)] = OpenRows.of(job.loaded, partly_known=partly_known, horizon=horizon)
    return [read[id(job.loaded)] for job in jobs]


def walked(
    jobs: Sequence[Job], rows: Sequence[OpenRows], cuts: Cuts, report: Listener
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """The out-of-fold forecasts of each job, as `Model.save_forecasts` takes them, kind by kind; nothing is stored.

    Args:
        jobs: of `jobs_of`.
        rows: of each, from `open_rows`.
        cuts: of the folds.
        report: receives the progress, in epochs of all folds.
    """
    jobs = [_to_be_refitted(job) for job in jobs]
    every = [cuts.fold(job, own, number) for job, own in zip(jobs, rows, strict=True) for number in range(cuts.count)]
    epochs = Epochs(report, sum(epochs_of(fold.job) for fold in every))
    for _, group in groupby(sorted(every, key=_KIND), key=_KIND):
        folds, interrupts = list(group), list[BaseException]()
        outputs = _local(folds, cuts, epochs) if folds[0].job.local else _forecast(folds, epochs, interrupts)
        for job, own in groupby(zip(folds, outputs, strict=True), key=lambda pair: pair[0].job):
            pairs = list(own)
            ahead = np.concatenate([fold.ahead for fold, _ in pairs])
            output = joined([output for _, output in pairs])
            yield job, pairs[0][0].rows.forecast(output, ahead, job.training.quantiles)
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


def _local(folds: list[Fold], cuts: Cuts, epochs: Epochs) -> list[Output]:
    """The forecasts of each fold of a local model, whose parameters are estimated from values before the fold's origin."""
    spec, quantiles = folds[0].job.local, folds[0].job.training.quantiles
    assert spec is not None  # noqa: S101 - asked by the caller
    assert isinstance(cuts, Origins)  # noqa: S101 - local models have no other
    check_quantiles(spec, quantiles)
    known = [
        fold.rows.histories(spec, fold.ahead, origin)
        for fold, origin in zip(folds, cuts.times[:-1].tolist(), strict=True)
    ]
    outputs: list[Output] = []
    fitted = spec.fitted_each([each.histories for each in known], known[0].steps)
    for own, histories in zip(fitted, known, strict=True):
        with epochs.group(1, 1):
            outputs.append(forecast_known(own, histories, quantiles))
    return outputs


def _forecast(folds: list[Fold], epochs: Epochs, interrupts: list[BaseException]) -> list[Output]:
    """The forecasts of each fold, (rows ahead, outputs).

    An interrupt that comes when all are trained is added to `interrupts`, an earlier one is raised.
    """
    job = folds[0].job
    outputs: list[Output] = []
    if job.member is None:
        for fold in folds:
            with epochs.group(1, 1):
                fitted = fit_samples(job.obj, fold.rows.X[fold.train], fold.rows.y[fold.train])
                outputs.append(fold.output(partial(output_of, fitted, targets=job.loaded.target_size)))
        return outputs
    members = [_member(fold) for fold in folds]
    if job.alone:
        for fold, member in zip(folds, members, strict=True):
            with epochs.group(1, job.training.epochs) as report:
                outputs.append(fold.output(partial(output_of, fit_keras(member, job.training, report).obj)))
        return outputs
    with epochs.group(len(folds), job.training.epochs) as report:
        outcomes = train_together(members, job.training, report, interrupts.append)
    if any(outcome.stopped is Stop.INTERRUPTED for outcome in outcomes):
        raise interrupts[0]
    networks = [outcome.obj for outcome in outcomes]
    if any(fold.rows.further for fold in folds):
        return [fold.output(partial(_alone, network)) for fold, network in zip(folds, networks, strict=True)]
    return [*predict_together(networks, [fold.rows.X[fold.ahead] for fold in folds])]


def _alone(network: TrainedNetwork, X: NDArray[Any]) -> NDArray[np.float64]:
    return predict_together([network], [X])[0]


def _member(fold: Fold) -> GroupMember:
    member = fold.job.member
    assert member is not None  # noqa: S101 - only estimators have none
    return replace(member, X=fold.rows.X[fold.train], y=fold.rows.y[fold.train])


def _keep(job: Job, forecast: dict[str, Any], cuts: Cuts, horizon: int | None) -> None:
    facts = {
        **(cuts.facts() if isinstance(cuts, GroupFolds) else _facts(job, cuts)),
        "training": job.training.to_json(),
        "seed": job.seed,
        **({} if horizon is None else {"horizon": horizon}),
    }
    with job.model.connector.transaction():
        stored = job.model.save_forecasts(OUT_OF_FOLD, **forecast)
        job.model.meta(BACKTEST, facts)  # before it is known, and cannot be written any more
        if job.from_scratch:
            note_forecast(stored, "backtest")


def _facts(job: Job, origins: Origins) -> dict[str, Any]:
    series = job.loaded.data_set.series_ids() or job.model.research.project.source_ids()
    *cuts, end = map(common_label(job.model.connector, series), origins.times.tolist())
    return {"origins": cuts, "end": end, "asked": origins.asked, "partly_known": True}
