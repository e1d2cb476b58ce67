"""Networks that learn sample by sample, as scikit-learn estimators."""

from abc import abstractmethod
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from entrainer.networks.activation import Activation, Array


class _Layer(NamedTuple):
    """Weights (inputs, units), which are changed in place, biases (units,), and the activation."""

    weights: Array
    biases: Array
    activation: Activation


class OnlineNetwork(MultiOutputMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A network that learns sample by sample until its error after an epoch is small enough."""

    learning_rate: float
    error_limit: float
    max_epochs: int
    shuffle: bool
    random_state: Any

    @abstractmethod
    def _sizes(self) -> list[int]:
        """Units of the hidden layers."""

    @abstractmethod
    def _activations(self) -> list[Activation]:
        """The activation of every layer."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train until the summed squared error over all samples and outputs is at most `error_limit`.

        Args:
            X: (rows, columns).
            y: (rows,) or (rows, outputs), in the range of the last activation.

        Raises:
            InvalidInputError: a parameter is out of range.
        """
        self._check()
        activations = self._activations()
        X, y = (
            unmasked(each) if np.ma.isMaskedArray(each) else each for each in (X, y)
        )  # sparse ones are refused below
        rows, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(y, np.float64).reshape(len(rows), -1)
        random = check_random_state(self.random_state)
        sizes = [rows.shape[1], *self._sizes(), targets.shape[1]]
        layers = [
            _Layer(*_first_weights(random, *size), activation)
            for size, activation in zip(pairwise(sizes), activations, strict=True)
        ]
        with np.errstate(all="ignore"):  # a learning rate that is too high is seen in `errors_`
            errors, best = self._learn(layers, rows, targets, random)
        self.weights_, self.biases_ = best
        self.errors_ = np.array(errors)
        self.epochs_ = len(errors) - 1
        self.converged_ = bool(errors[-1] <= self.error_limit)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Compute the outputs: (rows,) for one output, else (rows, outputs)."""
        check_is_fitted(self)
        values: Array = validate_data(self, X, dtype=np.float64, reset=False)
        for weights, biases, activation in zip(self.weights_, self.biases_, self._activations(), strict=True):
            values = activation.output(values @ weights + biases)
        return values[:, 0] if values.shape[1] == 1 else values

    def _check(self) -> None:
        for name, fits, expected in (
            ("learning_rate", _is_number(self.learning_rate) and self.learning_rate > 0, "a number above 0"),
            ("error_limit", _is_number(self.error_limit) and self.error_limit >= 0, "a number of at least 0"),
            ("max_epochs", is_size(self.max_epochs), "an integer of at least 1"),
        ):
            if not fits:
                raise InvalidInputError(
                    f"{type(self).__name__}: {name} is {getattr(self, name)!r}; expected {expected}."
                )

    def _learn(
        self, layers: list[_Layer], rows: Array, targets: Array, random: Any
    ) -> tuple[list[float], tuple[list[Array], list[Array]]]:
        """Train; return the summed squared error before and after each epoch, and the best weights and biases."""
        errors: list[float] = []
        best: tuple[list[Array], list[Array]] = ([], [])
        while True:
            error = float(((targets - _outputs(layers, rows)[-1]) ** 2).sum())
            if not errors or error < min(errors):
                best = [layer.weights.copy() for layer in layers], [layer.biases.copy() for layer in layers]
            errors.append(error)
            if error <= self.error_limit or len(errors) > self.max_epochs or not np.isfinite(error):
                return errors, best
            order = random.permutation(len(rows)) if self.shuffle else range(len(rows))
            for row in order:
                _update(layers, rows[row], targets[row], self.learning_rate)


def is_size(value: Any) -> bool:
    """True for an integer of at least 1, of Python or of NumPy."""
    return type(value) is not bool and isinstance(value, Integral) and int(value) >= 1


def _is_number(value: Any) -> bool:
    return type(value) is not bool and isinstance(value, Real) and bool(np.isfinite(float(value)))


def _first_weights(random: Any, inputs: int, units: int) -> tuple[Array, Array]:
    limit = 1 / np.sqrt(inputs)
    return random.uniform(-limit, limit, (inputs, units)), np.zeros(units)


def _outputs(layers: list[_Layer], values: Array) -> list[Array]:
    """The inputs, followed by the outputs of each layer."""
    outputs = [values]
    for layer in layers:
        outputs.append(layer.activation.output(outputs[-1] @ layer.weights + layer.biases))
    return outputs


def _update(layers: list[_Layer], values: Array, target: Array, rate: float) -> None:
    """Update all weights by one sample: values (columns,), target (outputs,)."""
    outputs = _outputs(layers, values)
    error = target - outputs[-1]
    for layer, layer_input, layer_output in zip(reversed(layers), outputs[-2::-1], outputs[:0:-1], strict=True):
        delta = layer.activation.back(layer_output, error)
        error = layer.weights @ delta
        layer.weights[:] += rate * np.outer(layer_input, delta)
        layer.biases[:] += rate * delta
