"""`autoforecast`: forecasts, intervals and a report of every series of a table, by one call."""

import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from endirector.combination.recipe import checked_recipe
from endirector.forecaster.covariates import with_covariates
from endirector.forecaster.ends import tiers_by_end
from endirector.forecaster.group import ForecastRequest
from endirector.forecaster.hierarchy.reconcile import remark_on
from endirector.forecaster.live import Watch
from endirector.forecaster.members import checked_members, checked_networks, with_members, with_networks
from endirector.forecaster.plan import Tier
from endirector.forecaster.results.result import AutoForecast
from endirector.forecaster.run import run
from endirector.forecaster.time_limit import TimeLimit
from endirector.forecaster.understanding.reading import read
from endirector.forecaster.understanding.recorded import recorded
from endirector.forecaster.understanding.seasons import Season
from endirector.forecaster.understanding.stored import store
from endirector.forecaster.understanding.understanding import Understanding
from endirector.forecasting.calibrate import LEVELS
from endirector.selection.form import Choice
from enstorage import Connector, DataSource, Panel
from enstorage.calendars.season import longer_season
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import OF_POINTS, find_metric
from enstorage.progress import Progress, listening
from entrainer.forecasting.calibration.levels import checked_levels
from entrainer.forecasting.forecast import check_horizon
from entrainer.local import LocalSpec


