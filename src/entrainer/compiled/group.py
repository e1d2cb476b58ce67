"""Trains a whole group of networks, of different lag, seed and data, as one compiled program."""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import CancelledError, InvalidInputError, NotSupportedError
from enstorage.progress import interrupts_held
from entrainer.backend import load_keras
from entrainer.compiled.group_state import GroupState, StateKeeper
from entrainer.compiled.member import GroupMember, MemberSamples, TrainedNetwork
from entrainer.compiled.outcome import Outcome, Stop
from entrainer.compiled.padding import blocks_of, of_block, padded_rows, take
from entrainer.settings.training import Training

SECONDS_A_CHUNK = 1.0
"""About how long members train between two returns to Python."""


class Chunk(NamedTuple):
    """The report on a few epochs.

    Attributes:
        epochs: How many are done.
        loss: Of each member after the epochs since the last chunk, (members, epochs since); NaN once it has stopped.
        valid_loss: The same on valid rows; NaN where there are none.
        stopped: Why each member stopped; None while it trains.
        metrics: Of the training by name, those of valid rows as `valid_…`: as the losses, but after each epoch.
    """

    epochs: int
    loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    stopped: list[Stop | None]
    metrics: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


Report = Callable[[Chunk], Collection[int] | None]
"""Called after every few epochs; may return the numbers of members that should stop."""

Interrupted = Callable[[BaseException], None]
"""Called with the interrupt (Ctrl-C, or `CancelledError` of the report) that ended a training."""


def train_together(
    members: Sequence[GroupMember],
    training: Training,
    report: Report | None = None,
    interrupted: Interrupted | None = None,
    keeper: StateKeeper | None = None,
) -> list[Outcome[TrainedNetwork]]:
    """Trains members of one architecture as one compiled program.

    Each member ends as it would have trained alone: windows of different lag are padded with zero columns whose weights
    stay zero, missing rows are masked, and every random number depends on the member's own seed. A member that stops
    early, diverges or is pruned keeps its weights while the others go on. After an interrupt (Ctrl-C, or a report that
    raises `CancelledError`) the epochs of the current chunk are finished.

    Args:
        members: At least one; equal `network.common()` and targets, and equal samples unless `network.mixes_lags`.
        training: The common settings.
        report: Called after every few epochs, and after the last.
        interrupted: Called with an interrupt; the outcomes of members that still trained are then marked as interrupted.
            By default the interrupt is raised.
        keeper: Is given the state after every chunk, and may give one to go on from; the result is the same.

    Returns:
        The trained networks in the order of the members.

    Raises:
        InvalidInputError: The members cannot be one group.
        NotSupportedError: Keras runs on another backend, or the network cannot be trained in padded batches.
        MissingLibraryError: Keras or JAX is not installed.
    """
    _check_group(members)
    load_keras()
    import jax

    # With it, random bits do not depend on how many are drawn: padding changes no row order and no dropout.
    with jax.threefry_partitionable(True):
        group = _Group(members, training)
    losses, judged = group.run(report, keeper)
    if group.interrupt is not None:
        if interrupted is None:
            raise group.interrupt
        interrupted(group.interrupt)
    return group.outcomes(losses, judged)


