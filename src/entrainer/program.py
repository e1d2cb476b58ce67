"""The compiled training of a block of members: epochs and batches are loops inside one program."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from entrainer.backend import load_keras
from entrainer.initial import blank_model

if TYPE_CHECKING:
    from entrainer.spec import NetworkSpec
    from entrainer.training import Training

EPOCHS_PER_CALL = 10
"""Epochs between two returns to Python, where progress is told and an interrupt acts."""


class State(NamedTuple):
    """What training changes; every array has a leading axis of members."""

    weights: list[jax.Array]
    optimizer: list[jax.Array]
    dropout: list[jax.Array]


class Rows(NamedTuple):
    """What is trained on; every array has a leading axis of members.

    Attributes:
        X: (members, rows, lag), zero where padded; the rows are a multiple of the batch.
        y: (members, rows, outputs), zero where padded.
        filled: (members,), rows that are not padding.
        key: (members,), random keys that decide the order of the rows.
    """

    X: Any
    y: Any
    filled: Any
    key: Any


class Program(NamedTuple):
    """Two functions over members.

    Attributes:
        start: From initial weights (members, …) and dropout keys (members,) to the `State` before the first epoch.
        advance: From (state, rows, first, epochs) to the state after epochs first … first + epochs − 1 and their
            losses (members, EPOCHS_PER_CALL), of which `epochs` are filled. Both numbers are data, so that no number
            of epochs asks for another compilation.
    """

    start: Any
    advance: Any


class Keys(NamedTuple):
    """Random keys of every member, shape (members,) each, one for each thing that chance decides."""

    weights: jax.Array
    dropout: jax.Array
    order: jax.Array


@jax.jit
def member_keys(seeds: Any) -> Keys:
    """The keys of members with these seeds, shape (members,); a member's keys depend on its own seed alone."""
    # Keras reads its seeds as threefry keys, whatever generator JAX is set to.
    keys = jax.vmap(lambda seed: jax.random.split(jax.random.key(seed, impl="threefry2x32"), len(Keys._fields)))(seeds)
    return Keys(*keys.T)


@lru_cache(maxsize=16)
def training_program(network: "NetworkSpec", lag: int, outputs: int, batch: int, training: "Training") -> Program:
    """Prepares the program that trains members of one architecture, padded to one lag, in batches of `batch` rows."""
    keras = load_keras()
    model = blank_model(network, lag, outputs)
    row_loss = keras.losses.get(training.loss)
    optimizer = keras.optimizers.get(training.optimizer)
    if training.learning_rate is not None:
        optimizer.learning_rate = training.learning_rate

    @jax.jit
    def fresh_optimizer() -> list[jax.Array]:
        optimizer.build(model.trainable_variables)
        return [variable.value for variable in optimizer.variables]

    optimizer_values = fresh_optimizer()

    def start(weights: list[jax.Array], key: jax.Array) -> State:
        seeds = range(len(model.non_trainable_variables))
        return State(weights, optimizer_values, [jax.random.key_data(jax.random.fold_in(key, seed)) for seed in seeds])

    def objective(weights: list[jax.Array], dropout: list[jax.Array], X: Any, y: Any, real: Any) -> Any:
        predicted, dropout, penalties = model.stateless_call(weights, dropout, X, training=True, return_losses=True)
        loss = jnp.sum(row_loss(y, predicted) * real) / jnp.maximum(jnp.sum(real), 1)
        return loss + sum(penalties), dropout

    def step(state: State, X: Any, y: Any, real: Any) -> tuple[State, Any]:
        slope = jax.value_and_grad(objective, has_aux=True)
        (loss, dropout), gradients = slope(state.weights, state.dropout, X, y, real)
        weights, moments = optimizer.stateless_apply(state.optimizer, gradients, state.weights)
        # A member with fewer rows than others meets empty batches: to it they must not have happened.
        some = jnp.any(real)
        after = jax.tree.map(lambda new, old: jnp.where(some, new, old), State(weights, moments, dropout), state)
        return after, loss * jnp.sum(real)

    def epoch(state: State, rows: Rows, number: Any) -> tuple[State, Any]:
        order = _order(rows, number, training.shuffle).reshape(-1, batch)
        real = (jnp.arange(order.size) < rows.filled).astype(rows.X.dtype).reshape(order.shape)
        state, losses = lax.scan(
            lambda now, taken: step(now, rows.X[taken[0]], rows.y[taken[0]], taken[1]), state, (order, real)
        )
        return state, jnp.sum(losses) / rows.filled

    def advance(state: State, rows: Rows, first: Any, epochs: Any) -> tuple[State, Any]:
        def one(number: Any, carried: tuple[State, Any]) -> tuple[State, Any]:
            state, loss = epoch(carried[0], rows, first + number)
            return state, carried[1].at[number].set(loss)

        losses = jnp.zeros(EPOCHS_PER_CALL, rows.X.dtype)
        trained: tuple[State, Any] = lax.fori_loop(0, epochs, one, (state, losses))
        return trained

    return Program(jax.jit(jax.vmap(start)), jax.jit(jax.vmap(advance, in_axes=(0, 0, None, None)), donate_argnums=0))


def _order(rows: Rows, epoch: Any, shuffle: bool) -> Any:
    """The order of the rows in one epoch, padding last.

    Counter-based bits do not depend on how many are drawn (`jax_threefry_partitionable`), so the order of the real rows
    depends on the member's key and number of rows, not on the padding.
    """
    index = jnp.arange(rows.X.shape[0])
    if not shuffle:
        return index
    bits = jax.random.bits(jax.random.fold_in(rows.key, epoch), index.shape)
    return jnp.lexsort((bits, index >= rows.filled))


@lru_cache(maxsize=16)
def forward_program(network: "NetworkSpec", lag: int, outputs: int) -> Any:
    """Prepares the program from weights (members, …) and X (members, rows, lag) to y (members, rows, outputs)."""
    model = blank_model(network, lag, outputs)

    def forward(weights: list[jax.Array], X: Any) -> Any:
        blanks = [jnp.zeros(variable.shape, variable.dtype) for variable in model.non_trainable_variables]
        return model.stateless_call(weights, blanks, X, training=False)[0]

    return jax.jit(jax.vmap(forward))
