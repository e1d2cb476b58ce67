"""The networks that can be named in a stored specification, and the classical ones as scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from entrainer.networks.convolution import CNN, Conv1D
from entrainer.networks.dense import MLP, TLFN
from entrainer.networks.estimator import Estimator
from entrainer.networks.interval import IntervalNetwork
from entrainer.networks.layer import Convolution, Dense, Dropout, Pooling
from entrainer.networks.recurrent import GRU, LSTM, CoupledLSTM, Jordan, PaperLSTM, PeepholeLSTM, SimpleRNN
from entrainer.networks.specification import NetworkSpec
from entrainer.networks.text import EmbeddingClassifier, EmbeddingLSTM

if TYPE_CHECKING:
    from entrainer.networks.classic import BackPropagation, ThresholdNetwork, WidrowHoff

NETWORKS: dict[str, type[NetworkSpec | Estimator]] = {
    network.name: network
    for network in (
        *(PaperLSTM, SimpleRNN, Jordan, LSTM, GRU, PeepholeLSTM, CoupledLSTM, IntervalNetwork),
        *(TLFN, MLP, CNN, Conv1D, EmbeddingClassifier, EmbeddingLSTM, Estimator),
    )
}
"""Every known specification under the name by which it is stored."""

__all__ = [
    "CNN",
    "GRU",
    "LSTM",
    "MLP",
    "NETWORKS",
    "TLFN",
    "BackPropagation",
    "Conv1D",
    "Convolution",
    "CoupledLSTM",
    "Dense",
    "Dropout",
    "EmbeddingClassifier",
    "EmbeddingLSTM",
    "Estimator",
    "IntervalNetwork",
    "Jordan",
    "PaperLSTM",
    "PeepholeLSTM",
    "Pooling",
    "SimpleRNN",
    "ThresholdNetwork",
    "WidrowHoff",
]

_CLASSIC = ("BackPropagation", "ThresholdNetwork", "WidrowHoff")  # they load scikit-learn, so only when asked for


def __getattr__(name: str) -> Any:
    if name in _CLASSIC:
        return getattr(import_module("entrainer.networks.classic"), name)
    raise AttributeError(f"module 'entrainer.networks' has no attribute {name!r}")