def autoforecast(
    table: Any,
    horizon: int,
    *,
    series: str | None = None,
    time: str | None = None,
    value: str | Sequence[str] | None = None,
    time_interval: str | None = None,
    season: int | None = None,
    known: str | Sequence[str] = (),
    past: str | Sequence[str] = (),
    static: str | Sequence[str] = (),
    hierarchy: str | Sequence[str] = (),
    members: Mapping[str, LocalSpec] | None = None,
    networks: str | Sequence[str] = (),
    levels: Sequence[float] = LEVELS,
    metric: str = "mase",
    methods: Sequence[Choice | str] | None = None,
    time_limit: float | None = None,
    report_in_time: bool = False,
    name: str | None = None,
    unit: str = "",
    seed: int = 0,
    understanding: Understanding | None = None,
    connector: Connector | None = None,
    progress: bool | Progress = True,
    watch: Watch | None = None,
    **options: Any,
) -> AutoForecast:
    """Forecast each series of a table or of the store, by an ensemble of models that suits its length.

    All is kept in a store: sources, snapshots, preparations, data sets, models with their forecasts from rolling origins at
    the asked horizon, and the ensemble that `form` selects on these. `AutoForecast.code` prints the same steps by hand.
    What was chosen is told in `AutoForecast.remarks`, one sentence each.

    Ctrl-C while members are trained ends the training, and the finished ones forecast, as at the end of the time limit; a
    second one stops the call.

    Args:
        table: a path, or a table of pandas, Polars or Arrow: time and value, long with a column for the series, or wide; or
            a `DataSource` or a `Panel`, whose points are read where they are.
        horizon: number of steps ahead, at least 1.
        series: name of the column with the keys; None: found.
        time: name of the column with the times; None: found.
        value: name of the column with the values, or of the columns of a wide table; None: found.
        time_interval: such as `1d` or `1mo`; None: found.
        season: number of buckets in a season, 1 for none; None: the usual one of the interval, where the values have it.
        known: names of columns with covariates that are known ahead, such as prices; their rows go on after the last value.
        past: names of columns with covariates that are known up to now.
        static: names of columns with a text that stays the same for each series, such as its region: combinations with
            weights by these groups are tried too.
        hierarchy: names of columns with the groups of each series, the uppermost first, such as its region: the sums of all
            series and of each group are forecast too, and all forecasts are reconciled so that they add up.
        members: further candidates by name, such as `{"Theta": entrainer.local.Statistical("Theta")}`: local models, also
            those of other packages.
        networks: names of networks that are learned over all series as further candidates, such as `mlp`, `lstm` or `gru`,
            see `entrainer.pooled.PooledNetwork`. They gained little where it was measured, see `docs/reference/results.md`.
        levels: of the intervals; () for none.
        metric: that the members and methods are judged by: `mse`, `rmse`, `mae`, `mape`, `smape`, `mase` or `rmsse`.
        methods: that are tried to combine the members, as `form` takes them, such as `["online"]`, whose weights move when
            rows come; by default the mean and the median.
        time_limit: seconds that the call may take. Members that cannot be finished in time are left out, but never the naive
            forecasts. Where even these would take too long to judge, of 50 series and more, each keeps its last value.
        report_in_time: whether the limit is to leave time for `AutoForecast.report` too.
        name: of the project; by default that of the table.
        unit: of the values.
        seed: of everything that is drawn.
        understanding: of the table, see `understand`, in place of the arguments that say how it is to be read.
        connector: the store; by default that of the source or panel, else one in a temporary folder, which lives as long as
            the result.
        progress: show a bar, or a function, see `enstorage.Progress`.
        watch: a function that is called with the leaderboard so far, as JSON, whenever a member is finished, see
            `docs/reference/endirector.md`. What it returns plays no part; to stop, use progress.
        **options: the form of the table, see `enstorage.sources.TableOptions`.

    Raises:
        CancelledError: the progress function asked to stop; the members that were finished are in the store.
        InvalidInputError: the table cannot be read, has no value, or an argument is wrong. A single odd series is never
            refused, but told in the remarks.
    """
    check_horizon(horizon)
    if levels:
        checked_levels(levels)
    if time_limit is not None and not time_limit > 0:
        raise InvalidInputError(f"time_limit is {time_limit!r}; expected seconds above 0, or None for no limit.")
    find_metric(metric, OF_POINTS)  # members have point forecasts of the past, and no quantiles
    told = {"series": series, "time": time, "value": value, "time_interval": time_interval, **options}
    told |= {"known": known or None, "past": past or None, "static": static or None, "hierarchy": hierarchy or None}
    season_told = Season.told(season)
    if understanding is not None:
        _refuse_told({**told, "season": season})
        told, name, unit = dict(understanding.form), name or understanding.name, unit or understanding.unit
        season_told = Season(understanding.season, understanding.season_reason)
    choices = tuple(Choice(each) if isinstance(each, str) else each for each in methods or ())
    for each in choices:
        checked_recipe(each.method, each.metamodel, dict(each.parameters), ("a", "b"), None)
    further = checked_members(members or {})
    pooled = checked_networks((networks,) if isinstance(networks, str) else networks)
    limit = TimeLimit(time_limit)
    with listening(progress) as report:
        report("Reading the table", 0, 100)
        record = table if isinstance(table, DataSource | Panel) else None
        if record is not None:
            connector = record.connector
        folder = tempfile.TemporaryDirectory(prefix="enstorage-") if connector is None else None
        if folder is not None:
            connector = Connector.aside(folder.name)
        assert connector is not None  # noqa: S101 - one of the two is there
        with connector:
            if record is None:
                found = store(read(table, told), name, unit, season_told)
            else:
                found = recorded(record, told | {"unit": unit or None}, season_told)
            if report_in_time:
                limit.keep_for_report(len(found.snapshots))
            request = ForecastRequest(
                metric=metric,
                levels=tuple(levels),
                seed=seed,
                by=next(iter(found.covariates.groups), None),
                form=found.form,
                watch=watch,
                methods=choices,
            )
            longer = longer_season(next(iter(found.panel.sources().values())).clock) if found.season > 1 else None
            tiers = with_covariates(tiers_by_end(found, horizon, longer), found)
            tiers = with_members(with_networks(tiers, pooled), further)
            ends = [10 + 90 * place // len(tiers) for place in range(len(tiers) + 1)]
            shares = limit_shares(tiers)
            groups = [
                run(tier, found, request, limit.part(share), report.within(start, end, 100))
                for tier, share, start, end in zip(tiers, shares, ends, ends[1:], strict=False)
            ]
            groups.sort(key=lambda group: -len(group.tier.keys))
            report("Forecast", 100, 100)
    remarks = [*found.remarks, *(each for group in groups for each in group.remarks)]
    if found.hierarchy is not None:
        remarks.append(remark_on(found.hierarchy, pl.concat([group.table for group in groups]), horizon))
    made = AutoForecast(
        panel=found.panel,
        groups=groups,
        remarks=remarks,
        request=request,
        snapshots=found.snapshots,
        covariates=found.covariates,
        hierarchy=found.hierarchy,
        _folder=folder,
    )
    return made.issue()


def limit_shares(tiers: Sequence[Tier]) -> list[float]:
    """The share of each tier in the time that is left when it begins: by its number of series with a model."""
    counts = [len(tier.keys) if tier.plan.members else 0 for tier in tiers]
    return [count / sum(counts[place:]) if count else 1.0 for place, count in enumerate(counts)]


def _refuse_told(told: Mapping[str, Any]) -> None:
    """Refuse arguments that say how a table is to be read, where it was understood before.

    Raises:
        InvalidInputError: one is given.
    """
    given = [name for name, option in told.items() if option is not None]
    if given:
        raise InvalidInputError(
            f"understanding says how the table is to be read, and {', '.join(given)} was given too. Give it to understand, "
            "and what that returns to autoforecast."
        )
