"""The result of `autoforecast` as JSON: for pages and other programs."""

from collections.abc import Collection, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

import polars as pl

from endirector.forecaster.group import Group
from endirector.forecaster.results.contributed import as_lists
from endirector.selection.form import method_in_words
from enstorage import DataSnapshot, DataSource
from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast


def as_json(
    forecast: "AutoForecast", keys: Collection[str] | None, tail: int, *, contributions: bool
) -> dict[str, Any]:
    """See `AutoForecast.to_json`."""
    sources = forecast.panel.sources()
    unknown = [key for key in keys or () if key not in sources]
    if unknown:
        raise NotFoundError(
            f"There is no series {unknown[0]!r}; known are {', '.join(map(repr, [*sources][:8]))}. Take keys of these."
        )
    errors = {row["series"]: row for row in forecast.errors.iter_rows(named=True)}
    added = forecast.contributions(keys).partition_by("series", as_dict=True) if contributions else {}
    by_covariates = forecast.covariate_contributions(keys).partition_by("series", as_dict=True) if contributions else {}
    tables = forecast.table.partition_by("series", as_dict=True)
    group_of = {key: place for place, group in enumerate(forecast.groups) for key in group.tier.keys}
    wanted = [key for key in sources if key in group_of and (keys is None or key in keys)]
    return {
        "panel": forecast.panel.id,
        "name": forecast.panel.name,
        "metric": forecast.request.metric,
        "levels": list(forecast.request.levels),
        "remarks": list(forecast.remarks),
        "groups": [_group(group) for group in forecast.groups],
        "leaderboard": [_finite(row) for row in forecast.leaderboard.iter_rows(named=True)],
        "series": [
            {
                "key": key,
                "group": group_of[key],
                "source": sources[key].id,
                "unit": sources[key].unit or "",
                "time_interval": sources[key].time_interval,
                "history": _history(forecast.snapshots[key], sources[key], tail),
                "forecast": [*_steps(tables[(key,)])],
                "errors": _finite({name: each for name, each in errors.get(key, {}).items() if name != "series"}),
                **({"contributions": as_lists(added[(key,)], "member")} if contributions else {}),
                **(
                    {"covariate_contributions": as_lists(by_covariates[(key,)], "member", "covariate")}
                    if (key,) in by_covariates
                    else {}
                ),
            }
            for key in wanted
        ],
    }


def _group(group: Group) -> dict[str, Any]:
    found = {
        "name": group.tier.name,
        "series": len(group.tier.keys),
        "season": group.tier.plan.season,
        "horizon": group.tier.plan.horizon,
        "origins": group.tier.plan.origins,
        "project": None if group.project is None else group.project.id,
        "remarks": list(group.remarks),
    }
    ensemble = group.ensemble
    if ensemble is None:
        return found | {"ensemble": None}
    search = ensemble.search()
    leaderboard = [
        _finite(
            {
                "method": method_in_words(trial.method, trial.metamodel, trial.parameters or {}),
                "members": [search.candidates[place].name for place in trial.members],
                "error": trial.error,
                "standard_error": trial.standard_error,
                "selected": place == search.selected,
            }
        )
        for place, trial in enumerate(search.trials)
    ]
    own = {"id": ensemble.id, "name": ensemble.name, "metric": search.metric}
    mark = {"mark": ensemble.mark(), "claims": ensemble.claims()}
    return found | {"ensemble": own | mark | {"leaderboard": leaderboard}}


def _history(snapshot: DataSnapshot, source: DataSource, tail: int) -> list[dict[str, Any]]:
    times, values = snapshot.read()
    last = zip(times[-tail:].tolist(), values[-tail:].tolist(), strict=True) if tail else ()
    return [_finite({"time": source.label(time), "value": value}) for time, value in last]


def _steps(table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """A mapping for each step, with the quantiles by their levels."""
    for (step, time), rows in table.group_by("step", "time", maintain_order=True):
        by_level = dict(rows.select("quantile", "value").rows())
        quantiles = {f"{level:g}": value for level, value in by_level.items() if level is not None}
        yield {"step": step, "time": time, "value": by_level[None], "quantiles": quantiles}


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """The same with null for numbers that JSON does not have."""
    return {name: None if isinstance(each, float) and not isfinite(each) else each for name, each in row.items()}
