"""The classical networks as scikit-learn estimators: with given weights, or trained sample by sample.

They learn in NumPy, one sample after the other, as their sources do; for speed take `MLP`.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from enstorage.errors import InvalidInputError
from entrainer.networks.activation import Activation, Array, find
from entrainer.networks.online import OnlineNetwork, is_size


class ThresholdNetwork(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Layers of threshold units whose weights are given: a unit gives 1 where its weighted sum is at least 0, else 0.

    Source: McCulloch & Pitts (1943). Nothing is learnt; `fit` only checks that the weights fit the data.

    Args:
        weights: One matrix a layer, (inputs, units).
        biases: One list a layer, (units,).
    """

    def __init__(self, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]) -> None:
        self.weights = weights
        self.biases = biases

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn passes it
        """Check the weights against the columns of X; y is not read.

        Raises:
            InvalidInputError: the matrices do not fit each other, or X.
        """
        self._forward(validate_data(self, X, dtype=np.float64))
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """The outputs 0 and 1: (rows,) for one unit in the last layer, else (rows, units)."""
        return self._forward(validate_data(self, X, dtype=np.float64, reset=False))

    def _forward(self, values: Array) -> NDArray[np.int64]:
        if len(self.weights) != len(self.biases) or not len(self.weights):
            raise InvalidInputError(
                f"ThresholdNetwork has {len(self.weights)} weight matrices and {len(self.biases)} lists of biases; expected "
                "one of each for every layer, at least one."
            )
        for number, (given, biases) in enumerate(zip(self.weights, self.biases, strict=True), start=1):
            weights, bias = np.asarray(given, np.float64), np.asarray(biases, np.float64)
            if weights.shape != (values.shape[1], *bias.shape):
                raise InvalidInputError(
                    f"Layer {number} of ThresholdNetwork has weights of shape {weights.shape} and biases of shape "
                    f"{bias.shape}, and gets {values.shape[1]} values a row; expected ({values.shape[1]}, units) and "
                    "(units,)."
                )
            values = (values @ weights + bias >= 0).astype(np.float64)
        outputs = values.astype(np.int64)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class WidrowHoff(OnlineNetwork):
    """A single layer that learns by the delta rule: Δw = η (t − y) f'(s) x after every sample.

    With the linear activation this is the rule of Widrow & Hoff (1960), Adaptive switching circuits; a threshold, which has
    no slope, counts as slope 1. The weights start uniform within ±1/√columns, the biases at 0.

    Args:
        activation: `linear`, `threshold`, `linear_threshold`, `sigmoid`, `tanh`, `relu` or `softmax`.
        learning_rate: η, above 0.
        error_limit: E_m; learning stops once E ≤ E_m, where E is the sum of (t − y)² over all samples and outputs.
        max_epochs: At least 1; learning stops then in any case, or when E is no finite number any more.
        shuffle: Whether every epoch takes the samples in a new order.
        random_state: Decides the first weights and the orders.

    Attributes:
        converged_: Whether E ≤ E_m was reached.
        epochs_: Epochs that were run.
        errors_: (epochs_ + 1,), E before the first epoch and after each.
        weights_: List of one matrix (columns, outputs): that of the least E.
        biases_: List of one array (outputs,).
    """

    def __init__(
        self,
        activation: str = "linear",
        learning_rate: float = 0.01,
        error_limit: float = 0.01,
        max_epochs: int = 1000,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.activation = activation
        self.learning_rate = learning_rate
        self.error_limit = error_limit
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.random_state = random_state

    def _sizes(self) -> list[int]:
        return []

    def _activations(self) -> list[Activation]:
        return [find(self, "activation")]


class BackPropagation(OnlineNetwork):
    """A multilayer perceptron that learns by back-propagation: one step down the slope of ½E after every sample.

    Source: Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors. The weights of a layer
    start uniform within ±1/√inputs, the biases at 0.

    Args:
        hidden: Units of each hidden layer, at least 1.
        activation: Of the hidden layers: `linear`, `linear_threshold`, `sigmoid`, `tanh`, `relu` or `softmax`. A threshold
            has no slope to go down.
        last_activation: Of the outputs; the same choice.
        learning_rate: Above 0.
        error_limit: E_m; learning stops once E ≤ E_m, where E is the sum of (t − y)² over all samples and outputs.
        max_epochs: At least 1; learning stops then in any case, or when E is no finite number any more.
        shuffle: Whether every epoch takes the samples in a new order.
        random_state: Decides the first weights and the orders.

    Attributes:
        converged_: Whether E ≤ E_m was reached.
        epochs_: Epochs that were run.
        errors_: (epochs_ + 1,), E before the first epoch and after each.
        weights_: One matrix (inputs, units) a layer: those of the least E.
        biases_: One array (units,) a layer.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (8,),
        activation: str = "sigmoid",
        last_activation: str = "linear",
        learning_rate: float = 0.1,
        error_limit: float = 0.01,
        max_epochs: int = 1000,
        shuffle: bool = True,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.last_activation = last_activation
        self.learning_rate = learning_rate
        self.error_limit = error_limit
        self.max_epochs = max_epochs
        self.shuffle = shuffle
        self.random_state = random_state

    def _check(self) -> None:
        super()._check()
        if not isinstance(self.hidden, list | tuple) or not all(map(is_size, self.hidden)):
            raise InvalidInputError(
                f"BackPropagation: hidden is {self.hidden!r}; expected integers of at least 1, one for each hidden "
                "layer, such as (8,)."
            )

    def _sizes(self) -> list[int]:
        return list(self.hidden)

    def _activations(self) -> list[Activation]:
        hidden = [find(self, "activation", sloped=True)] * len(self.hidden)
        return [*hidden, find(self, "last_activation", sloped=True)]
