"""Recursive forecasting: forecasts of earlier steps are inputs of later steps."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import Model
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.forecasting.covariates.beside import Beside

Floats = NDArray[np.float64]


def run_ahead(
    output_of: Callable[[Floats], Floats],
    past: Floats,
    window: Window,
    horizon: int,
    quantiles: Sequence[float] = (),
    beside: Beside | None = None,
) -> tuple[Floats, dict[float, Floats]]:
    """Forecasts for the steps 1 … horizon after the last known value, in the prepared scale.

    A window that ends at row t gives the rows t + offset … t + offset + h − 1, h being the horizon of the model. So rows are
    forecast in blocks of h, and the block from row n on is given by the window that ends at row n − offset. Where that lies
    past the known rows, the window has forecasts of earlier blocks in their place.

    Args:
        output_of: from windows to the model's output, (rows, lag) or (rows, lag, series) → (rows, …), a number for each
            step of its horizon; with quantiles as many for each step, those of the first step first.
        past: the last known values, oldest first, shape (origins, at least lag + offset − 1).
        window: the window of the model.
        horizon: how many steps.
        quantiles: levels that the model was trained for, ascending, among them 0.5, which is the point forecast.
        beside: for a model that sees other series too, and one origin, these from the first of the values on.

    Returns:
        Point forecasts (origins, horizon), and for each level those of its quantile (origins, steps): of as many steps as
        are given by windows without forecasts. A model's quantiles are valid only for windows of known values.

    Raises:
        InvalidInputError: the model gives another number of values.
    """
    levels = tuple(quantiles) or (0.5,)
    rows = past[:, past.shape[1] - (window.lag + window.offset - 1) :]
    direct: list[Floats] = []
    for done in range(0, horizon, window.horizon):
        seen = rows[:, done : done + window.lag]
        output = np.asarray(output_of(seen if beside is None else beside.windows(seen, done)), dtype=np.float64)
        if output.shape[:1] != (len(seen),) or output.size != len(seen) * window.horizon * len(levels):
            raise InvalidInputError(
                f"The model gives an output of shape {output.shape} for {len(seen)} windows; expected {window.horizon} "
                "values for each, as its data set has targets. Give the model the data set that it was trained on."
            )
        ascending = np.sort(output.reshape(len(seen), window.horizon, len(levels)), axis=-1)
        rows = np.hstack([rows, ascending[..., levels.index(0.5)]])
        if done < window.offset:
            direct.append(ascending)
    points = rows[:, window.lag + window.offset - 1 :][:, :horizon]
    if not quantiles:
        return points, {}
    found = np.concatenate(direct, axis=1)[:, :horizon]
    return points, {level: found[..., number] for number, level in enumerate(levels)}


def direct_steps(horizon: int, own_horizon: int, offset: int = 1) -> dict[int, int]:
    """The steps 1 … horizon that are forecast from known values only, and their step in the model's own horizon.

    Only these are as good as the forecasts that the model makes of its samples.
    """
    own = {step: divmod(step - 1, own_horizon) for step in range(1, horizon + 1)}
    return {step: place + 1 for step, (block, place) in own.items() if block * own_horizon < offset}


def judged_steps(model: Model, own_horizon: int) -> int:
    """The number of steps of which a model may have out-of-fold forecasts: those of its horizon, or more by `backtest`."""
    fact: Any = model.meta("backtest", default={})
    return max(own_horizon, (fact.get("horizon") if isinstance(fact, dict) else None) or 0)
