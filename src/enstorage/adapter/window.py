"""`Window`: the last values predict the next ones."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter
from enstorage.adapter.samples import NoSamplesError, Prepared, Samples, as_slice
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size


@dataclass(frozen=True, slots=True)
class Window(Adapter):
    """X = x[t−lag+1 … t], oldest first; y_k = x[t+offset+k−1] for k = 1 … horizon; id = time of the first target.

    X has shape (samples, lag); y has shape (samples,) for horizon 1, else (samples, horizon); both float64.

    Args:
        lag: number of values that the model sees.
        offset: distance of the first target from the end of the window; 1 is the next value.
        horizon: number of predicted values.
        step: keeps the targets whose position in the series is a multiple of it, so that sets of different lag still
            share ids.
        last: keeps the targets among so many last rows of the series, and counts `step` back from the last whole sample,
            so that series of different lengths with the same end share ids; None: all targets.

    A window that spans a dropped or undefined row, or whose targets lie in two parts, is not built and is counted as
    lost. X and y are views of the prepared values if the samples are equally spaced.
    """

    name: ClassVar[str] = "window"

    lag: int
    offset: int = 1
    horizon: int = 1
    step: int = 1
    last: int | None = None

    def __post_init__(self) -> None:
        for parameter in ("lag", "offset", "horizon", "step", *(() if self.last is None else ("last",))):
            check_size(self, parameter)

    def to_json(self) -> dict[str, Any]:
        """See `Described.to_json`; without `last` where it is None, as recipes were before it."""
        found = super(Window, self).to_json()
        return {key: value for key, value in found.items() if (key, value) != ("last", None)}

    def samples(self, prepared: Prepared) -> Samples:
        """See `Adapter.samples`."""
        self._check(prepared)
        ahead = self.offset + self.horizon - 1
        origin = np.arange(self.lag - 1, len(prepared.values) - ahead)
        target = origin + self.offset
        on_step = self._on_step(prepared, prepared.position[target[0] : target[-1] + 1])
        if not on_step.any():
            where = f"at a multiple of {self.step}" if self.last is None else f"among its last {self.last} rows"
            raise NoSamplesError(
                f"{prepared.what} has no target {where} that a window of lag {self.lag} reaches. "
                "Take a smaller step or a longer snapshot."
            )
        whole = self._spans_no_gap(prepared, len(origin))
        one_part = self._targets_in_one_part(prepared, target)
        built = np.flatnonzero(on_step & whole & one_part)
        if not len(built):
            raise NoSamplesError(
                f"{prepared.what} gives no window: every span of {self.lag + ahead} rows (lag {self.lag}, offset "
                f"{self.offset}, horizon {self.horizon}) has a dropped row, or targets in two parts. Clean the snapshot by "
                "another method, or shorten the window."
            )
        chosen = as_slice(built)
        targets = sliding_window_view(prepared.values, self.horizon)[target[0] :][chosen]
        return Samples(
            id=prepared.times[target[0] :][chosen],
            X=sliding_window_view(prepared.values, self.lag)[chosen],
            y=targets[:, 0] if self.horizon == 1 else targets,
            part=prepared.part[target[0] :][chosen],
            origin=origin[chosen],
            target=target[chosen],
            lost={
                "spans a dropped row": int((on_step & ~whole).sum()),
                "targets in two parts": int((on_step & whole & ~one_part).sum()),
            },
        )

    def _check(self, prepared: Prepared) -> None:
        needed = self.lag + self.offset + self.horizon - 1
        if len(prepared.values) < needed:
            raise NoSamplesError(
                f"{prepared.what} has {len(prepared.values)} rows; a window needs {needed} (lag {self.lag}, offset "
                f"{self.offset}, horizon {self.horizon}). Take a longer snapshot or shorten the window."
            )
        if prepared.needs_history and self.offset != 1:
            raise InvalidInputError(
                f"{prepared.what} is differenced, so its forecasts are summed from the last known value and need "
                f"offset 1; received offset {self.offset}. Use offset 1 with a longer horizon, or a transform without "
                "difference."
            )

    def _on_step(self, prepared: Prepared, position: NDArray[np.int64]) -> NDArray[np.bool_]:
        if self.last is None:
            return np.ones(len(position), np.bool_) if self.step == 1 else np.asarray(position % self.step == 0)
        end = int(prepared.position[-1]) + 1 if prepared.end is None else prepared.end
        from_end = end - position  # 1 for the last row
        return np.asarray((from_end <= self.last) & ((from_end - self.horizon) % self.step == 0))

    def _spans_no_gap(self, prepared: Prepared, count: int) -> NDArray[np.bool_]:
        """True for each span, from the first value of a window to its last target, that has all its rows and values."""
        rows = len(prepared.values)
        span = rows - count + 1
        undefined = np.zeros(rows + 1, np.int64)
        np.cumsum(~np.isfinite(prepared.values), out=undefined[1:])
        contiguous = prepared.position[span - 1 :] - prepared.position[:count] == span - 1
        return np.asarray(contiguous & (undefined[span:] == undefined[:count]))

    def _targets_in_one_part(self, prepared: Prepared, target: NDArray[np.int64]) -> NDArray[np.bool_]:
        parts = sliding_window_view(prepared.part, self.horizon)[target[0] : target[-1] + 1]
        return np.asarray((parts == parts[:, :1]).all(axis=1))
