"""Samples from arrays of the caller, checked and sorted by id."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.adapter.base import ArrayAdapter, adapter_from_json
from enstorage.adapter.samples import Samples, rows_of
from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns_array
from enstorage.preparation.split import PARTS, Part


def array_adapter(recipe: Mapping[str, Any]) -> ArrayAdapter:
    """The adapter of a set from arrays, whose recipe also has the shapes of the stored arrays.

    Raises:
        InvalidInputError: no adapter of that name takes arrays.
    """
    adapter = adapter_from_json({key: value for key, value in recipe.items() if key not in ("X", "y")})
    if not isinstance(adapter, ArrayAdapter):
        raise InvalidInputError(f"The adapter {recipe['name']!r:.80} does not take arrays.")
    return adapter


def given_samples(id: ArrayLike, X: Any, y: ArrayLike, part: ArrayLike, adapter: ArrayAdapter | None) -> Samples:
    """The samples as they are stored. See `DataSet.from_arrays`.

    Raises:
        InvalidInputError: lengths differ, an id is repeated, a value is not finite, or the adapter refuses the data.
    """
    given = Samples(
        id=to_ns_array(id),
        X=_native(X if adapter is None else adapter.encode(X)),
        y=_native(y),
        part=_part_codes(part),
        origin=None,
        target=None,
        lost={},
    )
    _check(given)
    if adapter is not None:
        adapter.targets(given.y)
        adapter.check_train(given.y, given.part == Part.TRAIN)
    return rows_of(given, np.argsort(given.id))


def kept_samples(samples: Samples, shapes: Mapping[str, Any]) -> Samples:
    """The samples with X and y in the shapes of the recipe; tables store them as rows of numbers."""
    rows = len(samples.id)
    return replace(samples, X=samples.X.reshape(rows, *shapes["X"]), y=samples.y.reshape(rows, *shapes["y"]))


def as_targets(id: NDArray[np.int64], y: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids and values of the targets, one id for each value: the values of a sample are the steps of its id.

    Returns:
        Both (samples,) or (samples, values).
    """
    values = steps_of(unmasked(y, float))
    return (id if values.ndim == 1 else np.repeat(id[:, np.newaxis], values.shape[1], axis=1)), values


def steps_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of shape (samples,) unchanged, others as (samples, values), in row-major order."""
    return values if values.ndim == 1 else values.reshape(len(values), -1)


def _part_codes(part: ArrayLike) -> NDArray[np.int8]:
    names, indices = np.unique(unmasked(part).astype(str), return_inverse=True)
    unknown = sorted({str(name) for name in names.tolist()} - set(PARTS))
    if unknown:
        raise InvalidInputError(f"Parts must be {', '.join(PARTS)}; received {', '.join(unknown[:5])}.")
    return np.array([Part.of(name) for name in names.tolist()], dtype=np.int8)[indices]


def _native(values: ArrayLike) -> NDArray[Any]:
    """An array in the byte order of this machine, as tables store it."""
    array = unmasked(values)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _check(samples: Samples) -> None:
    arrays = {"id": samples.id, "X": samples.X, "y": samples.y, "part": samples.part}
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) > 1 or not len(samples.id):
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InvalidInputError(f"id, X, y and part need one row for each sample, at least one; received {shown}.")
    if len(np.unique(samples.id)) < len(samples.id):
        raise InvalidInputError("Every sample needs an id of its own; some ids are repeated. Renumber the samples.")
    for name, array in (("X", samples.X), ("y", samples.y)):
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise InvalidInputError(
                f"{name} must be numbers of at most 64 bits; received {array.dtype}. Convert it first."
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InvalidInputError(
                f"{name} holds {int((~np.isfinite(array)).sum())} values that are NaN or infinite. Clean the data first."
            )
