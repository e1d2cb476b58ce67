"""`Job`: the training of one model, alone or together with others."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage import Connector, DataSet, Model
from enstorage.adapter.base import adapter_from_json
from enstorage.adapter.labels import check_in_train
from enstorage.adapter.samples import fully_measured, partly_measured
from enstorage.entity.trained_object import most_jobs
from enstorage.errors import InvalidInputError, NotSupportedError
from enstorage.estimators.fitting import takes_weights
from enstorage.estimators.trial import try_fit
from entrainer.backend import load_keras
from entrainer.compiled.member import GroupMember, MemberSamples, checked_weight
from entrainer.fitting.transferred_weights import Givers
from entrainer.local.rows import check_quantiles, window_for
from entrainer.local.specification import LocalSpec
from entrainer.model_output import check_input, is_keras
from entrainer.networks.estimator import Estimator
from entrainer.networks.output import Targets, for_targets
from entrainer.networks.specification import NetworkSpec, spec_from_json
from entrainer.settings.training import Training


@dataclass(frozen=True)
class BuiltByHand(NetworkSpec):
    """Stands for the specification of a Keras model that has none."""

    name: ClassVar[str] = "built by hand"
    axes: ClassVar[tuple[int, ...]] = (1, 2, 3)

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> Any:
        """Cannot be done: the model is there already."""
        raise NotSupportedError(
            f"A model that was {self.name} cannot be built again for {shape} and {outputs} outputs."
        )


class Loaded:
    """The samples of a data set, read once for all models that use it: what is in memory once is trained on once.

    Samples of which no target was measured are left out of `train` and `valid`.
    """

    def __init__(self, data_set: DataSet) -> None:
        data_set.refuse_blocked()
        self.data_set = data_set
        self._train, self.valid = self._part("train"), self._part("valid")[0]
        self.train = self._train[0]

    @cached_property
    def complete(self) -> MemberSamples:
        """The train samples of which all targets were measured: estimators take no others."""
        known = fully_measured(self.train.y)
        return self.train if known.all() else MemberSamples(self.train.X[known], self.train.y[known])

    @property
    def train_rows(self) -> int:
        """The number of train rows of the data set, with those that are left out."""
        return len(self._train[1])

    def of_train(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights of the samples in `train`, from those of all train rows of the data set."""
        return weight[self._train[1]]

    def of_complete(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights of the samples in `complete`, from those of all train rows of the data set."""
        return self.of_train(weight)[fully_measured(self.train.y)]

    @cached_property
    def features(self) -> NDArray[Any]:
        """X of all rows."""
        return self.data_set.arrays()[1]

    @cached_property
    def targets(self) -> NDArray[np.float64]:
        """Y of all rows; NaN where a target was not measured."""
        return np.asarray(self.data_set.arrays()[2], np.float64)

    @property
    def target_size(self) -> int:
        """The number of target values of each row."""
        return math.prod(self.train.y.shape[1:])

    @cached_property
    def last_targets(self) -> NDArray[np.int64]:
        """Time of the last target of all rows, (rows,)."""
        times, _ = self.data_set.targets()
        last: NDArray[np.int64] = times.reshape(len(times), -1).max(axis=1)
        return last

    @cached_property
    def kind(self) -> Targets:
        """The kind of the targets, values or classes; those of a preparation are values unless the adapter has classes."""
        y = self.train.y
        if self.data_set.data_preparation_id is not None:
            has_classes = getattr(adapter_from_json(self.data_set.adapter), "classes", None) is not None
            return Targets.CLASSES if has_classes else Targets.VALUES
        if y.ndim == 2 and y.shape[1] > 1 and (y >= 0).all() and np.allclose(y.sum(axis=1), 1):
            return Targets.CLASSES
        return Targets.TWO_CLASSES if self.data_set.classes == 2 else Targets.VALUES

    def kind_for(self, training: Training) -> Targets:
        """The kind of the outputs in a training: quantiles are values, and a loss for classes takes the targets for such."""
        if training.quantiles:
            return Targets.VALUES
        return Targets.CLASSES if training.loss == "categorical_crossentropy" else self.kind

    def _part(self, part: str) -> tuple[MemberSamples, NDArray[np.bool_]]:
        """The samples of a part of which a target was measured, and the mask of these among the rows of the part."""
        _, X, given = self.data_set.arrays(part)
        y = np.asarray(given, np.float64)
        known = partly_measured(y)
        return MemberSamples(X, y) if known.all() else MemberSamples(X[known], y[known]), known


@dataclass(frozen=True, eq=False)
class Job:
    """A model with its data set, checked and ready to be trained.

    Attributes:
        model: stored.
        loaded: its data set.
        training: the settings.
        seed: of everything that chance decides.
        member: its network and its train rows; None for estimators and local models.
        alone: why a network is trained alone; None for members of a group and for estimators.
        obj: the estimator, the local model, or a Keras model that was built by hand.
        weight: of each train row of the data set, (rows,); None for 1.
    """

    model: Model
    loaded: Loaded
    training: Training
    seed: int
    member: GroupMember | None
    alone: str | None
    obj: Any = None
    weight: NDArray[np.float64] | None = None

    @cached_property
    def kind(self) -> str:
        """Equal for models that can be trained together; they are of one store."""
        store = id(self.model.connector)
        if self.member is None or self.alone:
            return f"alone {store} {self.model.id}"
        network, shape = self.member.network, self.member.shape
        sample = shape[1:] if network.mixes_lags else shape
        return repr(
            (store, network.common().to_json(), self.member.targets, sample, self.training.together().to_json())
        )

    @property
    def local(self) -> LocalSpec | None:
        """The specification of a local model, which each series is forecast by alone; None for others."""
        return self.obj if isinstance(self.obj, LocalSpec) else None

    @property
    def from_scratch(self) -> bool:
        """False where weights are taken over from an earlier training, of this model or of another."""
        taken_over = self.member is not None and (self.member.frozen or isinstance(self.member.network, BuiltByHand))
        return not taken_over

    @property
    def judged_by_valid(self) -> bool:
        """True where valid rows decide which weights are kept."""
        has_valid = self.member is not None and self.member.valid is not None
        return has_valid and self.training.early_stopping is not None


def jobs_of(
    models: Sequence[Model],
    training: Training | Sequence[Training],
    seeds: int | Iterable[int],
    weights: Sequence[ArrayLike | None] | None,
) -> list[Job]:
    """The jobs of `fit`, in the order of the models. Raises as `fit`."""
    count = len(models)
    trainings = [training] * count if isinstance(training, Training) else list(training)
    chosen = [seeds] * count if isinstance(seeds, int) else list(seeds)
    given = [None] * count if weights is None else list(weights)
    for name, values in (("trainings", trainings), ("seeds", chosen), ("row weights", given)):
        if len(values) != count:
            raise InvalidInputError(f"{count} models need {count} {name}, or one for all; received {len(values)}.")
    read: dict[tuple[Connector, int | None], Loaded] = {}
    givers = Givers()
    jobs = []
    for model, settings, own, weight in zip(models, trainings, chosen, given, strict=True):
        recipe = _recipe(model)
        own_set = (model.connector, model.data_set_id)
        if own_set not in read:
            read[own_set] = Loaded(model.data_set())
        jobs.append(_job(model, recipe, read[own_set], settings, own, weight, givers))
    _try_estimators(jobs)
    return jobs


def _try_estimators(jobs: Sequence[Job]) -> None:
    """Try each estimator on a few rows of each data set. Raises as `try_fit`."""
    tried: set[tuple[str, int]] = set()
    for job in jobs:
        if job.member is not None or job.local is not None:
            continue
        key = (repr(job.model.network), id(job.loaded))
        if job.model.network is not None and job.weight is None and key in tried:
            continue
        tried.add(key)
        try:
            weight = None if job.weight is None else job.loaded.of_complete(job.weight)
            try_fit(job.obj, *job.loaded.complete, weight, allow_pickle=job.model.connector.allow_pickle)
        except InvalidInputError as error:
            raise InvalidInputError(f"{job.model} cannot be trained on {job.loaded.data_set}. {error}") from error


def _recipe(model: Model) -> NetworkSpec | Estimator | LocalSpec | None:
    recipe = None if model.network is None else spec_from_json(model.network)
    if recipe is None and model.object_sha256 is None:
        raise InvalidInputError(
            f"{model} has nothing to train: no network and no object. Make it with research.create_model(name, network), or "
            "keep a Keras model or an estimator of your own with save_object."
        )
    return recipe


def _job(
    model: Model,
    recipe: NetworkSpec | Estimator | LocalSpec | None,
    loaded: Loaded,
    training: Training,
    seed: int,
    weight: ArrayLike | None,
    givers: Givers,
) -> Job:
    data_set, (X, y) = loaded.data_set, loaded.train
    obj = None if recipe is not None else model.load_object()
    local = recipe if isinstance(recipe, LocalSpec) else obj
    if isinstance(local, LocalSpec):
        return _of_local(model, loaded, training, seed, local, weight)
    assert not isinstance(recipe, LocalSpec)  # noqa: S101 - returned above
    if not len(X):
        raise InvalidInputError(
            f"{data_set} has no train rows with a target that was measured. Prepare the data with a larger train_part."
        )
    if isinstance(recipe, Estimator):
        return _of_estimator(model, loaded, training, seed, recipe.make(seed, most_jobs(model)), weight)
    if obj is not None and not is_keras(obj):
        if not hasattr(obj, "fit"):
            raise InvalidInputError(
                f"The object of {model} is a {type(obj).__name__}, which has nothing to train; expected a Keras model or an "
                "estimator. Keep its forecasts by entrainer.predict."
            )
        return _of_estimator(model, loaded, training, seed, obj, weight)
    if obj is not None:
        _check_samples(obj, model, data_set, X)
    _check_rows(training, data_set, X, y)
    network = recipe if recipe is None else _for_data_set(recipe, model, loaded, training)
    given = None if weight is None else checked_weight(weight, loaded.train_rows, model.name)
    member = GroupMember(
        network=network or BuiltByHand(),
        X=X,
        y=y,
        seed=seed,
        name=model.name,
        valid=loaded.valid if len(loaded.valid.X) else None,
        weight=None if given is None else loaded.of_train(given),
        learning_rate=training.learning_rate,
        frozen=() if recipe is None else givers.taken_over(recipe, model.connector),
    )
    alone = _why_alone(member, training, loaded.data_set)
    return Job(model, loaded, training, seed, member, alone, obj, given)


def _check_samples(obj: Any, model: Model, data_set: DataSet, X: NDArray[Any]) -> None:
    """Refuse a Keras model that cannot forecast samples, before it is trained. Raises as `check_input`."""
    try:
        check_input(obj, X.shape)
    except InvalidInputError as error:
        raise InvalidInputError(f"{model} cannot be trained on {data_set}. {error}") from error


def _for_data_set(network: NetworkSpec, model: Model, loaded: Loaded, training: Training) -> NetworkSpec:
    """The network with the last activation that fits its data set. Raises as `for_targets`, with the model's name."""
    try:
        return for_targets(network, loaded.kind_for(training), training.loss)
    except InvalidInputError as error:
        raise InvalidInputError(f"{model.name!r} cannot be trained on {loaded.data_set}. {error}") from error


def _of_estimator(
    model: Model, loaded: Loaded, training: Training, seed: int, obj: Any, weight: ArrayLike | None
) -> Job:
    """The job of an estimator.

    Raises:
        InvalidInputError: there are row weights, and they do not fit, or its `fit` takes none; or no train row has all its
            targets measured.
    """
    if not len(loaded.complete.X):
        raise InvalidInputError(
            f"{loaded.data_set} has no train row of which all targets were measured, and an estimator takes no others. "
            "Prepare the data with a larger train_part, or take a shorter horizon."
        )
    if weight is None:
        return Job(model, loaded, training, seed, None, None, obj)
    if not takes_weights(obj):
        raise InvalidInputError(
            f"{model} has row weights, and is a {type(obj).__name__}, whose fit takes no sample_weight; expected an "
            "estimator whose fit does, such as Ridge. Give None for its weights, or take another estimator."
        )
    given = checked_weight(weight, loaded.train_rows, model.name)
    return Job(model, loaded, training, seed, None, None, obj, given)


def _of_local(
    model: Model, loaded: Loaded, training: Training, seed: int, spec: LocalSpec, weight: ArrayLike | None
) -> Job:
    """The job of a local model.

    Raises:
        InvalidInputError: there are row weights, quantiles are asked of a model without, or the samples are no windows.
    """
    if weight is not None:
        raise InvalidInputError(
            f"{model} has row weights, and is the local model {spec}, which is fitted to the values of each series, not to "
            "rows. Give None for its weights."
        )
    try:
        window_for(spec, loaded.data_set)
        check_quantiles(spec, training.quantiles)
        spec.check()
    except InvalidInputError as error:
        raise InvalidInputError(f"{model} cannot be trained on {loaded.data_set}. {error}") from error
    return Job(model, loaded, training, seed, None, None, spec)


def _why_alone(member: GroupMember, training: Training, data_set: DataSet) -> str | None:
    """Why a member cannot be one of a group; None where it can.

    Raises:
        InvalidInputError: the network cannot be built for the samples, or does not know their words.
    """
    if isinstance(member.network, BuiltByHand):
        return "It was built by hand: there is no specification by which others could be built beside it."
    load_keras()
    from entrainer.compiled.initial_weights import blueprint

    words = getattr(member.network, "words", None)
    if words is not None and (known := int(member.X.max())) >= words:
        raise InvalidInputError(
            f"{data_set} has token ids up to {known}; the network {member.network.name!r} of {member.name!r} knows those "
            f"below {words}. Give the network as many words as the data set has."
        )
    try:
        member.network.check_shape(member.shape)
        found = blueprint(member.network, member.shape, training.outputs(member.targets))
        if found.strange is not None and not data_set.connector.allow_pickle:
            raise InvalidInputError(found.strange)
        return found.alone
    except InvalidInputError as error:
        raise InvalidInputError(f"{member.name!r} cannot be trained on {data_set}. {error}") from error


def _check_rows(training: Training, data_set: DataSet, X: NDArray[Any], y: NDArray[Any]) -> None:
    if training.batch_size > len(X) and training.batch_size != Training.batch_size:
        raise InvalidInputError(
            f"Training: batch_size is {training.batch_size}; {data_set} has {len(X)} train rows. Take a batch_size of at "
            f"most {len(X)}."
        )
    if training.loss == "categorical_crossentropy":
        if y.ndim != 2 or y.shape[1] < 2 or not np.allclose(y.sum(axis=1), 1):
            raise InvalidInputError(
                f"The loss categorical_crossentropy needs classes, y of shape (rows, classes) with a 1 in each row; "
                f"{data_set} has y of shape {y.shape}. Choose another loss, or make the set with Bins."
            )
        labels = np.nonzero(y > 0)[1]
        numbered = [f"{number} (counted from 0)" for number in range(y.shape[1])]
        remedy = f"Join classes of {data_set}, or prepare the data with a larger train_part."
        check_in_train(labels, np.ones(len(labels), np.bool_), numbered, remedy)
