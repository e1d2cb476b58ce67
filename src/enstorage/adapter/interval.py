"""`Interval`: the days between the last events predict those to the next one."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter
from enstorage.adapter.samples import NoSamplesError, Prepared, Samples, as_slice
from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size


@dataclass(frozen=True, slots=True)
class Interval(Adapter):
    """X = the last `look_back` intervals between events, y = the next one; in days, float64.

    An interval is the number of days from the calendar date of an event, in the time zone of the series, to that of the
    next: two events on one day are 0 days apart, as are two at 23:59 and 23:58, while midnight between them makes 1. The
    value of a row is the number of events at its time, so that a value of 2 gives one interval of 0. X has shape (samples,
    look_back), oldest first, y (samples,).

    The id is the time of the event that ends the interval to be predicted. Of several events at one time the first has
    that time, and each further one a nanosecond more. So ids are unique within a series and do not depend on `look_back`,
    and members with different look-backs share ids. The part is that of the row of this event.

    Source: a Chinese tutorial on forecasting the times of a customer's visits by LSTM (2017).

    Args:
        look_back: number of intervals that the model sees.

    An interval across a dropped row is unknown; windows that span one are not built and are counted as lost. An interval
    that begins or ends at a filled row, or spans one, was not measured and is no target.
    """

    name: ClassVar[str] = "interval"

    look_back: int = 3

    def __post_init__(self) -> None:
        check_size(self, "look_back")

    @property
    def targets_are_values(self) -> bool:
        """See `Adapter.targets_are_values`: they lie between rows."""
        return False

    def samples(self, prepared: Prepared) -> Samples:
        """See `Adapter.samples`."""
        row = np.repeat(np.arange(len(prepared.times)), _counts(prepared))
        if len(row) < self.look_back + 2:
            raise NoSamplesError(
                f"{prepared.what} has {len(row)} events; intervals of look_back {self.look_back} need "
                f"{self.look_back + 2}. Take a longer period or a smaller look_back."
            )
        days = Calendar(1, "d", prepared.time_zone).numbers(prepared.times)[row]
        intervals = np.diff(days).astype(np.float64)
        intervals.flags.writeable = False
        gaps = _gaps_before(prepared)
        unknown = np.concatenate([[0], np.cumsum(gaps[row[1:]] != gaps[row[:-1]])])
        # The interval k ends at the event k + 1.
        target = np.arange(self.look_back, len(intervals))
        whole = unknown[target + 1] == unknown[target - self.look_back]
        chosen = target[whole]
        if not len(chosen):
            raise NoSamplesError(
                f"{prepared.what} has no {self.look_back + 1} consecutive intervals without a dropped row between them. "
                "Clean the snapshot by another method, or take a smaller look_back."
            )
        y = intervals[as_slice(chosen)]
        if prepared.measured is not None:
            unmeasured = np.concatenate([[0], np.cumsum(~prepared.measured)])
            known = unmeasured[row[chosen + 1] + 1] == unmeasured[row[chosen]]
            y = np.where(known, y, np.nan)
        return Samples(
            id=_ids(prepared.times[row])[chosen + 1],
            X=sliding_window_view(intervals, self.look_back)[as_slice(chosen - self.look_back)],
            y=y,
            part=prepared.part[row[chosen + 1]],
            origin=None,
            target=None,
            lost={"spans a dropped row": len(target) - len(chosen)},
            truth=y,
        )


def _counts(prepared: Prepared) -> NDArray[np.int64]:
    """The number of events of each row; 0 where it has no value."""
    if not np.array_equal(prepared.values, prepared.source_values, equal_nan=True):
        raise InvalidInputError(
            f"{prepared.what} is transformed, but Interval needs its values as numbers of events. Prepare it with "
            "transform_method 'none'."
        )
    values = np.nan_to_num(prepared.values)
    wrong = values[(values < 0) | (values != np.floor(values))]
    if len(wrong):
        raise InvalidInputError(
            f"{prepared.what} has {len(wrong)} values that are not numbers of events, such as {wrong[0]:g}. Expected the "
            "number of events at each time. Write 1 for an event, 2 for two at the same time."
        )
    return values.astype(np.int64)


def _gaps_before(prepared: Prepared) -> NDArray[np.int64]:
    """Number of gaps, dropped rows or rows without a value, before or at each row."""
    dropped = np.diff(prepared.position, prepend=prepared.position[0] - 1) != 1
    gaps: NDArray[np.int64] = np.cumsum(dropped) + np.cumsum(~np.isfinite(prepared.values))
    return gaps


def _ids(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The times of all events, each moved, if needed, to a nanosecond after the one before."""
    order = np.arange(len(times))
    moved: NDArray[np.int64] = np.maximum.accumulate(times - order) + order
    return moved
