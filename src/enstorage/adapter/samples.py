"""Input and output of adapters: prepared rows, and samples `[id, X, y]`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError

#: The reason for which `Samples.lost` counts whole series, not samples.
TOO_SHORT = "series too short"


class NoSamplesError(InvalidInputError):
    """There are too few rows for a sample, or all samples would be lost. With many series, such a series is counted."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a preparation, in time order; arrays of shape (rows,).

    Attributes:
        times: int64 ns, start of the bucket or time of the event.
        values: float64 in the prepared scale; NaN where a row has no value (it could not be filled, or the first rows of a
            differenced series).
        position: index of the row in the snapshot; a gap means that rows in between were dropped.
        part: 0 train, 1 valid, 2 test.
        needs_history: true if forecasts are turned back into source units from the last value known at their origin.
        what: the name of the preparation in messages.
        cleaned: float64, the cleaned values in the units of the source; None: `values` are in these units.
        interval: length of the buckets, such as `1d`; None for events.
        is_fitted: true if the prepared values depend on parameters that were fitted on the train rows.
        time_zone: IANA name of the zone whose calendar the series follows.
        measured: true where the value in the units of the source was measured, false where it was filled or is missing;
            None: no value was filled, or it is not known.
        from_measured: true where the prepared value depends on measured values alone; None: as `measured`. Of a difference
            both values must be measured.
        end: position after the last row of the preparation, where these are others than its own; None: after the last one.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    position: NDArray[np.int64]
    part: NDArray[np.int8]
    needs_history: bool
    what: str
    cleaned: NDArray[np.float64] | None = None
    interval: str | None = None
    is_fitted: bool = False
    time_zone: str = "UTC"
    measured: NDArray[np.bool_] | None = None
    from_measured: NDArray[np.bool_] | None = None
    end: int | None = None

    @property
    def source_values(self) -> NDArray[np.float64]:
        """The cleaned values in the units of the source."""
        return self.values if self.cleaned is None else self.cleaned

    @property
    def truth(self) -> NDArray[np.float64]:
        """The measured values in the units of the source, NaN where none was measured."""
        return self.source_values if self.measured is None else np.where(self.measured, self.source_values, np.nan)


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples `[id, X, y]`, in time order.

    Attributes:
        id: int64 ns, time of the (first) target, shape (samples,).
        X: features, shape (samples, …).
        y: targets as models learn them, shape (samples,), (samples, horizon) or (samples, classes); NaN where a target was
            not measured, see `only_measured`.
        part: 0 train, 1 valid, 2 test, the part of the targets, shape (samples,).
        origin: index of the last known row t in the preparation, shape (samples,); None for sets without one.
        target: index of the first target's row in the preparation, shape (samples,); None if the target is not a row.
        lost: number of samples that were not built, by reason.
        truth: float64, the true targets in source units, shape (samples,), NaN where they were not measured, if they are
            not values of rows; None: they are, or they are `y`.
        taken_from: index of the preparation of each sample among those of the set, shape (samples,); None: the asked
            preparation.
        invert: turns outputs for some of the samples, shape (rows, …), into source units, shape (rows,); None: the
            preparation does that, or, without `origin`, the outputs are in source units.
    """

    id: NDArray[np.int64]
    X: NDArray[Any]
    y: NDArray[Any]
    part: NDArray[np.int8]
    origin: NDArray[np.int64] | None
    target: NDArray[np.int64] | None
    lost: Mapping[str, int]
    truth: NDArray[np.float64] | None = None
    taken_from: NDArray[np.int64] | None = None
    invert: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None


def pooled(each: Mapping[int, Samples], too_short: int) -> Samples:
    """The samples of several series in one set, sorted by time and then by series.

    Args:
        each: the samples of each series, by the index of its preparation; of equal shapes.
        too_short: number of series without samples.

    Raises:
        InvalidInputError: the samples of a series have an `invert` of their own, which cannot be pooled.
    """
    parts = list(each.values())
    if any(samples.invert is not None for samples in parts):
        raise InvalidInputError(
            "Samples with an invert function of their own cannot be pooled from several series. The adapter has to do that "
            "itself, in samples_of."
        )
    id = np.concatenate([samples.id for samples in parts])
    taken_from = np.repeat(np.array(list(each), dtype=np.int64), [len(samples.id) for samples in parts])
    order = np.lexsort((taken_from, id))
    lost: dict[str, int] = {}
    for samples in parts:
        for reason, count in samples.lost.items():
            lost[reason] = lost.get(reason, 0) + count

    def together(name: str) -> Any:
        arrays = [getattr(samples, name) for samples in parts]
        return None if arrays[0] is None else np.concatenate(arrays)[order]

    return Samples(
        id=id[order],
        **{name: together(name) for name in ("X", "y", "part", "origin", "target", "truth")},
        lost={**lost, TOO_SHORT: too_short},
        taken_from=taken_from[order],
    )


def true_targets(samples: Samples, prepared: Sequence[Prepared], asked: int = 0) -> NDArray[np.float64]:
    """The true targets in source units, shape (samples,) or (samples, horizon); NaN where they were not measured.

    Args:
        samples: samples from an adapter, or some of them.
        prepared: the rows from which they were built.
        asked: index of the preparation whose values are the targets, for samples without `taken_from`.
    """
    if samples.truth is not None:
        return samples.truth
    if samples.target is None:
        return np.asarray(samples.y, dtype=np.float64)
    return np.asarray(at_targets(samples, [each.truth for each in prepared], asked))


def target_times(samples: Samples, prepared: Sequence[Prepared], asked: int = 0) -> NDArray[np.int64]:
    """The time of each step's target, with the arguments and the shape of `true_targets`."""
    if samples.target is None or samples.truth is not None:
        return samples.id
    return np.asarray(at_targets(samples, [each.times for each in prepared], asked))


