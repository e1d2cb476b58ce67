"""Padding of members of different sizes to arrays of one size, and their division into blocks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from entrainer.compiled.member import MemberSamples

if TYPE_CHECKING:
    from entrainer.compiled.program import TrainingRows


def padded_rows(
    samples: Sequence[MemberSamples],
    given: Sequence[NDArray[np.float64] | None],
    largest: tuple[int, ...],
    multiple: int,
    *,
    shared: bool,
) -> "TrainingRows":
    """Pad the rows of members to arrays of one size.

    Args:
        samples: The samples of each member.
        given: The weights of each member's rows in the loss; None for 1.
        largest: Shape of the largest sample.
        multiple: The padded number of rows is a multiple of this, or smaller than it.
        shared: True if all members have the same samples.
    """
    from entrainer.compiled.program import TrainingRows

    filled = np.array([len(each.X) for each in samples])
    rows = padded(int(filled.max()), multiple)
    weights = [np.ones(len(each.X)) if own is None else own for each, own in zip(samples, given, strict=True)]
    X, y = [each.X for each in samples], [each.y for each in samples]
    targets = samples[0].y.shape[1]
    if shared:
        return TrainingRows(
            stack_one(X[0], (rows, *largest)), stack_one(y[0], (rows, targets)), stack(weights, (rows,)), filled
        )
    return TrainingRows(stack(X, (rows, *largest)), stack(y, (rows, targets)), stack(weights, (rows,)), filled)


def of_block(rows: Any, block: NDArray[np.intp], *, shared: bool) -> Any:
    """Select the rows of a block of members; shared samples are not selected."""
    return take(rows, block) if not shared else rows._replace(weight=rows.weight[block], filled=rows.filled[block])


def take(tree: Any, block: NDArray[np.intp]) -> Any:
    """Select members from arrays (members, …), by NumPy: JAX would compile the selection for each shape."""
    import jax

    return jax.tree.map(lambda each: np.asarray(each)[block], tree)


def blocks_of(members: int, beside: int) -> list[NDArray[np.intp]]:
    """Divide members into blocks of equal size for one compiled program; the last member fills up the last block.

    On a CPU the weights of a block stay in its cache, and blocks run on several cores.
    """
    import jax

    number = -(-members // beside) if jax.default_backend() == "cpu" else 1
    size = -(-members // number)
    return list(np.minimum(np.arange(number * size), members - 1).reshape(number, size))


def padded(rows: int, multiple: int) -> int:
    """Round the number of rows up to a multiple; a number below `multiple` stays unchanged."""
    return rows if rows <= multiple else -(-rows // multiple) * multiple


def stack(arrays: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> NDArray[Any]:
    """Stack arrays to (members, *shape), each padded with zeros at the end of its axes."""
    whole = all(array.dtype.kind in "iub" for array in arrays)
    stacked = np.zeros((len(arrays), *shape), np.int32 if whole else np.float32)
    for target, array in zip(stacked, arrays, strict=True):
        target[tuple(map(slice, array.shape))] = array
    return stacked


def stack_one(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Pad one array with zeros at the end of its axes."""
    only: NDArray[Any] = stack([array], shape)[0]
    return only
