"""The compiled training of a block of members: epochs and batches are loops inside one program."""

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from entrainer.backend import load_keras
from entrainer.compiled.stateless import ROWS_AT_ONCE, StatelessNetwork
from entrainer.keras_internals import place_of_learning_rate
from entrainer.settings.losses import measured_loss, measured_share, row_loss
from entrainer.settings.metrics import METRICS

if TYPE_CHECKING:
    from entrainer.networks.specification import NetworkSpec
    from entrainer.settings.training import Training

MOST_EPOCHS = 20
"""Epochs between two returns to Python, at most. Between them progress is reported, members are
pruned, and interrupts are handled."""

RUNNING, EARLY, DIVERGED, PRUNED = range(4)
"""Whether a member still trains, or why it stopped."""


class Best(NamedTuple):
    """The memory of early stopping; every array has a leading axis of members.

    Attributes:
        weights: Of the best epoch, as `State.weights`; empty without early stopping.
        loss: Of the best epoch.
        epoch: The best one, from 1, and without early stopping the last one.
        waited: Epochs since then.
    """

    weights: Any
    loss: Any
    epoch: Any
    waited: Any


class State(NamedTuple):
    """The state that training changes; every array has a leading axis of members.

    Attributes:
        weights: Those that are trained, in the order of `keras.Model.trainable_variables`.
        optimizer: The optimiser's variables.
        dropout: The states of the layers' random numbers.
        best: What early stopping remembers.
        epochs: How many the member was trained.
        stopped: `RUNNING`, or why it stopped.
    """

    weights: Any
    optimizer: Any
    dropout: Any
    best: Best
    epochs: Any
    stopped: Any


class TrainingRows(NamedTuple):
    """Rows to train on or to judge by; every array has a leading axis of members, but for X and y that all share.

    Attributes:
        X: (members, rows, …), zero where padded; the rows are a multiple of the batch.
        y: (members, rows, targets), zero where padded.
        weight: (members, rows), of each row in the loss, zero where padded.
        filled: (members,), rows that are not padding.
    """

    X: Any
    y: Any
    weight: Any
    filled: Any


class Own(NamedTuple):
    """Values of each member that stay the same; every array has a leading axis of members.

    Attributes:
        learning_rate: (members,), before the schedule.
        dropout: (members, rates), in the order of `entrainer.compiled.dropout.sites`.
        frozen: Weights that are not trained, in the order in which they stand in `non_trainable_variables`.
        order: (members, 2), the data of random keys that decide the order of the rows.
    """

    learning_rate: Any
    dropout: Any
    frozen: Any
    order: Any


class Program(NamedTuple):
    """Two functions over members.

    Attributes:
        start: From the weights that are trained (members, …) and the data of dropout keys (members, 2) to the `State`
            before the first epoch.
        advance: From (state, rows, valid rows or None, own, first, epochs) to the state after epochs first … first +
            epochs − 1, their losses and losses on valid rows, (members, MOST_EPOCHS) each, and their metrics, (members,
            MOST_EPOCHS, metrics of train and then of valid rows), of which `epochs` are filled.
            Both numbers are data, so that no number of epochs asks for another compilation.
    """

    start: Any
    advance: Any


class Keys(NamedTuple):
    """Random keys of every member, shape (members,) each, one for each thing that chance decides."""

    weights: jax.Array
    dropout: jax.Array
    order: jax.Array


_ONCE = {"xla_backend_optimization_level": 0}
"""For what is run once, and so should compile fast."""


@partial(jax.jit, compiler_options=_ONCE)
def member_keys(seeds: Any) -> Keys:
    """The keys of members with these seeds, shape (members,); a member's keys depend on its own seed alone."""
    keys = jax.vmap(lambda seed: jax.random.split(jax.random.key(seed, impl=_GENERATOR), len(Keys._fields)))(seeds)
    return Keys(*keys.T)


_GENERATOR = "threefry2x32"
"""Keras reads its seeds as such keys, whatever generator JAX is set to."""


def _key(data: Any) -> Any:
    return jax.random.wrap_key_data(data, impl=_GENERATOR)


