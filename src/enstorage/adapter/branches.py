"""`Branches`: the last values of several series predict the next ones of one of them."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter
from enstorage.adapter.samples import NoSamplesError, Prepared, Samples, as_slice
from enstorage.adapter.window import Window
from enstorage.calendars.labels import label_of
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size
from enstorage.preparation.split import Part

if TYPE_CHECKING:
    from enstorage.entity.data_preparation import DataPreparation

_MISSING = "another series has no value"


@dataclass(frozen=True, slots=True)
class Branches(Adapter):
    """Windows over several series side by side: `preparation.create_set(Branches([preparation, other], lag=7))`.

    X has shape (samples, lag, series), float64, the series in the order of `preparations`; y, ids and parts are those of
    the asked preparation, as `Window` gives them.

    Series are joined by time. A sample needs a value of every series at every time of its window; if one of the other
    series has no row or no value there, the sample is not built and is counted as lost. The other series need no value at
    the time of the target.

    Args:
        preparations: the series, including the asked one, each with its own preparation; all of one interval. The scale
            of another series must not be fitted on rows after the train part of the asked one.
        lag: number of values of each series that the model sees.
        offset: distance of the first target from the end of the window; 1 is the next value.
        horizon: number of predicted values.
        step: keeps the targets whose position in the series is a multiple of it.
    """

    name: ClassVar[str] = "branches"

    # Records are valid in one store only: the data set refers to them, its recipe does not.
    preparations: "Sequence[DataPreparation]" = field(default=(), compare=False)
    _: KW_ONLY
    lag: int
    offset: int = 1
    horizon: int = 1
    step: int = 1

    def __post_init__(self) -> None:
        for parameter in ("lag", "offset", "horizon", "step"):
            check_size(self, parameter)

    def inputs(self, asked: "DataPreparation") -> "tuple[DataPreparation, ...]":
        """See `Adapter.inputs`."""
        if not self.preparations:
            return (asked,)
        given = tuple(self.preparations)
        if asked not in given or any(given.count(each) > 1 for each in given):
            raise InvalidInputError(
                f"Branches takes the asked preparation, {asked}, and others, each once; received "
                f"{', '.join(map(str, given))}. Add it to the list."
            )
        return given

    def samples(self, prepared: Prepared) -> Samples:
        """See `Adapter.samples`: the samples of a single series."""
        return self.samples_of([prepared])

    def samples_of(self, prepared: Sequence[Prepared], asked: int = 0) -> Samples:
        """See `Adapter.samples_of`."""
        own = prepared[asked]
        for other in prepared:
            _check(other, own)
        windows = Window(self.lag, self.offset, self.horizon, self.step).samples(own)
        assert windows.origin is not None and windows.target is not None  # noqa: S101, PT018 - windows are made of rows
        values = np.column_stack([each.values if each is own else _at(each, own.times) for each in prepared])
        values.flags.writeable = False
        # (windows, series, lag) becomes (windows, lag, series).
        spans = sliding_window_view(values, self.lag, axis=0).transpose(0, 2, 1)
        undefined = np.concatenate([[0], np.cumsum(~np.isfinite(values).all(axis=1))])
        first = windows.origin - self.lag + 1
        whole = np.flatnonzero(undefined[windows.origin + 1] == undefined[first])
        if not len(whole):
            raise NoSamplesError(
                f"{own.what} and {', '.join(each.what for each in prepared if each is not own)} share no window: at none "
                f"of {len(first)} places all series have {self.lag} values in a row. Take snapshots of a period that they "
                "share, or shorten the window."
            )
        lost = {**windows.lost, _MISSING: len(first) - len(whole)}
        return replace(
            windows,
            id=windows.id[whole],
            X=spans[as_slice(first[whole])],
            y=windows.y[as_slice(whole)],
            part=windows.part[whole],
            origin=windows.origin[whole],
            target=windows.target[whole],
            lost=lost,
        )


def _check(other: Prepared, own: Prepared) -> None:
    if other.interval != own.interval:
        raise InvalidInputError(
            f"Series side by side must have the same interval; {own.what} has {own.interval or 'events'} and {other.what} "
            f"{other.interval or 'events'}. Give their sources the same time_interval and take new snapshots."
        )
    if other.is_fitted and _last_train_time(other) > _last_train_time(own):
        raise InvalidInputError(
            f"{other.what} has a transform or a clean method that was fitted up to {_last_train_label(other)}; the "
            f"train part of {own.what} ends at {_last_train_label(own)}, so its test rows would leak. Give both "
            "sources the same time_from and time_to, and both preparations the same parts."
        )


def _last_train_label(prepared: Prepared) -> str:
    is_counter = (prepared.interval or "").endswith(("step", "year"))
    return label_of(_last_train_time(prepared), prepared.time_zone, is_counter=is_counter)


def _last_train_time(prepared: Prepared) -> int:
    return int(prepared.times[prepared.part == Part.TRAIN].max())


def _at(prepared: Prepared, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The values at some times, NaN where there is no row."""
    row = np.minimum(np.searchsorted(prepared.times, times), len(prepared.times) - 1)
    return np.where(prepared.times[row] == times, prepared.values[row], np.nan)
