"""`fit`: trains stored models, and stores everything that comes of it."""

import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from itertools import groupby
from typing import Any

from enstorage import DataSet, Model
from enstorage.errors import InvalidInputError
from entrainer.batch import Member, Progress, Trained, predict_together, train_together
from entrainer.prediction import save_forecasts
from entrainer.progress import progress_bar
from entrainer.spec import spec_from_json
from entrainer.training import Training

Job = tuple[Model, DataSet, Member]

_LIBRARIES = ("enstorage", "keras", "jax", "numpy")


def fit(
    models: Sequence[Model] | Model,
    training: Training | None = None,
    *,
    seeds: int | Iterable[int] = 0,
    progress: bool | Progress = True,
) -> None:
    """Train models that have a network and a data set, networks of one kind together as one compiled program.

    Lags, seeds and data may differ inside a group; what comes out of a model does not depend on the others. For each model
    are stored: the Keras object; its forecasts on every part; and the facts `training`, `seed`, `history` (loss of every
    epoch), `loss` (of the last one), `trained_on`, `seconds` (of its group) and `versions`.

    Args:
        models: stored models, or one.
        training: epochs, batch size, loss, optimiser; by default as in the paper, with 200 epochs.
        seeds: of initial weights, shuffling and dropout: one for all models, or one for each.
        progress: show a progress bar; or a function, which is called every few epochs with the number of epochs done and
            the latest loss of each model of the group.

    Raises:
        InvalidInputError: a model has no network, a data set has no train rows, or seeds do not fit the models.
        NotFoundError: a model has no data set.
    """
    if isinstance(models, Model):
        models = [models]
    training = training or Training()
    jobs = [_job(model, seed) for model, seed in zip(models, _one_each(seeds, len(models)), strict=True)]
    for _, group in groupby(sorted(jobs, key=_kind), key=_kind):
        _fit_group(list(group), training, progress)


def _fit_group(group: list[Job], training: Training, progress: bool | Progress) -> None:
    started = time.perf_counter()
    shown = progress_bar(len(group), training.epochs) if progress is True else nullcontext(progress or None)
    with shown as report:
        trained = train_together([member for _, _, member in group], training, report)
    seconds = time.perf_counter() - started
    outputs = predict_together(trained, [data_set.arrays()[1] for _, data_set, _ in group])
    versions = {library: version(library) for library in _LIBRARIES}
    for (model, data_set, member), result, output in zip(group, trained, outputs, strict=True):
        with model.connector.transaction():
            model.save_object(result.to_keras())
            for key, value in _facts(result, member, training).items():
                model.meta(key, value)
            model.meta("seconds", seconds)
            model.meta("versions", versions)
            save_forecasts(model, data_set, output)


def _facts(result: Trained, member: Member, training: Training) -> dict[str, Any]:
    return {
        "training": training.to_json(),
        "seed": member.seed,
        "history": {"loss": result.loss},
        "loss": result.loss[-1],
        "trained_on": ["train"],
    }


def _job(model: Model, seed: int) -> Job:
    if model.network is None:
        raise InvalidInputError(
            f"{model} has no network to train. Make it with research.create_model(name, network), or train it yourself and "
            "keep it with save_object."
        )
    data_set = model.data_set()
    _, X, y = data_set.arrays("train")
    if not len(X):
        raise InvalidInputError(f"{data_set} has no train rows. Prepare the data with a larger train_part.")
    return model, data_set, Member(network=spec_from_json(model.network), X=X, y=y, seed=seed, name=model.name)


def _kind(job: Job) -> str:
    """Equal for models that can be trained together."""
    member = job[2]
    lag = None if member.network.mixes_lags else member.X.shape[1]
    return repr((member.network.to_json(), member.outputs, lag))


def _one_each(seeds: int | Iterable[int], count: int) -> list[int]:
    chosen = [seeds] * count if isinstance(seeds, int) else list(seeds)
    if len(chosen) != count:
        raise InvalidInputError(f"{count} models need {count} seeds, or one for all; received {len(chosen)}.")
    return chosen
