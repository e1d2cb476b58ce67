"""The networks that can be named in a stored specification, and the classical ones as scikit-learn estimators."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from enstorage.plugins import Registered
from entrainer.networks.convolution import CNN, Conv1D
from entrainer.networks.dense import MLP, TLFN
from entrainer.networks.estimator import Estimator
from entrainer.networks.interval import IntervalNetwork
from entrainer.networks.layer import Convolution, Dense, Dropout, Pooling
from entrainer.networks.recurrent import GRU, LSTM, CoupledLSTM, Jordan, PaperLSTM, PeepholeLSTM, SimpleRNN
from entrainer.networks.specification import NETWORK_SPECS, NetworkSpec, register
from entrainer.networks.text import EmbeddingClassifier, EmbeddingLSTM

if TYPE_CHECKING:
    from entrainer.local.specification import LocalSpec
    from entrainer.networks.classic import BackPropagation, ThresholdNetwork, WidrowHoff

NETWORKS: "Mapping[str, type[NetworkSpec | Estimator | LocalSpec]]" = Registered(NETWORK_SPECS)
"""Every known specification under the name by which it is stored, including those of other packages; loaded on first use."""

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
    "NetworkSpec",
    "PaperLSTM",
    "PeepholeLSTM",
    "Pooling",
    "SimpleRNN",
    "ThresholdNetwork",
    "WidrowHoff",
    "register",
]

_CLASSIC = ("BackPropagation", "ThresholdNetwork", "WidrowHoff")  # they load scikit-learn, so only on first use


def __getattr__(name: str) -> Any:
    if name in _CLASSIC:
        return getattr(import_module("entrainer.networks.classic"), name)
    raise AttributeError(f"module 'entrainer.networks' has no attribute {name!r}")
