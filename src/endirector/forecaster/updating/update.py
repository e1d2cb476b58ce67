"""New rows for a forecast: stored, met with the former forecasts, and forecast from by the same fitted members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from endirector.forecaster.group import ForecastRequest, Group
from endirector.forecaster.hierarchy.sums import write_sums
from endirector.forecaster.plan import is_huge, remark_on_huge, tiers_of
from endirector.forecaster.run import SCHEMA, ensemble_forecasts, last_values
from endirector.forecaster.understanding.reading import cells_of
from endirector.forecaster.updating.arrived import arrived_rows, judged, remarks_on, scales_of, with_drift
from endirector.forecaster.updating.moving import with_later_rows
from enstorage import DataSnapshot, Panel
from enstorage.progress import Listener

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast

#: Remarks show so many sentences of `Ensemble.staleness`; the others are counted.
_MOST_STALE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """Forecasts from a new end.

    Attributes:
        groups: with new tables, the same ensembles.
        snapshots: that they were forecast from, by key.
        arrived: a row for each series, see `AutoForecast.arrived`.
        remarks: one sentence each.
    """

    groups: Sequence[Group]
    snapshots: Mapping[str, DataSnapshot]
    arrived: pl.DataFrame
    remarks: Sequence[str]


def updated(forecast: "AutoForecast", table: Any, report: Listener) -> Updated:
    """Store new rows and forecast from the new end; nothing is trained.

    Args:
        forecast: the one so far.
        table: with the new rows.
        report: receives the progress.

    Raises:
        NotFoundError: a key is none of the panel; nothing was written then.
        InvalidInputError: the table cannot be read; nothing was written then.
    """
    report("Reading the table", 0, 100)
    panel, groups, request, snapshots = forecast.panel, forecast.groups, forecast.request, forecast.snapshots
    cells = cells_of(table, forecast.covariates.form.told)
    covariates, missing = forecast.covariates.read(cells)
    left = [name for name in request.form.get("leave_out", ()) if name in cells.frame.columns]
    panel.write(cells, **{**request.form, "leave_out": left})
    forecast.covariates.write(covariates)
    if forecast.hierarchy is not None:
        write_sums(panel, forecast.hierarchy)
    sources = panel.sources()
    newer = dict(zip(sources, panel.create_snapshots(), strict=True))
    newer = {key: newer[key] for key in snapshots}
    rows, counts = arrived_rows(sources, snapshots, newer)
    figures = with_drift(judged(forecast.table, rows, scales_of(groups, snapshots), request.levels))
    arrived = counts.join(figures, on="series", how="left", maintain_order="left")
    for key in arrived.filter(pl.col("corrected_rows") > 0)["series"]:
        sources[key].check_snapshots()
    ends = [10 + 90 * place // len(groups) for place in range(len(groups) + 1)]
    moving = [with_later_rows(group, forecast, rows, sources) for group in groups]
    found = [
        _group(group, panel, newer, request, report.within(start, end, 100))
        for (group, _), start, end in zip(moving, ends, ends[1:], strict=False)
    ]
    remarks = [
        *missing,
        *remarks_on(arrived, request.levels),
        *(remark for _, told in moving for remark in told),
        *_stale(groups),
        *(remark for group in found for remark in group.remarks),
    ]
    return Updated(groups=found, snapshots=newer, arrived=arrived, remarks=tuple(dict.fromkeys(remarks)))


def _group(
    group: Group, panel: Panel, newer: Mapping[str, DataSnapshot], request: ForecastRequest, report: Listener
) -> Group:
    tier = group.tier
    if group.ensemble is None:
        return replace(
            group, table=last_values(tier, panel, newer), remarks=(*tier.plan.remarks, *_grown(group, newer))
        )
    huge = tuple(key for key in tier.keys if is_huge(newer[key].read()[1]))
    asked = [newer[key] for key in tier.keys if key not in set(huge)]
    table: pl.DataFrame = SCHEMA.to_frame()
    notes: list[str] = []
    if asked:
        table, notes = ensemble_forecasts(tier, panel, group.ensemble, request, asked, report, group.later)
    if huge:
        table = pl.concat([table, last_values(replace(tier, keys=huge), panel, newer)])
        notes = [*notes, remark_on_huge(huge)]
    return replace(group, table=table, remarks=tuple(notes))


def _grown(group: Group, newer: Mapping[str, DataSnapshot]) -> list[str]:
    """A remark on series that have become long enough for a model."""
    values = {key: newer[key].read()[1] for key in group.tier.keys}
    plan = group.tier.plan
    grown = sum(len(tier.keys) for tier in tiers_of(values, plan.horizon, plan.season) if tier.plan.members)
    if not grown:
        return []
    count = "1 of them is" if grown == 1 else f"{grown} of them are"
    return [f"{count} long enough for a model now; a new autoforecast trains some."]


def _stale(groups: Sequence[Group]) -> list[str]:
    found = [each for group in groups if group.ensemble is not None for each in group.ensemble.staleness()]
    more = len(found) - _MOST_STALE
    shown = [f"Stale: {each}" for each in dict.fromkeys(found[:_MOST_STALE])]
    return shown + ([f"Stale: {more} more; see ensemble.staleness()."] if more > 0 else [])