class _Group:
    """Members that one compiled program trains in blocks of a few members."""

    def __init__(self, members: Sequence[GroupMember], training: Training) -> None:
        import jax

        from entrainer.compiled.initial_weights import blueprint, draw_weights
        from entrainer.compiled.program import Own, default_learning_rate, member_keys, training_program

        self.members, self.training = members, training
        self.shapes = tuple(member.shape for member in members)
        self.outputs = training.outputs(members[0].targets)
        network, largest = members[0].network.common(), max(self.shapes)
        plan = blueprint(network, largest, self.outputs)
        if plan.alone:
            raise NotSupportedError(f"The network {network.name!r} cannot be trained in a group. {plan.alone}")
        self._is_trained = plan.trained
        most = max(len(member.X) for member in members)
        batch = min(training.batch_size, most)
        shared = len(members) > 1 and all(_same_rows(member, members[0]) for member in members)
        judged = any(member.valid is not None for member in members)
        even = len({-(-len(member.X) // batch) for member in members}) == 1
        self._program = training_program(
            network,
            largest,
            self.outputs,
            batch,
            _compiled(training),
            judged=judged,
            shared=shared,
            even=even,
            masked=any(member.has_unmeasured for member in members),
        )
        rate = default_learning_rate(training)
        keys = member_keys(np.array([member.seed for member in members], np.uint32))
        dropout = np.asarray(jax.random.key_data(keys.dropout))
        own = Own(
            np.array([rate if each.learning_rate is None else each.learning_rate for each in members], np.float32),
            np.array([blueprint(each.network, each.shape, self.outputs).dropout for each in members], np.float32),
            [np.zeros((len(members), *shape), np.float32) for shape in self._apart(plan.shapes)[1]],
            jax.random.key_data(keys.order),
        )
        self.blocks = blocks_of(len(members), plan.beside)
        train = [MemberSamples(member.X, member.y) for member in members]
        given = [member.weight for member in members]
        rows, valid = padded_rows(train, given, largest, batch, shared=shared), self._valid_rows(largest, shared=shared)
        self._data: list[Any] = jax.device_put(
            [
                (
                    of_block(rows, block, shared=shared),
                    valid and of_block(valid, block, shared=shared),
                    take(own, block),
                )
                for block in self.blocks
            ]
        )
        zeros = [np.zeros((len(self.blocks[0]), *shape), np.float32) for shape in self._apart(plan.shapes)[0]]
        self._states = [self._program.start(zeros, dropout[self.blocks[0]])]
        with ThreadPoolExecutor(1) as pool:
            # A call with zero epochs compiles the program while the initial weights are drawn.
            compiling = pool.submit(self._advance, 0, 0, 0)
            weights = draw_weights(network, self.shapes, self.outputs, keys.weights)
            compiling.result()
        weights = [_given(stack, path, members) for stack, path in zip(weights, plan.paths, strict=True)]
        trained, self._frozen = self._apart(weights)
        self._data = [
            (rows, valid, own._replace(frozen=jax.device_put(take(self._frozen, block))))
            for (rows, valid, own), block in zip(self._data, self.blocks, strict=True)
        ]
        self._states = [self._program.start(take(trained, block), dropout[block]) for block in self.blocks]

    def run(
        self, report: Report | None, keeper: StateKeeper | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Train until all members have stopped or all epochs are done.

        Returns:
            The losses and the losses on valid rows, (members, epochs) each; NaN where a member did not train.
        """
        from entrainer.compiled.program import MOST_EPOCHS

        done, count = 0, 1
        losses, judged, measured = list[Any](), list[Any](), list[Mapping[str, NDArray[np.float64]]]()
        self.interrupt: BaseException | None = None
        state = None if keeper is None else keeper.latest()
        if state is not None and self._resume(state):
            done, losses, judged, measured = state.epochs, [state.losses], [state.judged], [state.metrics]
            if report is not None:
                report(Chunk(done, state.losses.copy(), state.judged.copy(), self.stopped, state.metrics))
        with interrupts_held() as stopping, ThreadPoolExecutor(min(len(self.blocks), os.cpu_count() or 1)) as pool:
            while done < self.training.epochs and (not done or None in self.stopped):
                count = min(count, MOST_EPOCHS, self.training.epochs - done)
                started = time.perf_counter()
                results = self._together(pool, done, count)
                seconds = time.perf_counter() - started
                self._states = [state for state, _, _, _ in results]
                losses.append(self._join([loss for _, loss, _, _ in results])[:, :count])
                judged.append(self._join([loss for _, _, loss, _ in results])[:, :count])
                metrics = self._named(self._join([values for _, _, _, values in results])[:, :count])
                measured.append(metrics)
                done += count
                if report is not None:
                    try:
                        chunk = Chunk(done, losses[-1].copy(), judged[-1].copy(), self.stopped, metrics)
                        self._prune(report(chunk))
                    except (KeyboardInterrupt, CancelledError) as error:
                        self.interrupt = error
                if stopping.is_set() or self.interrupt is not None:
                    break
                if keeper is not None:
                    keeper.keep(lambda: self._state(losses, judged, measured))
                count = max(1, int(count * min(SECONDS_A_CHUNK / max(seconds, 1e-6), 4)))
        if stopping.is_set():
            self.interrupt = KeyboardInterrupt()
        return np.concatenate(losses, axis=1), np.concatenate(judged, axis=1)

    def _state(self, losses: list[Any], judged: list[Any], metrics: list[Mapping[str, Any]]) -> GroupState:
        import jax

        return GroupState(
            [np.asarray(each) for each in jax.tree.leaves(self._states)],
            np.concatenate(losses, axis=1),
            np.concatenate(judged, axis=1),
            {name: np.concatenate([each[name] for each in metrics], axis=1) for name in metrics[0]},
        )

    def _resume(self, state: GroupState) -> bool:
        """Go on from a state; false if it is of another group."""
        import jax

        leaves, form = jax.tree.flatten(self._states)
        if [(each.shape, each.dtype) for each in leaves] != [(each.shape, each.dtype) for each in state.leaves]:
            return False
        self._states = jax.tree.unflatten(form, jax.device_put(state.leaves))
        return True

    @property
    def stopped(self) -> list[Stop | None]:
        """Why each member stopped; None while it trains."""
        from entrainer.compiled.program import DIVERGED, EARLY, PRUNED

        reasons = {EARLY: Stop.EARLY, DIVERGED: Stop.DIVERGED, PRUNED: Stop.PRUNED}
        return [reasons.get(int(code)) for code in self._join([state.stopped for state in self._states])]

    def outcomes(self, losses: NDArray[np.float64], judged: NDArray[np.float64]) -> list[Outcome[TrainedNetwork]]:
        """The trained members, in their order."""
        from entrainer.compiled.initial_weights import blueprint

        states = self._states
        kept = [state.best.weights if self.training.early_stopping else state.weights for state in states]
        final = iter([self._join(parts) for parts in zip(*kept, strict=True)])
        frozen = iter([np.asarray(each) for each in self._frozen])
        stacks = [next(final) if own else next(frozen) for own in self._is_trained]
        epochs, best = self._join([each.epochs for each in states]), self._join([each.best.epoch for each in states])
        unfinished = Stop.INTERRUPTED if self.interrupt is not None and losses.shape[1] < self.training.epochs else None
        return [
            Outcome(
                TrainedNetwork(
                    member.network,
                    member.shape,
                    self.outputs,
                    # A copy each, so that one kept network does not keep the whole group in memory.
                    [
                        stack[index][tuple(map(slice, shape))].copy()
                        for stack, shape in zip(
                            stacks, blueprint(member.network, member.shape, self.outputs).shapes, strict=True
                        )
                    ],
                ),
                losses[index, : epochs[index]].copy(),
                None if member.valid is None else judged[index, : epochs[index]].copy(),
                int(best[index]),
                stopped or unfinished,
            )
            for index, (member, stopped) in enumerate(zip(self.members, self.stopped, strict=True))
        ]

    def _apart(self, weights: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The values of each weight, divided into trained weights and others."""
        both = list(zip(weights, self._is_trained, strict=True))
        return [each for each, own in both if own], [each for each, own in both if not own]

    def _together(self, pool: ThreadPoolExecutor, first: int, count: int) -> list[Any]:
        """A few epochs of all blocks beside each other."""
        calls = [pool.submit(self._advance, number, first, count) for number in range(len(self.blocks))]
        return [call.result() for call in calls]

    def _advance(self, number: int, first: int, count: int) -> Any:
        import jax

        with jax.threefry_partitionable(True):  # a thread starts with the global setting
            rows, valid, own = self._data[number]
            state, *curves = self._program.advance(self._states[number], rows, valid, own, first, count)
        return state, *(np.asarray(each, np.float64) for each in curves)

    def _named(self, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The metrics by name, (members, epochs) each, from (members, epochs, metrics of train and then of valid rows)."""
        names = [f"{prefix}{name}" for prefix in ("", "valid_") for name in self.training.metrics]
        return {name: values[:, :, place] for place, name in enumerate(names)}

    def _prune(self, chosen: Collection[int] | None) -> None:
        import jax.numpy as jnp

        from entrainer.compiled.program import PRUNED, RUNNING

        if chosen:
            pruned = np.isin(np.arange(len(self.members)), list(chosen))
            for number, (state, block) in enumerate(zip(self._states, self.blocks, strict=True)):
                stopped = jnp.where(pruned[block] & (np.asarray(state.stopped) == RUNNING), PRUNED, state.stopped)
                self._states[number] = state._replace(stopped=stopped.astype(jnp.int32))

    def _valid_rows(self, largest: tuple[int, ...], *, shared: bool) -> Any:
        from entrainer.compiled.stateless import ROWS_AT_ONCE

        if all(member.valid is None for member in self.members):
            return None
        nothing = MemberSamples(np.zeros((0, *largest)), np.zeros((0, self.members[0].targets)))
        valid = [member.valid or nothing for member in self.members]
        most = max(len(each.X) for each in valid)
        return padded_rows(valid, [None] * len(valid), largest, min(ROWS_AT_ONCE, most), shared=shared)

    def _join(self, parts: Sequence[Any]) -> NDArray[Any]:
        """The blocks' arrays as one, (members, …), without what filled up the last block."""
        return np.concatenate([np.asarray(part) for part in parts])[: len(self.members)]


def _check_group(group: Sequence[GroupMember]) -> None:
    if not group:
        raise InvalidInputError("The group is empty; expected at least one member.")
    first = group[0]
    for other in group:
        if (other.network.common(), other.targets) != (first.network.common(), first.targets):
            raise InvalidInputError(
                f"{other.name!r} is {other.network} for {other.targets} targets, {first.name!r} is {first.network} "
                f"for {first.targets}; one group has one architecture. Group them first."
            )
        free = 1 if first.network.mixes_lags else 0
        if other.shape[free:] != first.shape[free:]:
            raise InvalidInputError(
                f"{other.name!r} has samples of {other.shape}, {first.name!r} of {first.shape}; networks "
                f"{first.network.name!r} for different samples cannot be one group. Group them by lag first."
            )


def _compiled(training: Training) -> Training:
    """The part of a training that is compiled into the program."""
    common = training.together()
    return common if training.schedule.kind == "cosine" else replace(common, epochs=1)


def _same_rows(member: GroupMember, other: GroupMember) -> bool:
    """True where two members were given the same samples, so that they are in memory once."""
    if (member.valid is None) != (other.valid is None):
        return False
    mine, theirs = [member.X, member.y], [other.X, other.y]
    if member.valid is not None and other.valid is not None:
        mine, theirs = [*mine, *member.valid], [*theirs, *other.valid]
    return all(
        one is two or (one.shape == two.shape and one.strides == two.strides and one.ctypes.data == two.ctypes.data)
        for one, two in zip(mine, theirs, strict=True)
    )


def _given(stack: Any, path: str, members: Sequence[GroupMember]) -> Any:
    """The initial weights of one variable, with those that some members bring along."""
    for index, member in enumerate(members):
        for name, value in member.frozen:
            if name == path:
                stack = stack.at[index].set(value)
    return stack
