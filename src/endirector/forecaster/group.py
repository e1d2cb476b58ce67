"""`Group`: series that are forecast by one ensemble; `ForecastRequest`: the wishes of the caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from endirector.forecaster.live import Watch
from endirector.forecaster.plan import Tier
from endirector.forecasting.later_rows import LaterRows
from endirector.selection.form import Choice
from enstorage import Ensemble, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest:
    """The wishes of the caller.

    Attributes:
        metric: of `form`.
        levels: of the intervals.
        seed: of everything that is drawn.
        by: the tag of the data sources by which weights may differ; None for none.
        form: of the table, the options of `Panel.write` with which further rows are read.
        watch: receives the leaderboard whenever a member is finished; None for nobody.
        methods: that are tried to combine the members; () for the usual ones.
    """

    metric: str
    levels: tuple[float, ...]
    seed: int
    by: str | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    watch: Watch | None = None
    methods: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Series that were forecast by one ensemble.

    Attributes:
        tier: their keys and plan.
        project: with their models; None for series that are too short for a model.
        ensemble: that forecast them; None for series that are too short for a model.
        table: as `AutoForecast.table`.
        remarks: one sentence each.
        seconds: that each member took to be trained and judged, by name.
        later: rows that came since, by which its weights moved; None for none, or where weights stay.
    """

    tier: Tier
    project: Project | None
    ensemble: Ensemble | None
    table: pl.DataFrame
    remarks: tuple[str, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)
    later: LaterRows | None = None
