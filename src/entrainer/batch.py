"""Trains a whole group of networks, of different lag, seed and data, as one compiled program."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.member import Member, Trained
from entrainer.training import Training

__all__ = ["Member", "Progress", "Trained", "predict_together", "train_together"]

BLOCK = 12
"""Members trained by one call on a CPU: their weights stay in its cache, and blocks run on several cores."""

Progress = Callable[[int, NDArray[np.float64]], None]
"""Called with the epochs done and the latest loss of each member, shape (members,)."""


def train_together(members: Sequence[Member], training: Training, progress: Progress | None = None) -> list[Trained]:
    """Trains members of one architecture as one compiled program.

    Each member ends as it would have trained alone: windows of different lag are padded with zero columns whose weights
    stay zero, missing rows are masked, and every random number depends on the member's own seed. An interrupt acts
    within a few epochs and changes nothing outside.

    Args:
        members: At least one; equal `network` and `outputs`, and equal lag unless `network.mixes_lags`.
        training: The common settings.
        progress: Told after every few epochs, and after the last.

    Returns:
        The trained networks in the order of the members.

    Raises:
        InvalidInputError: The members cannot be one group.
        NotSupportedError: Keras runs on another backend, or the network cannot be trained in padded batches.
        MissingLibraryError: Keras or JAX is not installed.
    """
    lags = tuple(member.X.shape[1] for member in members)
    _check_group(members, lags)
    load_keras()
    import jax

    from entrainer.initial import draw_weights, weight_shapes
    from entrainer.program import Rows, member_keys, training_program

    network, outputs, count = members[0].network, members[0].outputs, np.array([len(member.X) for member in members])
    batch = min(training.batch_size, int(count.max()))
    padded = -(-int(count.max()) // batch) * batch
    X = _stack([member.X for member in members], padded, max(lags))
    y = _stack([member.y.reshape(len(member.y), outputs) for member in members], padded, outputs)
    # With it, random bits do not depend on how many are drawn: padding changes no row order and no dropout.
    with jax.threefry_partitionable(True):
        keys = member_keys(np.array([member.seed for member in members], np.uint32))
        weights = draw_weights(network, lags, outputs, keys.weights)
        program = training_program(network, max(lags), outputs, batch, replace(training, epochs=1))
        blocks = _blocks(len(members))
        rows = [Rows(X[block], y[block], count[block], keys.order[block]) for block in blocks]
        states = [program.start([weight[block] for weight in weights], keys.dropout[block]) for block in blocks]
        states[0], _ = program.advance(states[0], rows[0], 0, 0)  # compiles once, before the threads; trains nothing
    states, loss = _run(program.advance, states, rows, len(members), training.epochs, progress)
    final = [_join(parts, len(members)) for parts in zip(*(state.weights for state in states), strict=True)]
    return [
        Trained(
            member.name,
            network,
            lag,
            outputs,
            # A copy each, so that one kept network does not keep the whole group in memory.
            [
                stack[index][tuple(map(slice, shape))].copy()
                for stack, shape in zip(final, weight_shapes(network, lag, outputs), strict=True)
            ],
            loss[index].copy(),
        )
        for index, (member, lag) in enumerate(zip(members, lags, strict=True))
    ]


def predict_together(networks: Sequence[Trained], Xs: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Predicts with networks of one architecture by one compiled program, dropout off.

    Args:
        networks: At least one; grouped as `train_together` wants its members.
        Xs: One array (rows, lag) per network.

    Returns:
        One array per network: (rows,) for one output, else (rows, outputs).

    Raises:
        InvalidInputError: The networks cannot be one group, or an X does not fit its network.
    """
    lags = tuple(network.lag for network in networks)
    _check_group(networks, lags)
    shapes = [np.shape(X) for X in Xs]
    if [shape[1:] for shape in shapes] != [(lag,) for lag in lags]:
        raise InvalidInputError(
            f"X has the shapes {shapes}; expected one (rows, lag) per network, with the lags {list(lags)}. "
            "Give every network the windows of its own data set."
        )
    load_keras()
    from entrainer.program import forward_program

    first, longest = networks[0], max(range(len(lags)), key=lags.__getitem__)
    weights = [_stack(own, *own[longest].shape) for own in zip(*(network.weights for network in networks), strict=True)]
    X = _stack(Xs, max(shape[0] for shape in shapes), max(lags))
    predicted = np.asarray(forward_program(first.network, max(lags), first.outputs)(weights, X), np.float64)
    return [
        values[: shape[0], 0] if first.outputs == 1 else values[: shape[0]]
        for values, shape in zip(predicted, shapes, strict=True)
    ]


def _check_group(group: Sequence[Member | Trained], lags: tuple[int, ...]) -> None:
    if not group:
        raise InvalidInputError("The group is empty; expected at least one member.")
    first = group[0]
    for other, lag in zip(group, lags, strict=True):
        if (other.network, other.outputs) != (first.network, first.outputs):
            raise InvalidInputError(
                f"{other.name!r} is {other.network} with {other.outputs} outputs, {first.name!r} is {first.network} "
                f"with {first.outputs}; one group has one architecture. Group them first."
            )
        if lag != lags[0] and not first.network.mixes_lags:
            raise InvalidInputError(
                f"{other.name!r} has lag {lag}, {first.name!r} has lag {lags[0]}; networks {first.network.name!r} of "
                "different lag cannot be one group. Group them by lag first."
            )


def _run(
    advance: Any, states: list[Any], rows: list[Any], members: int, epochs: int, progress: Progress | None
) -> tuple[list[Any], NDArray[np.float64]]:
    """Calls the compiled program until all epochs are done; blocks of members run beside each other."""
    import jax

    from entrainer.program import EPOCHS_PER_CALL

    def call(first: int, count: int, state: Any, own: Any) -> Any:
        with jax.threefry_partitionable(True):  # a thread starts with the global setting
            state, losses = advance(state, own, first, count)
        return state, np.asarray(losses)

    loss = np.empty((members, epochs))
    with ThreadPoolExecutor(min(len(states), os.cpu_count() or 1)) as pool:
        for first in range(0, epochs, EPOCHS_PER_CALL):
            count = min(EPOCHS_PER_CALL, epochs - first)
            results = list(pool.map(partial(call, first, count), states, rows))
            states = [state for state, _ in results]
            done = first + count
            loss[:, first:done] = _join([losses for _, losses in results], members)[:, :count]
            if progress is not None:
                progress(done, loss[:, done - 1].copy())
    return states, loss


def _blocks(members: int) -> list[NDArray[np.intp]]:
    """Equal blocks of members for one compiled program; the last member fills up the last block."""
    import jax

    number = -(-members // BLOCK) if jax.default_backend() == "cpu" else 1
    size = -(-members // number)
    return list(np.minimum(np.arange(number * size), members - 1).reshape(number, size))


def _join(parts: Sequence[Any], members: int) -> NDArray[Any]:
    """The blocks' arrays as one, (members, …), without what filled up the last block."""
    return np.concatenate([np.asarray(part) for part in parts])[:members]


def _stack(arrays: Sequence[NDArray[Any]], *shape: int) -> NDArray[np.float32]:
    """Arrays as one, (members, *shape), each padded with zeros at its ends."""
    stacked = np.zeros((len(arrays), *shape), np.float32)
    for target, array in zip(stacked, arrays, strict=True):
        target[tuple(map(slice, array.shape))] = array
    return stacked
