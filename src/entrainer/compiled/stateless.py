"""Networks as functions of their weights, in the form that compiled programs need."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from entrainer.compiled.dropout import rates
from entrainer.compiled.initial_weights import blank_model, seed_states
from entrainer.compiled.one_step_lstm import leave_out_zeros

if TYPE_CHECKING:
    import keras

    from entrainer.networks.specification import NetworkSpec

ROWS_AT_ONCE = 512
"""Number of rows predicted at once."""


class StatelessNetwork:
    """A network that is called without state: weights, frozen weights and random numbers go in as arrays.

    Args:
        network: Its architecture.
        shape: Of a sample.
        outputs: Columns that are forecast.
        keep_idle: Whether weights that have no gradient (`entrainer.compiled.one_step_lstm`) count among those that stay as
            they are.
    """

    def __init__(
        self, network: "NetworkSpec", shape: tuple[int, ...], outputs: int, *, keep_idle: bool = False
    ) -> None:
        self.model: keras.Model = blank_model(network, shape, outputs)
        idle = leave_out_zeros(self.model)
        self._is_kept = [keep_idle and id(variable) in idle for variable in self.model.trainable_variables]
        seeds = {id(variable) for variable in seed_states(self.model)}
        self._is_seed = [id(variable) in seeds for variable in self.model.non_trainable_variables]

    @property
    def seeds(self) -> int:
        """The number of layers that draw random numbers."""
        return sum(self._is_seed)

    def moving(self, weights: Sequence[Any]) -> list[Any]:
        """The trained weights that the optimiser changes."""
        return [each for each, kept in zip(weights, self._is_kept, strict=True) if not kept]

    def moved(self, weights: Sequence[Any], changed: Sequence[Any]) -> list[Any]:
        """All trained weights, with the new values of those that the optimiser changes."""
        values = iter(changed)
        return [each if kept else next(values) for each, kept in zip(weights, self._is_kept, strict=True)]

    def train(self, weights: Any, dropout: Any, dropped: Any, frozen: Any, X: Any) -> tuple[Any, Any, Any]:
        """The prediction with dropout on, at the rates `dropped`, the next random states, and the layers' penalties."""
        with rates(self.model, list(dropped)):
            predicted, after, penalties = self.model.stateless_call(
                weights, self._untrained(dropout, frozen), X, training=True, return_losses=True
            )
        return predicted, [value for value, seed in zip(after, self._is_seed, strict=True) if seed], sum(penalties)

    def predict(self, weights: Any, frozen: Any, X: Any) -> Any:
        """The prediction with dropout off."""
        still = [jnp.zeros(2, jnp.uint32)] * self.seeds
        return self.model.stateless_call(weights, self._untrained(still, frozen), X, training=False)[0]

    def _untrained(self, dropout: Any, frozen: Any) -> list[Any]:
        seeds, values = iter(dropout), iter(frozen)
        return [next(seeds) if seed else next(values) for seed in self._is_seed]


@lru_cache(maxsize=16)
def forward_program(network: "NetworkSpec", shape: tuple[int, ...], outputs: int, *, shared: bool = False) -> Any:
    """Prepares the program from trained and frozen weights (members, …) and X (members, rows, …) to predictions.

    X has a multiple of `ROWS_AT_ONCE` rows, or fewer, and no axis of members if `shared`; the result has the shape
    (members, rows, outputs).
    """
    net = StatelessNetwork(network, shape, outputs)

    def forward(weights: Any, frozen: Any, X: Any) -> Any:
        batches = X.reshape(-1, min(ROWS_AT_ONCE, X.shape[0]), *X.shape[1:])
        predicted = lax.map(lambda batch: net.predict(weights, frozen, batch), batches)
        return predicted.reshape(-1, *predicted.shape[2:])

    return jax.jit(jax.vmap(forward, in_axes=(0, 0, None if shared else 0)))
