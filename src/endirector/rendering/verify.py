"""Verifying: a new rendering is compared with the stored one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.rendering.recompute import Different
from enstorage import Ensemble
from enstorage.entity.ensemble_result import EnsembleResult, ItemResult
from enstorage.errors import CorruptError
from enstorage.metrics.catalogue import OF_POINTS
from entrainer.forecasting.calibration.levels import Level, quantiles_of

_TOLERANCE = 1e-9
_SHOWN = 5
#: Metrics that earlier versions did not keep.
_LATER = set(OF_POINTS) - {"mse", "rmse", "mae"}
#: Of a result, written by `diagnose` and `calibrate` later, or about the rendering itself.
_NOT_RENDERED = {"version", "environment", "diagnosis", "intervals", "remarks"}


@dataclass(frozen=True, slots=True)
class Verification:
    """An ensemble whose rendering was repeated with the same result.

    Attributes:
        demanded: `equal bits`, on the machine and with the versions that it was rendered with; else `1e-9`.
        largest_difference: of all numbers, relative to their size or to 1; 0 for equal bits.
        numbers: number of values compared.
        different: forecasts of members that are not those of the object that they are stored beside.
        not_recomputed: why the object of a model did not forecast again, by the name of the model.
    """

    demanded: str
    largest_difference: float
    numbers: int
    different: tuple[Different, ...] = ()
    not_recomputed: Mapping[str, str] = field(default_factory=dict)


def compared(
    ensemble: Ensemble,
    kept: pl.DataFrame,
    table: pl.DataFrame,
    result: EnsembleResult,
    item_results: Mapping[int, ItemResult],
    forecasts: Mapping[float | None, pl.DataFrame],
) -> Verification:
    """Compare a new rendering of an ensemble with the stored one.

    Args:
        ensemble: whose `result` and items are compared.
        kept: its table.
        table: the new one.
        result: the new one.
        item_results: the new ones of its members, by the ids of their items.
        forecasts: the new ones by the level of the quantile; None for the point forecast.

    Raises:
        CorruptError: something differs.
    """
    stored = ensemble.rendered_result()
    # In a store where series have ids of another order rows are added up in another order.
    exact = stored.environment == result.environment and kept.select(KEY).equals(kept.select(KEY).sort(KEY))
    pairs = [
        *_columns(kept.sort(KEY), table.sort(KEY)),
        *_figures(ensemble, stored, result, item_results),
        *_forecasts(ensemble, stored, forecasts),
    ]
    distances = {name: _distance(one, other) for name, one, other in pairs}
    allowed = 0.0 if exact else _TOLERANCE
    wrong = [name for name, distance in distances.items() if distance > allowed]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        stale = ensemble.staleness()
        unchanged = (
            "Its members and their data are as they were. Run `enstorage check`, and compare versions of libraries."
        )
        why = f"Since it was rendered: {' '.join(stale)} Render it again." if stale else unchanged
        largest = max(distances[name] for name in wrong)
        by = f" by up to {largest:.3g} (relative)" if np.isfinite(largest) else ""  # as of hashes and shapes it is not
        raise CorruptError(
            f"{ensemble} does not come out again: {', '.join(wrong[:_SHOWN])}{more} differ{by}; "
            f"expected {'equal bits' if exact else 'at most 1e-9'}. {why}"
        )
    return Verification(
        "equal bits" if exact else "1e-9",
        max(distances.values(), default=0.0),
        sum(np.size(one) for _, one, _ in pairs),
    )


def _columns(kept: pl.DataFrame, table: pl.DataFrame) -> Iterator[tuple[str, Any, Any]]:
    """The columns of the tables: name, stored values, new values."""
    yield "the columns of the table", kept.columns, table.columns
    for name in kept.columns:
        if name in table.columns:
            yield f"the column {name}", kept[name].to_numpy(), table[name].to_numpy()


def _figures(
    ensemble: Ensemble, stored: EnsembleResult, result: EnsembleResult, item_results: Mapping[int, ItemResult]
) -> Iterator[tuple[str, Any, Any]]:
    """The figures of the results: name, stored value, new value; without those that an earlier version did not keep."""
    labels = ensemble.labels()
    if stored.not_measured is None:
        result = replace(result, not_measured=None)
    before, now = stored.to_json(labels.__getitem__), result.to_json(labels.__getitem__)
    now["metrics"] = _known_then(before["metrics"], now["metrics"])
    for name in now.keys() - _NOT_RENDERED:
        if name != "fit" or stored.fit is not None:
            yield from _leaves(name, before[name], now[name])
    for item in ensemble.items():
        kept, own = item.rendered_result(), item_results[item.id]
        yield f"whether {labels[item.id]} takes part", kept.dropped is None, own.dropped is None
        one = replace(kept, leave_one_out=None, dropped=None, signs=None).to_json()
        then = {"inputs": _of_then(kept, own), "errors": _known_then(kept.errors, own.errors)}
        other = replace(own, dropped=None, signs=None, **then).to_json()
        for name in one.keys() | other.keys():
            yield from _leaves(f"{name} of {labels[item.id]}", one.get(name), other.get(name))


def _known_then(kept: Any, own: Any) -> Any:
    """The metrics now of those names that the stored result, which may be of an earlier version, has too."""
    if not isinstance(kept, Mapping) or not isinstance(own, Mapping):
        return own
    return {
        name: _known_then(kept.get(name), value) for name, value in own.items() if name not in _LATER or name in kept
    }


def _of_then(kept: ItemResult, own: ItemResult) -> Mapping[str, Any] | None:
    """The inputs now of which the stored result, which may be of an earlier version, knows."""
    if kept.inputs is None or own.inputs is None:
        return None if kept.inputs is None else own.inputs
    return {name: value for name, value in own.inputs.items() if name in kept.inputs}


def _forecasts(
    ensemble: Ensemble, stored: EnsembleResult, forecasts: Mapping[float | None, pl.DataFrame]
) -> Iterator[tuple[str, Any, Any]]:
    kept = ensemble.forecasts()
    # Intervals are calibrated later, and stand in place of what members say of the same quantiles.
    later = quantiles_of(Level(each["level"], each["side"]) for each in stored.intervals or ())
    for level, rows in forecasts.items():
        if level is None or round(level, 12) not in later:
            name = "the point forecast" if level is None else f"the quantile {level:g}"
            own = kept.filter(pl.col("quantile").eq_missing(pl.lit(level, dtype=pl.Float64))).sort(KEY)
            yield name, own["value"].to_numpy(), rows.sort(KEY)["value"].to_numpy()


def _leaves(name: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """The values inside of mappings, with dotted names."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from _leaves(f"{name}.{key}", one.get(key), other.get(key))
    else:
        yield name, one, other


def _distance(one: Any, other: Any) -> float:
    """Relative difference of two values, by their size or by 1; 0 for equal bits, infinity if one is no number."""
    try:
        first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    except (TypeError, ValueError):
        return 0.0 if one == other else float("inf")
    if first.shape != second.shape:
        return float("inf")
    if first.tobytes() == second.tobytes():
        return 0.0
    if not np.array_equal(np.isnan(first), np.isnan(second)):
        return float("inf")
    apart = np.abs(first - second) / np.maximum(1.0, np.abs(first))
    # Bits may differ where numbers do not: 0.0 and -0.0.
    return max(float(np.nanmax(apart, initial=0.0)), np.finfo(np.float64).tiny)
