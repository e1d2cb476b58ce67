"""Following: step after step a method sees what it said of the steps before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Floats, Rows
from entrainer.forecasting.history import Known

Steps = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a method sees before a target besides the members' forecasts.

    Attributes:
        known: the rows of the series.
        lag: how many prepared values.
        offset: how far past them the first target lies.
        own_horizon: how many steps are forecast from one window.
    """

    known: Known
    lag: int
    offset: int
    own_horizon: int


def follow(
    combination: Combination, forecasts: Floats, step: Steps, sight: Sight | None, rows: int | None = None
) -> Floats:
    """What the method makes of its members' forecasts, (horizon, members) → (horizon,), where it sees its own before them.

    Args:
        combination: the fitted method.
        forecasts: of the members.
        step: as which step each is combined.
        sight: what else it sees.
        rows: how many rows of that are known; by default all.

    Returns:
        NaN where it should see a value that is not there.
    """
    if sight is None:
        return combination.predict(Rows(forecasts, step))
    path = sight.known.cleaned[:rows]
    first, value = len(path), np.full(len(forecasts), np.nan)
    for done in range(len(forecasts)):
        # The window ends where those of the members do, as when the ensemble was fitted, see `windows_before`.
        end = first + done - sight.offset - done % sight.own_horizon + 1
        window = sight.known.transform.apply(path)[max(0, end - sight.lag) : end]
        if len(window) == sight.lag and np.isfinite(window).all():
            told = Rows(forecasts[done : done + 1], step[done : done + 1], window[np.newaxis])
            value[done] = combination.predict(told)[0]
        path = np.append(path, value[done])
    return value