@lru_cache(maxsize=16)
def training_program(
    network: "NetworkSpec",
    shape: tuple[int, ...],
    outputs: int,
    batch: int,
    training: "Training",
    *,
    judged: bool = False,
    shared: bool = False,
    even: bool = False,
    masked: bool = False,
) -> Program:
    """Prepares the program that trains members of one architecture in batches of `batch` rows.

    Args:
        network: The result of `NetworkSpec.common`.
        shape: Of the largest sample; smaller ones are padded.
        outputs: Columns that are forecast.
        batch: Rows of one step.
        training: The common settings; `epochs` matters to schedules that end with the last epoch.
        judged: Whether there are valid rows.
        shared: Whether all members have the same X and y, which then have no axis of members.
        even: Whether every member has rows in each batch. Then no empty batch has to be undone, which would take a
            pass over all weights and moments.
        masked: Whether targets are missing, NaN in y. Then losses are means over those that were measured.
    """
    loss_of_rows = measured_loss(row_loss(training)) if masked else row_loss(training)
    optimizer = optimizer_of(training)
    # Weight decay changes weights that have no gradient, too.
    net = StatelessNetwork(network, shape, outputs, keep_idle=not optimizer.weight_decay)

    @partial(jax.jit, compiler_options=_ONCE)
    def fresh_optimizer() -> list[jax.Array]:
        optimizer.build(net.moving(net.model.trainable_variables))
        return [variable.value for variable in optimizer.variables]

    optimizer_values = fresh_optimizer()
    learning_rate_at = place_of_learning_rate(optimizer)

    def start(weights: list[jax.Array], dropout: jax.Array) -> State:
        key = _key(dropout)
        seeds = [jax.random.key_data(jax.random.fold_in(key, seed)) for seed in range(net.seeds)]
        # Copies: the two are given away separately.
        best = Best(
            [jnp.copy(each) for each in weights] if training.early_stopping else (),
            jnp.float32(jnp.inf),
            jnp.int32(0),
            jnp.int32(0),
        )
        return State(weights, optimizer_values, seeds, best, jnp.int32(0), jnp.int32(RUNNING))

    def objective(moved: Any, state: State, own: Own, X: Any, y: Any, weight: Any, real: Any) -> Any:
        predicted, dropout, penalties = net.train(
            net.moved(state.weights, moved), state.dropout, own.dropout, own.frozen, X
        )
        loss = jnp.sum(loss_of_rows(y, predicted) * weight) / _divisor(y, real, masked=masked)
        return loss + penalties, dropout

    def step(state: State, own: Own, rows: TrainingRows, taken: Any, real: Any) -> tuple[State, Any]:
        slope = jax.value_and_grad(objective, has_aux=True)
        moved = net.moving(state.weights)
        (loss, dropout), gradients = slope(
            moved, state, own, rows.X[taken], rows.y[taken], rows.weight[taken] * real, real
        )
        values = list(state.optimizer)
        steps_an_epoch = -(-rows.filled // batch)
        factor = training.schedule.factor(values[0], steps_an_epoch, training.epochs)
        values[learning_rate_at] = (own.learning_rate * factor).astype(values[learning_rate_at].dtype)
        moved, moments = optimizer.stateless_apply(values, gradients, moved)
        changed = state._replace(weights=net.moved(state.weights, moved), optimizer=moments, dropout=dropout)
        if not even:
            # A member with fewer rows than others gets empty batches, which must not change its state.
            changed = _choose(jnp.any(real), changed, state)
        return changed, loss * _sum(rows.y[taken], real, masked=masked)

    def epoch(
        state: State, own: Own, rows: TrainingRows, valid: TrainingRows | None, number: Any
    ) -> tuple[State, Any, Any, Any]:
        order = _order(_key(own.order), rows, number, training.shuffle).reshape(-1, batch)
        real = (jnp.arange(order.size) < rows.filled).astype(rows.weight.dtype).reshape(order.shape)
        after, losses = lax.scan(lambda now, taken: step(now, own, rows, *taken), state, (order, real))
        loss = jnp.sum(losses) / _count(rows, masked=masked)
        judged = _mean_loss(net, loss_of_rows, after.weights, own, valid, masked=masked)
        running = state.stopped == RUNNING
        sound = jnp.isfinite(loss) & jnp.all(
            jnp.array([jnp.all(jnp.isfinite(each)) for each in net.moving(after.weights)])
        )
        after = after._replace(epochs=state.epochs + 1)
        after = after._replace(best=_remember(training, after, jnp.where(jnp.isfinite(judged), judged, loss)))
        patience = training.early_stopping.patience if training.early_stopping else 2**31 - 1
        after = after._replace(stopped=jnp.where(after.best.waited >= patience, EARLY, RUNNING))
        # A member whose loss or weights are no longer numbers keeps those of the epoch before.
        after = _choose(running & sound, after, state)
        after = after._replace(stopped=jnp.where(running & ~sound, DIVERGED, after.stopped))
        values = jnp.concatenate(
            [_metrics(net, training, after.weights, own, each, masked=masked) for each in (rows, valid)]
        )
        return (after, *(jnp.where(running & sound, each, jnp.nan) for each in (loss, judged, values)))

    def advance(
        state: State, rows: TrainingRows, valid: TrainingRows | None, own: Own, first: Any, epochs: Any
    ) -> tuple[State, Any, Any, Any]:
        def one(number: Any, carried: tuple[State, Any, Any, Any]) -> tuple[State, Any, Any, Any]:
            state, *values = epoch(carried[0], own, rows, valid, first + number)
            return (state, *(curve.at[number].set(value) for curve, value in zip(carried[1:], values, strict=True)))

        empty = jnp.full(MOST_EPOCHS, jnp.nan, jnp.float32)
        metrics = jnp.full((MOST_EPOCHS, 2 * len(training.metrics)), jnp.nan, jnp.float32)
        trained: tuple[State, Any, Any, Any] = lax.fori_loop(0, epochs, one, (state, empty, empty, metrics))
        return trained

    data = TrainingRows(None if shared else 0, None if shared else 0, 0, 0)
    over_members = jax.vmap(advance, in_axes=(0, data, data if judged else None, 0, None, None))
    return Program(jax.jit(jax.vmap(start), compiler_options=_ONCE), jax.jit(over_members, donate_argnums=0))


def optimizer_of(training: "Training") -> Any:
    """The Keras optimiser of a training."""
    options: dict[str, Any] = dict(training.optimizer_options)
    if training.clip_norm is not None:
        options["global_clipnorm"] = training.clip_norm
    if training.clip_value is not None:
        options["clipvalue"] = training.clip_value
    if training.learning_rate is not None:
        options["learning_rate"] = training.learning_rate
    return load_keras().optimizers.get({"class_name": training.optimizer, "config": options})


def default_learning_rate(training: "Training") -> float:
    """The learning rate of a training, before the schedule."""
    return float(optimizer_of(training).get_config()["learning_rate"])


def _remember(training: "Training", now: State, loss: Any) -> Best:
    """The memory of early stopping after an epoch with that loss."""
    stopping = training.early_stopping
    if stopping is None:
        return now.best._replace(epoch=now.epochs, loss=loss)
    better = loss < now.best.loss - stopping.min_delta
    fresh = Best(now.weights, loss, now.epochs, jnp.int32(0))
    best: Best = _choose(better, fresh, now.best._replace(waited=now.best.waited + 1))
    return best


def _count(rows: TrainingRows, *, masked: bool) -> Any:
    """The number of rows; a row of which some targets are missing counts by the share of the others."""
    if not masked:
        return rows.filled
    return _sum(rows.y, jnp.arange(rows.y.shape[0]) < rows.filled, masked=True)


def _sum(y: Any, real: Any, *, masked: bool) -> Any:
    """The same for some rows; `real` is 1 for each and 0 for padding."""
    return jnp.sum(real * measured_share(y) if masked else real)


def _divisor(y: Any, real: Any, *, masked: bool) -> Any:
    """The same, but 1 for an empty batch."""
    count = _sum(y, real, masked=masked)
    return jnp.where(count > 0, count, 1) if masked else jnp.maximum(count, 1)


def _mean_loss(
    net: StatelessNetwork, loss_of_rows: Any, weights: Any, own: Own, rows: TrainingRows | None, *, masked: bool
) -> Any:
    """The loss over rows with dropout off; NaN where there are none. The rows are a multiple of `ROWS_AT_ONCE`, or fewer."""
    if rows is None:
        return jnp.float32(jnp.nan)
    at_once = min(ROWS_AT_ONCE, rows.X.shape[0])

    def some(total: Any, taken: Any) -> tuple[Any, None]:
        X, y, weight = taken
        losses = loss_of_rows(y, net.predict(weights, own.frozen, X))
        return total + jnp.sum(jnp.where(weight > 0, losses, 0)), None

    parts = (rows.X, rows.y, rows.weight)
    batches = [part.reshape(-1, at_once, *part.shape[1:]) for part in parts]
    return lax.scan(some, jnp.float32(0), tuple(batches))[0] / _count(rows, masked=masked)


def _metrics(
    net: StatelessNetwork,
    training: "Training",
    weights: Any,
    own: Own,
    rows: TrainingRows | None,
    *,
    masked: bool,
) -> jax.Array:
    """The metrics over rows with dropout off, (metrics,); NaN where there are none.

    Neither padding counts nor targets that were not measured.
    """
    if rows is None or not training.metrics:
        return jnp.full(len(training.metrics), jnp.nan, jnp.float32)
    count = rows.X.shape[0]
    at_once = next(size for size in (ROWS_AT_ONCE, training.batch_size, count) if count % size == 0)

    def some(total: Any, taken: Any) -> tuple[Any, None]:
        X, y, real = taken
        predicted = net.predict(weights, own.frozen, X)
        if masked:
            y = jnp.where(jnp.isnan(y), predicted, y)  # an error of 0
        values = [jnp.where(real, METRICS[name](jnp, y, predicted), 0) for name in training.metrics]
        return total + jnp.stack([jnp.sum(each, dtype=jnp.float32) for each in values]), None

    parts = (rows.X, rows.y, jnp.arange(count) < rows.filled)
    batches = [part.reshape(-1, at_once, *part.shape[1:]) for part in parts]
    total: jax.Array = lax.scan(some, jnp.zeros(len(training.metrics), jnp.float32), tuple(batches))[0]
    means: jax.Array = total / _count(rows, masked=masked)
    return means


def _choose(condition: Any, one: Any, other: Any) -> Any:
    return jax.tree.map(lambda new, old: jnp.where(condition, new, old), one, other)


def _order(key: Any, rows: TrainingRows, epoch: Any, shuffle: bool) -> Any:
    """The order of the rows in one epoch, padding last.

    Counter-based bits do not depend on how many are drawn (`jax_threefry_partitionable`), so the order of the real rows
    depends on the member's key and number of rows, not on the padding.
    """
    index = jnp.arange(rows.X.shape[0])
    if not shuffle:
        return index
    bits = jax.random.bits(jax.random.fold_in(key, epoch), index.shape)
    return jnp.lexsort((bits, index >= rows.filled))
