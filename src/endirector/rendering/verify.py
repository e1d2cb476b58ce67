"""Whether what was rendered comes out again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.rendering.environment import surroundings
from enstorage import Ensemble
from enstorage.errors import CorruptError
from entrainer.forecasting.conformal import quantiles_of

_TOLERANCE = 1e-9
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Verification:
    """An ensemble that came out again.

    Attributes:
        demanded: `equal bits`, on the machine and with the versions that it was rendered with; else `1e-9`.
        largest_difference: of all numbers, relative to their size or to 1; 0 for equal bits.
        numbers: how many were compared.
    """

    demanded: str
    largest_difference: float
    numbers: int


def compared(
    ensemble: Ensemble,
    kept: pl.DataFrame,
    table: pl.DataFrame,
    result: Mapping[str, Any],
    properties: Sequence[Mapping[str, Any]],
    forecasts: Mapping[float | None, pl.DataFrame],
) -> Verification:
    """Compare what an ensemble keeps with what was rendered just now.

    Args:
        ensemble: whose `result` and items are compared.
        kept: its table.
        table: the new one.
        result: the new one.
        properties: the new ones of its members.
        forecasts: the new ones by the level of the quantile; None for the point forecast.

    Raises:
        CorruptError: something differs.
    """
    assert ensemble.result is not None  # noqa: S101 - its table was read
    exact = ensemble.result.get("surroundings") == surroundings()
    pairs = [*_pairs(ensemble, kept, table, result, properties), *_forecasts(ensemble, forecasts)]
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


def _pairs(
    ensemble: Ensemble,
    kept: pl.DataFrame,
    table: pl.DataFrame,
    result: Mapping[str, Any],
    properties: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, Any, Any]]:
    """Everything that is compared, by name: what was kept, and what is now."""
    yield "the columns of the table", kept.columns, table.columns
    for name in kept.columns:
        if name in table.columns:
            yield f"the column {name}", kept[name].to_numpy(), table[name].to_numpy()
    stored: Mapping[str, Any] = ensemble.result or {}
    for name in result.keys() - {"surroundings"}:
        yield from _leaves(name, stored.get(name), result[name])
    for item, own in zip(ensemble.items(), properties, strict=True):
        for name in own.keys() | item.properties.keys() - {"leave_one_out"}:  # of `diagnose`, not of `render`
            yield from _leaves(f"{name} of {item.member.name}", item.properties.get(name), own.get(name))


def _forecasts(ensemble: Ensemble, forecasts: Mapping[float | None, pl.DataFrame]) -> Iterator[tuple[str, Any, Any]]:
    kept = ensemble.forecasts()
    # Intervals are calibrated later, and stand in place of what members say of the same quantiles.
    intervals = (ensemble.result or {}).get("intervals", ())
    later = {quantile for each in intervals for quantile in quantiles_of(each["level"])}
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
    """How far apart two values are, relative to their size or to 1; 0 where no bit differs, infinity where no number."""
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
