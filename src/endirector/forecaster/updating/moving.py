"""Weights that move: the rows that came, with the forecasts of the members, for ensembles of the method `online`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from endirector.combination.kept import stored_combination
from endirector.forecaster.group import Group
from endirector.forecaster.results.contributed import ADJUSTED, KEPT, RECONCILED
from endirector.forecasting.later_rows import LaterRows, moved, moves
from endirector.methods.base import Floats
from enstorage import DataSnapshot, DataSource

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast


def with_later_rows(
    group: Group, forecast: "AutoForecast", rows: pl.DataFrame, sources: Mapping[str, DataSource]
) -> tuple[Group, list[str]]:
    """The group with the rows that came, where its weights move with time; else the group as it is.

    Args:
        group: of the forecast.
        forecast: the one before the rows came.
        rows: measured since: `series`, `time` (label), `truth`.
        sources: of the series, by key.

    Returns:
        The group, and a remark on the weights.
    """
    if group.ensemble is None or not moves(group.ensemble):
        return group, []
    met = rows.filter(pl.col("series").is_in(group.tier.keys))
    keys = met["series"].unique(maintain_order=True).to_list()
    if not keys:
        return group, []
    said = forecast.contributions(keys).join(met, on=["series", "time"], how="inner", maintain_order="left")
    by_members = said.filter(~pl.col("member").is_in([KEPT, RECONCILED, ADJUSTED]))
    names = by_members["member"].unique(maintain_order=True).to_list()
    wide = by_members.pivot("member", index=["series", "time", "step", "truth"], values="value").drop_nulls(names)
    if not wide.height:
        return group, []
    came = _later(wide, names, forecast.snapshots, sources)
    later = came if group.later is None else group.later.and_of(came)
    before = stored_combination(group.ensemble) if group.later is None else moved(group.ensemble, group.later)
    after = moved(group.ensemble, later)
    return replace(group, later=later), [_remark(names, before.weights, after.weights, len(came))]


def _later(
    wide: pl.DataFrame, names: list[str], snapshots: Mapping[str, DataSnapshot], sources: Mapping[str, DataSource]
) -> LaterRows:
    series, time, origin = [], [], []
    for key, step in wide.select("series", "step").rows():
        end = int(snapshots[key].read()[0][-1])
        series.append(sources[key].id)
        origin.append(end)
        time.append(int(sources[key].clock.after(end, step)[-1]))
    return LaterRows(
        np.array(series, np.int64),
        np.array(time, np.int64),
        np.array(origin, np.int64),
        wide["step"].cast(pl.Int32).to_numpy(),
        wide["truth"].to_numpy(),
        wide.select(names).to_numpy(),
    )


def _remark(names: list[str], before: Floats | None, after: Floats | None, rows: int) -> str:
    count = "1 new row" if rows == 1 else f"{rows} new rows"
    if before is None or after is None:
        return f"The weights of the members of each series moved by {count}."
    told = ", ".join(f"{name} {old:.2f} to {new:.2f}" for name, old, new in zip(names, before, after, strict=True))
    return f"The weights of the members moved by {count}: {told}."
