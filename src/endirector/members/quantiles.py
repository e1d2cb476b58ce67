"""Forecasts of the quantiles that all members have for their common targets."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment.align import KEY
from endirector.members.member import Member
from enstorage import Forecast
from enstorage.entity.forecast import OUT_OF_FOLD

Floats = NDArray[np.float64]


def common_quantiles(members: Sequence[Member], keys: pl.DataFrame, *, out_of_fold: bool) -> dict[float, Floats]:
    """The members' forecasts of quantiles by level, ascending; only levels that each member has for every target.

    Args:
        members: in the order of the columns.
        keys: of the targets, columns `series`, `id`, `step`.
        out_of_fold: take out-of-fold forecasts instead of those of the parts.

    Returns:
        By level the forecasts, shape (rows, members), in the units of the source.
    """
    found: dict[float, list[Floats]] = {}
    for place, member in enumerate(members):
        own = _of(member, keys, out_of_fold=out_of_fold)
        found = {
            level: [*found.get(level, []), values] for level, values in own.items() if place == 0 or level in found
        }
    return {level: np.column_stack(columns) for level, columns in sorted(found.items())}


def _of(member: Member, keys: pl.DataFrame, *, out_of_fold: bool) -> dict[float, Floats]:
    tables = [
        kept.table().filter(pl.col("quantile").is_not_null())
        for kept in Forecast.of(member.entity)
        if (kept.part == OUT_OF_FOLD) == out_of_fold
    ]
    rows = pl.concat(tables) if tables else pl.DataFrame(schema={"quantile": pl.Float64})
    found = {}
    for level in sorted(rows["quantile"].unique().to_list()):
        own = rows.filter(pl.col("quantile") == level).select(*KEY, "value")
        values = keys.join(own, on=KEY, how="left", maintain_order="left")["value"]
        if values.null_count() == 0:
            found[level] = values.to_numpy()
    return found
