"""Conflicts of a forecast with the data: too few values for its horizon, an error that is out of reach."""

import numpy as np
from numpy.typing import NDArray

from endirector.forecaster.plan import tiers_of
from enorchestrator.intent.behaviour import Values
from enorchestrator.intent.clauses import ErrorLimit
from enorchestrator.intent.plan import Conflict, IntentPlan

#: An ensemble rarely has less than this share of the error of the best simple forecast.
_LEAST_SHARE = 0.2


def check_length(plan: IntentPlan, values: Values, steps: int) -> None:
    """A conflict, where no forecast of so many steps can be judged."""
    longest = max(map(len, values.values()))
    if plan.profile["origins"]:
        return
    most = next((each for each in range(min(steps - 1, longest), 0, -1) if _has_origins(values, each)), 0)
    further = (f"Say {most} {'steps' if most > 1 else 'step'} ahead.",) if most else ()
    plan.conflicts.append(
        Conflict(
            f"No forecast of {steps} steps can be judged, or given an interval, on {longest} values.",
            (*further, "Import a longer history."),
        )
    )


def _has_origins(values: Values, steps: int) -> bool:
    return any(tier.plan.origins for tier in tiers_of(values, steps, 1))


def check_limit(plan: IntentPlan, values: Values, steps: int, limit: ErrorLimit) -> None:
    """A conflict, where the limit is far below the error of simple forecasts of the last values."""
    name = limit.metric.upper()
    if limit.at_most <= 0:
        fact = f"No error is below {limit.at_most:g}."
    else:
        simple = _simple_error(values, steps, plan.profile["season"], limit.metric)
        if simple is None or limit.at_most >= _LEAST_SHARE * simple:
            if simple is not None:
                plan.remarks.append(
                    f"The best simple forecast has {limit.metric.upper()} {simple:.4g} on the same steps."
                )
            return
        fact = (
            f"{name} below {limit.at_most:g} is less than a fifth of {simple:.4g}, the error of the best simple forecast "
            f"{steps} steps ahead."
        )
        relaxed = f"Say {name} below {float(f'{simple:.2g}'):g}."
        plan.conflicts.append(Conflict(fact, (relaxed, "Say a shorter horizon.", "Leave the error out.")))
        return
    plan.conflicts.append(Conflict(fact, ("Say a positive number.", "Leave the error out.")))


def _simple_error(values: Values, steps: int, season: int, metric: str) -> float | None:
    """The smaller error of the last value and the last season, from all origins of the last third."""
    if metric in ("mase", "rmsse"):
        return None  # scaled by such an error themselves
    best: list[float] = []
    for lag in {1, season}:
        errors = [_error_of_lag(each, steps, lag, metric) for each in values.values()]
        known = np.concatenate(errors) if errors else np.empty(0)
        if known.size:
            mean = float(np.mean(known))
            best.append(float(np.sqrt(mean)) if metric == "rmse" else mean)
    return min(best, default=None)


def _error_of_lag(values: NDArray[np.float64], steps: int, lag: int, metric: str) -> NDArray[np.float64]:
    found = []
    for origin in range(max(2 * len(values) // 3, lag), len(values)):
        ahead = np.arange(1, steps + 1)
        target = origin + ahead - 1
        target, ahead = target[target < len(values)], ahead[target < len(values)]
        forecast = values[origin - lag + (ahead - 1) % lag]
        truth = values[target]
        with np.errstate(divide="ignore", invalid="ignore"):
            error = {
                "mse": (forecast - truth) ** 2,
                "rmse": (forecast - truth) ** 2,
                "mae": np.abs(forecast - truth),
                "mape": np.abs((forecast - truth) / truth),
                "smape": 2 * np.abs(forecast - truth) / (np.abs(forecast) + np.abs(truth)),
            }[metric]
        found.append(error[np.isfinite(error)])
    return np.concatenate(found) if found else np.empty(0)