def only_measured(samples: Samples, prepared: Sequence[Prepared], asked: int = 0) -> Samples:
    """The samples with NaN as targets, in `y`, where these were not measured: filled values are no targets.

    Args:
        samples: samples from an adapter, which may have taken targets from filled values.
        prepared: the rows from which they were built.
        asked: index of the preparation whose values are the targets, for samples without `taken_from`.
    """
    if samples.truth is not None:
        known = np.isfinite(samples.truth)
    elif samples.target is None or all(each.measured is None for each in prepared):
        return samples
    else:
        known = at_targets(samples, [_is_target(each) for each in prepared], asked)
    if known.all():
        return samples
    kind = samples.y.dtype if samples.y.dtype.kind == "f" else np.dtype(np.float64)
    shape = (*known.shape, *[1] * (samples.y.ndim - known.ndim))
    return replace(samples, y=np.where(known.reshape(shape), samples.y, np.nan).astype(kind))


def partly_measured(y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for samples of which at least one target was measured; y of shape (samples, …), the result (samples,)."""
    return np.asarray(np.isfinite(y).any(axis=tuple(range(1, y.ndim))))


def fully_measured(y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for samples of which all targets were measured; y of shape (samples, …), the result (samples,)."""
    return np.asarray(np.isfinite(y).all(axis=tuple(range(1, y.ndim))))


def _is_target(prepared: Prepared) -> NDArray[np.bool_]:
    """True for the rows whose prepared value may be a target."""
    if prepared.measured is None:
        return np.ones(len(prepared.values), np.bool_)
    return prepared.measured if prepared.from_measured is None else prepared.measured & prepared.from_measured


def rows_of(samples: Samples, rows: NDArray[np.int64] | slice) -> Samples:
    """Some of the samples."""
    arrays: dict[str, Any] = {
        name: None if (array := getattr(samples, name)) is None else array[rows]
        for name in ("id", "X", "y", "part", "origin", "target", "truth", "taken_from")
    }
    return replace(samples, **arrays)


def as_slice(rows: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Indices of rows, ascending, at least one; as a slice if they are equally spaced.

    Indexing with a slice gives a view, with an array a copy, and a window matrix is lag times as large as its series.
    """
    step = int(rows[1] - rows[0]) if len(rows) > 1 else 1
    if len(rows) == (rows[-1] - rows[0]) // step + 1 and (np.diff(rows) == step).all():
        return slice(int(rows[0]), int(rows[-1]) + 1, step)
    return rows


def at_targets(samples: Samples, columns: Sequence[NDArray[Any]], asked: int) -> NDArray[Any]:
    """The values of a column at the rows of the targets."""
    target = samples.target
    assert target is not None  # noqa: S101 - checked by the callers
    if samples.taken_from is None:
        column = columns[asked]
    else:
        starts = np.cumsum([0, *(len(each) for each in columns[:-1])])
        column, target = np.concatenate(columns), target + starts[samples.taken_from]
    return column[target] if samples.y.ndim == 1 else sliding_window_view(column, samples.y.shape[1])[target]
