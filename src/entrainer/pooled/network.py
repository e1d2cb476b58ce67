"""`PooledNetwork`: a network learned over the windows of many series, which forecasts each of them, also short ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size, refuse
from enstorage.progress import checkpoint
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import Chunk, train_together
from entrainer.compiled.member import GroupMember, TrainedNetwork
from entrainer.local.histories import Floats, Histories
from entrainer.local.pooled import FEWEST_CHANGES, FEWEST_WINDOWS, MOST_WINDOWS, SeriesChanges, origins_by_series
from entrainer.local.specification import LocalForecast, LocalSpec
from entrainer.networks.specification import NetworkSpec, spec_from_json
from entrainer.settings.training import Training

#: Changes beyond so many deviations are outliers, which a network would answer with anything.
_LARGEST = 10.0
_BATCH, _LEARNING_RATE = 256, 2e-3


def _network(value: Mapping[str, Any]) -> Any:
    return spec_from_json(dict(value))


@dataclass(frozen=True)
class PooledNetwork(LocalSpec):
    """A network over windows of the changes of many series, each divided by the size of the changes of its series.

    It learns the sums of the changes to come, direct for every step, with the mean absolute error. Several are trained from
    other initial weights as one compiled program, in a backtest those of all origins together, and their forecasts are
    averaged. Before the first value of a series its changes are taken to be the mean ones, so that a series shorter than the
    lag has a forecast too. What was learned is kept as numbers, and a new series is forecast as the others.

    Attributes:
        network: such as `MLP()` or `LSTM()`.
        lag: number of changes that it sees.
        seeds: number of networks.
        epochs: of the training.
        weights: of each network, an array for each of its weights; None until it is trained, empty where there was too
            little to learn from.

    Raises:
        InvalidInputError: a parameter is out of range, or the weights are none.
    """

    name: ClassVar[str] = "pooled-network"
    gives_quantiles: ClassVar[bool] = False
    nested: ClassVar[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {"network": _network}

    network: NetworkSpec
    lag: int
    seeds: int = 3
    epochs: int = 30
    weights: tuple[Any, ...] | None = field(default=None, repr=False, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.network, NetworkSpec):
            refuse(self, "network", "a network such as entrainer.networks.MLP()")
        for name in ("lag", "seeds", "epochs"):
            check_size(self, name)
        if self.weights is not None:
            object.__setattr__(self, "weights", _checked(self.weights))

    def __str__(self) -> str:
        """Name and parameters, without the weights."""
        return super(PooledNetwork, replace(self, weights=None)).__str__()

    def check(self) -> None:
        """See `LocalSpec.check`."""
        from entrainer.backend import load_keras

        load_keras()

    def fitted(self, histories: Histories, horizon: int) -> Self:
        """See `LocalSpec.fitted`."""
        return self.fitted_each([histories], horizon)[0]

    def fitted_each(self, each: Sequence[Histories], horizon: int) -> list[Self]:
        """See `LocalSpec.fitted_each`: all are trained as one compiled program."""
        if self.weights is not None:
            return [self] * len(each)
        members: list[tuple[int, GroupMember]] = []
        for place, histories in enumerate(each):
            seen, ahead = _windows(histories, self.lag, horizon)
            if len(seen) >= FEWEST_WINDOWS:
                names = [f"{self.name} {seed}" for seed in range(self.seeds)]
                members += [
                    (place, GroupMember(self.network, seen, ahead, seed, name)) for seed, name in enumerate(names)
                ]
        weights: list[list[Any]] = [[] for _ in each]
        if members:
            training = Training(self.epochs, _BATCH, "mae", "adam", learning_rate=_LEARNING_RATE)
            outcomes = train_together([member for _, member in members], training, _look)
            for (place, _), outcome in zip(members, outcomes, strict=True):
                if all(np.isfinite(each).all() for each in outcome.obj.weights):
                    weights[place].append([np.asarray(each).tolist() for each in outcome.obj.weights])
        return [replace(self, weights=tuple(own)) for own in weights]

    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:  # noqa: ARG002 - it gives none
        """See `LocalSpec.forecast`. A model that is not trained is trained on these histories first."""
        networks = self.fitted(histories, horizon)._networks()
        values = np.full((len(histories.end), horizon), np.nan)
        remarks: dict[int, str] = {}
        asked: list[tuple[np.ndarray[Any, Any], SeriesChanges]] = []
        paths = [np.empty((0, self.lag))]
        for series, rows in origins_by_series(histories):
            own = SeriesChanges.of(histories, series)
            values[rows] = histories.values[histories.end[rows] - 1, np.newaxis]
            if own.fitted < FEWEST_CHANGES:
                remarks[series] = f"It has {own.fitted + 1} values to learn from: forecast by its last value."
                continue
            asked.append((rows, own))
            paths.append(own.known(self.lag, histories.length[rows] - 1))
        found = _ahead(networks, np.concatenate(paths), self.lag, horizon)
        first = 0
        for rows, own in asked:
            sums = found[first : first + len(rows)]
            values[rows] += sums * own.deviation + own.mean * np.arange(1, horizon + 1)
            first += len(rows)
        return LocalForecast(values, {}, remarks)

    def _networks(self) -> list[TrainedNetwork]:
        """The trained networks.

        Raises:
            InvalidInputError: the weights are not those of the network.
        """
        from entrainer.compiled.initial_weights import blueprint

        found = []
        for own in self.weights or ():
            arrays = [np.asarray(each, np.float32) for each in own]
            outputs = len(arrays[-1])  # the last layer has a bias for each step
            shapes = [tuple(shape) for shape in blueprint(self.network, (self.lag,), outputs).shapes]
            if [each.shape for each in arrays] != shapes:
                raise InvalidInputError(
                    f"The weights of {self} have the shapes {[each.shape for each in arrays]}; expected {shapes}. Leave "
                    "them out: they are trained."
                )
            found.append(TrainedNetwork(self.network, (self.lag,), outputs, arrays))
        return found


def _look(_chunk: Chunk) -> None:
    """Stop the training where the call around it was asked to stop."""
    checkpoint()


def _windows(histories: Histories, lag: int, horizon: int) -> tuple[Floats, Floats]:
    """Windows of all series that may be learned from, (windows, lag), and the sums of the changes after each by step.

    Sums are divided by the square root of the step, so that all steps count about equally; NaN where one was not measured.
    """
    own = [SeriesChanges.of(histories, series) for series in range(len(histories.start))]
    total = sum(each.known_windows(lag, horizon) for each in own)
    every = max(1, -(-total // MOST_WINDOWS))
    windows = [each.windows(lag, horizon, every) for each in own]
    seen, ahead = (np.concatenate(each) for each in zip(*windows, strict=True))
    sums = np.cumsum(ahead, axis=1) / np.sqrt(np.arange(1, horizon + 1))
    known = np.isfinite(sums).any(axis=1)
    return np.clip(seen[known], -_LARGEST, _LARGEST), sums[known]


def _ahead(networks: Sequence[TrainedNetwork], path: Floats, lag: int, horizon: int) -> Floats:
    """Sums of scaled changes after some windows, by the mean of the networks, shape (rows, horizon)."""
    sums = np.zeros((len(path), 0))
    while sums.shape[1] < horizon:
        if not networks or not len(path):
            return np.zeros((len(path), horizon))
        X = np.clip(path[:, -lag:], -_LARGEST, _LARGEST)
        steps = np.sqrt(np.arange(1, networks[0].outputs + 1))
        block = np.mean(predict_together(networks, [X] * len(networks)), axis=0) * steps
        path = np.hstack([path, np.diff(block, axis=1, prepend=0.0)])
        sums = np.hstack([sums, block + (sums[:, -1:] if sums.shape[1] else 0.0)])
    return np.asarray(sums[:, :horizon])


def _checked(weights: Any) -> tuple[Any, ...]:
    """Weights as nested lists of finite numbers.

    Raises:
        InvalidInputError: they are none.
    """
    try:
        arrays = [[np.asarray(each, np.float32) for each in own] for own in weights]
    except (TypeError, ValueError):
        arrays = [[]]
    if not all(own and all(each.ndim and np.isfinite(each).all() for each in own) for own in arrays):
        raise InvalidInputError(
            "PooledNetwork: weights are no lists of arrays of finite numbers, one for each network. Leave them out: they "
            "are trained."
        )
    return tuple([each.tolist() for each in own] for own in arrays)
