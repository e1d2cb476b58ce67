"""Contributions of the members to each step of a forecast of a table."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import polars as pl

from endirector.forecasting.contributions import contributions, parts_of_covariates
from endirector.forecasting.later_rows import moved
from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast

CONTRIBUTED = pl.Schema(
    {
        "series": pl.String,
        "time": pl.String,
        "step": pl.Int32,
        "member": pl.String,
        "value": pl.Float64,
        "weight": pl.Float64,
        "contribution": pl.Float64,
    }
)
#: The same of covariates, each as a member sees it.
OF_COVARIATES = pl.Schema([*CONTRIBUTED.items(), ("covariate", pl.String)])
#: Names of rows that are no member: the last value of a series without a model, and what was done to a combined forecast.
KEPT, RECONCILED, ADJUSTED = "last value", "reconciliation", "judgement"
#: Relative differences below this are those of sums in another order.
_SAME = 1e-9


def contributed(forecast: "AutoForecast", keys: Collection[str] | None) -> pl.DataFrame:
    """See `AutoForecast.contributions`."""
    sources, chosen = forecast.panel.sources(), _chosen(forecast, keys)
    points = forecast.table.filter(pl.col("quantile").is_null(), pl.col("series").is_in(chosen)).drop("quantile")
    tables = [CONTRIBUTED.to_frame()]
    for group in forecast.groups:
        own = [key for key in group.tier.keys if key in chosen]
        if not own:
            continue
        said = points.filter(pl.col("series").is_in(own))
        modelled = said.clear() if group.ensemble is None else said
        if group.ensemble is not None:
            by = None if group.later is None else moved(group.ensemble, group.later)
            snapshots = [forecast.snapshots[key] for key in own]
            found = contributions(
                group.ensemble, group.tier.plan.horizon, series=snapshots, combination=by, progress=False
            )
            keyed = forecast.panel.with_keys(found).drop("series", "id").rename({"key": "series"})
            modelled = said.select("series", "time", "step").join(keyed, on=["series", "step"], how="inner")
            tables.append(modelled.select(CONTRIBUTED.names()).cast(CONTRIBUTED))
        rest = said.join(modelled.select("series").unique(), on="series", how="anti")
        one = [pl.lit(KEPT).alias("member"), pl.lit(1.0).alias("weight"), pl.col("value").alias("contribution")]
        tables.append(rest.with_columns(one).select(CONTRIBUTED.names()).cast(CONTRIBUTED))
    found = pl.concat(tables)
    order = pl.DataFrame({"series": [*sources]}).with_row_index("place")
    done = pl.concat([found, _afterwards(forecast, found, points)])
    joined = done.join(order, on="series", how="left", maintain_order="left")
    return joined.sort("place", "step", maintain_order=True).drop("place")


def contributed_by_covariates(forecast: "AutoForecast", keys: Collection[str] | None) -> pl.DataFrame:
    """See `AutoForecast.covariate_contributions`."""
    chosen = _chosen(forecast, keys)
    times = forecast.table.filter(pl.col("quantile").is_null()).select("series", "time", "step")
    tables = [OF_COVARIATES.to_frame()]
    for group in forecast.groups:
        own = [key for key in group.tier.keys if key in chosen]
        if group.ensemble is None or not own or not forecast.covariates.panels:
            continue
        by = None if group.later is None else moved(group.ensemble, group.later)
        snapshots = [forecast.snapshots[key] for key in own]
        found = parts_of_covariates(group.ensemble, group.tier.plan.horizon, series=snapshots, combination=by)
        keyed = forecast.panel.with_keys(found).drop("series", "id").rename({"key": "series"})
        joined = times.join(keyed, on=["series", "step"], how="inner", maintain_order="left")
        tables.append(joined.select(OF_COVARIATES.names()).cast(OF_COVARIATES))
    return pl.concat(tables)


def _chosen(forecast: "AutoForecast", keys: Collection[str] | None) -> set[str]:
    """The keys of the series that are asked for.

    Raises:
        NotFoundError: one is none of the panel.
    """
    sources = forecast.panel.sources()
    unknown = [key for key in keys or () if key not in sources]
    if unknown:
        raise NotFoundError(
            f"There is no series {unknown[0]!r}; known are {', '.join(map(repr, [*sources][:8]))}. Take keys of these."
        )
    return set(sources if keys is None else keys)


def _afterwards(forecast: "AutoForecast", found: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Changes of the combined forecasts, which then differ from the sums of the contributions."""
    if forecast.adjusted is None and forecast.hierarchy is None:
        return found.clear()
    known = pl.col("contribution").is_not_null().all().alias("known")
    sums = found.group_by("series", "step").agg(pl.col("contribution").sum(), known).filter("known")
    rows = points.join(sums.drop("known"), on=["series", "step"], how="inner", maintain_order="left")
    change = pl.col("value") - pl.col("contribution")
    moved = rows.filter(change.abs() > _SAME * pl.col("value").abs()).with_columns(change.alias("contribution"))
    name = ADJUSTED if forecast.adjusted is not None else RECONCILED
    none = pl.lit(None, pl.Float64)
    table = moved.with_columns(pl.lit(name).alias("member"), none.alias("weight"), none.alias("value"))
    return table.select(CONTRIBUTED.names()).cast(CONTRIBUTED)


def as_lists(table: pl.DataFrame, *of: str) -> list[dict[str, Any]]:
    """The contributions of one series as JSON: for each member, say, its values, weights and contributions by step."""
    found = []
    for names, own in table.group_by(of, maintain_order=True):
        columns = {name: own[name].to_list() for name in ("step", "value", "weight", "contribution")}
        found.append({**dict(zip(of, names, strict=True)), **columns})
    return found
