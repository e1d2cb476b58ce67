"""`ForecastPlan`: the members and origins that suit the series of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.selection.form import Choice
from entrainer.local import Drift, LocalSpec, Mean, Naive, PooledAutoregression, SeasonalNaive, Statistical

#: A series with fewer measured values has no model.
FEWEST_VALUES = 3
#: The squares of larger values are no finite numbers.
LARGEST_VALUE = 1e150
#: Share of zeros from which on a series counts as intermittent.
INTERMITTENT = 0.4
#: Largest number of origins by the number of series; each costs a fit of every local model.
MOST_ORIGINS = ((50, 4), (300, 3), (np.inf, 2))
#: AutoETS takes 20 times as long as AutoCES, and adds nothing to it where an autoregression learns from so many series;
#: without a season it makes the mean worse.
MOST_SERIES_FOR_ETS = 300
#: Values before an origin that make the errors from it typical; fewer for panels of short series.
USUAL_START = 6
#: Rows of local models lie such a part of a horizon apart, for one series, for a few, and for many.
ROWS_OF_A_HORIZON = ((3, 12), (200, 4), (np.inf, 1))
#: The same for long seasons, where each forecast takes up to half a second.
ROWS_OF_LONG_SEASONS = ((3, 4), (np.inf, 1))
#: From this season on exponential smoothing is slow, or has no season: autoregressions of the long series take its place,
#: and a decomposition by two seasons, the longer one up to the second figure.
LONG_SEASON, LONGEST_SEASON_FOR_MSTL = 24, 1000
#: Statistical models see so many last values, or seasons: fitting to more takes long, and those of long ago say little.
MOST_VALUES, MOST_SEASONS = 1000, 4
#: Shrinkage of the second autoregression, with which each series follows itself.
SHRINKAGE_OF_EACH = 10.0
#: Lags of the autoregression over all series: for short seasons three of them, for longer ones one; and the longest lag.
SHORT_SEASON, LONGEST_LAG = 12, 200
LAG_WITHOUT_SEASON = 6
#: Windows before the last origin from which a long lag is learned.
FEWEST_WINDOWS = 60

#: Remarks name so many series.
_MOST_NAMED = 5

#: The methods that are tried: no method whose squared errors the series of large values would decide, and none that would
#: fit weights to the few origins of one series. The median comes first, and so is taken where the mean is not clearly
#: better: a member that fails for some series spoils their mean.
CHOICES = (
    Choice("voting", parameters={"average": "median"}),
    Choice("voting"),
)


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """A model to be trained.

    Attributes:
        name: of the model.
        network: its specification.
        is_naive: a yardstick, combined only where there are no two others.
    """

    name: str
    network: LocalSpec
    is_naive: bool = False

    @property
    def is_yardstick(self) -> bool:
        """True for a naive forecast, also one that is combined with models: others have to be better than it."""
        return isinstance(self.network, Naive | Mean | SeasonalNaive | Drift)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPlan:
    """The parts of a forecast of similar series.

    Attributes:
        horizon: steps ahead.
        season: buckets in a season; 1 for none.
        origins: number of rolling origins; 0 if the series are too short for any.
        judged: number of last buckets that are forecast from origins, about a horizon from each.
        start: least number of values before an origin.
        step: rows of local models lie so many values apart; each costs a forecast of every local model.
        members: in the order in which they are trained, the cheap ones first.
        remarks: one sentence for each choice.
    """

    horizon: int
    season: int
    origins: int = 0
    judged: int = 0
    start: int = 1
    step: int = 1
    members: tuple[PlannedMember, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """Series that are forecast by the same members.

    Attributes:
        name: `all`, or what sets them apart.
        keys: of the series.
        plan: for them.
    """

    name: str
    keys: tuple[str, ...]
    plan: ForecastPlan = field(compare=False)


def tiers_of(
    series: Mapping[str, NDArray[np.float64]], horizon: int, season: int, longer_season: int | None = None
) -> list[Tier]:
    """The series with a model, of whatever length, and those that are too short for one.

    Series of all lengths are together: what is learned from the long ones forecasts the short ones, and gives their
    intervals.

    Series with values that no model can square are apart, so that the others keep their models.

    Args:
        series: measured and missing (NaN) values in time order by key, shape (n,) each.
        horizon: steps ahead.
        season: of the spacing, after the test of the values; 1 for none.
        longer_season: a second one.
    """
    huge = [key for key, values in series.items() if is_huge(values)]
    if huge:
        others = {key: series[key] for key in series if key not in set(huge)}
        rest = tiers_of(others, horizon, season, longer_season)
        rest = [replace(tier, name="usual") if tier.name == "all" else tier for tier in rest]
        plan = ForecastPlan(horizon=horizon, season=season, remarks=(remark_on_huge(huge),))
        return [*rest, Tier("huge" if rest else "all", tuple(huge), plan)]
    able = [key for key, values in series.items() if np.isfinite(values).sum() >= FEWEST_VALUES]
    if not any(len(series[key]) >= horizon + FEWEST_VALUES for key in able):
        able = []
    tiny = [key for key in series if key not in set(able)]
    found = []
    if able:
        plan = _plan([series[key] for key in able], horizon, season, longer_season)
        found.append(Tier("long" if tiny else "all", tuple(able), plan))
    if tiny:
        found.append(Tier("tiny" if able else "all", tuple(tiny), _without_model(len(tiny), horizon, season)))
    return found


def is_huge(values: NDArray[np.float64]) -> bool:
    """True for a series with a value that no model can square."""
    return bool((np.abs(values) > LARGEST_VALUE).any())


def remark_on_huge(keys: Sequence[str]) -> str:
    """A sentence on series that are huge, of which the first ones are named."""
    named = ", ".join(keys[:_MOST_NAMED]) + (f", and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else "")
    who = "1 series has" if len(keys) == 1 else f"{len(keys)} series have"
    return (
        f"{who} values beyond {LARGEST_VALUE:g}, with which no model can reckon ({named}): the last value within this is "
        "kept for each step, or where there is none the last one, without interval."
    )


def _without_model(count: int, horizon: int, season: int) -> ForecastPlan:
    who = "1 series is" if count == 1 else f"{count} series are"
    kept = f"{who} too short for a model at horizon {horizon}: the last value is kept for each step, without interval."
    return ForecastPlan(horizon=horizon, season=season, remarks=(kept,))


def _plan(series: Sequence[NDArray[np.float64]], horizon: int, season: int, longer_season: int | None) -> ForecastPlan:
    lengths = np.array([len(values) for values in series])
    shortest, typical, longest = int(lengths.min()), int(np.median(lengths)), int(lengths.max())
    start = max(FEWEST_VALUES, min(max(2 * season, USUAL_START), typical - 2 * horizon, longest - horizon))
    origins = max(1, min(_by_count(MOST_ORIGINS, len(series)), (typical - start) // horizon))
    judged = min(origins * horizon, longest - start)
    # Short series are the hard ones: without errors of their own they would have the intervals of the long ones. They are
    # judged from all origins before which there are two horizons, at least from one.
    least = max(shortest - origins * horizon, min(2 * horizon, shortest - horizon))
    start = max(FEWEST_VALUES, min(start, least))
    return ForecastPlan(
        horizon=horizon,
        season=season,
        origins=origins,
        judged=judged,
        start=start,
        step=max(
            1, horizon // _by_count(ROWS_OF_LONG_SEASONS if season >= LONG_SEASON else ROWS_OF_A_HORIZON, len(series))
        ),
        members=(
            *_yardsticks(season, longest, longer_season),
            *_autoregressions(_lag(lengths - horizon, horizon, season, longer_season), season),
            *_statistical(series, season, longer_season),
        ),
    )


def _by_count(table: Sequence[tuple[float, int]], count: int) -> int:
    """The figure of a table for a number of series."""
    return next(figure for most, figure in table if count <= most)


def _yardsticks(season: int, longest: int, longer_season: int | None) -> list[PlannedMember]:
    """The naive forecasts. Where models add nothing to one of them it is combined with them.

    That is the drift of series without a season, and the last day and the last week of series with two seasons, whose
    errors differ from those of models.
    """
    members = [PlannedMember("Naive", Naive(), is_naive=True), PlannedMember("Mean", Mean(), is_naive=True)]
    has_two = _has_two_seasons(season, longer_season, longest)
    if season > 1 and longest > season:
        members.append(PlannedMember("Seasonal naive", SeasonalNaive(season), is_naive=not has_two))
    if has_two and longer_season is not None:
        members.append(PlannedMember("Longer seasonal naive", SeasonalNaive(longer_season)))
    return [*members, PlannedMember("Drift", Drift(), is_naive=season > 1)]


def _has_two_seasons(season: int, longer_season: int | None, longest: int) -> bool:
    """True for series that are decomposed by two seasons, of which the longest one has `longest` values."""
    return (
        longer_season is not None
        and season >= LONG_SEASON
        and longer_season <= min(longest - 1, LONGEST_SEASON_FOR_MSTL)
    )


def _statistical(series: Sequence[NDArray[np.float64]], season: int, longer_season: int | None) -> list[PlannedMember]:
    zeros = np.concatenate([values[np.isfinite(values)] for values in series]) == 0
    seen: dict[str, Any] = {}
    if max(map(len, series)) > MOST_VALUES:
        seen = {"last": max(MOST_VALUES, MOST_SEASONS * max(season, longer_season or 1))}
    names = ["DynamicOptimizedTheta"]
    if zeros.mean() >= INTERMITTENT:
        names = ["CrostonSBA", "ADIDA", "TSB"]
    elif _has_two_seasons(season, longer_season, max(map(len, series))):
        names = []  # the error of Theta, which knows one season, is twice that of the others
    elif season < LONG_SEASON:
        names += ["AutoCES", *(["AutoETS"] if season > 1 and len(series) <= MOST_SERIES_FOR_ETS else [])]
    found = {name: Statistical(name, season=season, **seen) for name in names}
    if not names and longer_season is not None:
        found["MSTL"] = Statistical("MSTL", season=(season, longer_season), **seen)
    return [PlannedMember(name, network) for name, network in found.items()]


def _autoregressions(lag: int, season: int) -> list[PlannedMember]:
    found = [PlannedMember("Autoregression", PooledAutoregression(lag))]
    if season >= LONG_SEASON:
        own = PooledAutoregression(lag, shrinkage=SHRINKAGE_OF_EACH)
        found.append(PlannedMember("Autoregression of each series", own))
    return found


def _lag(known: NDArray[np.int64], horizon: int, season: int, longer_season: int | None) -> int:
    """The longest usual lag that leaves windows to learn from; they may begin two thirds of a lag before the first value.

    Args:
        known: number of values of each series before its last origin.
        horizon: steps ahead.
        season: in buckets.
        longer_season: a second one.
    """
    if season == 1:
        return LAG_WITHOUT_SEASON
    usual = [3 * season + 1, 2 * season + 1] if season <= SHORT_SEASON else []
    lags = [longer_season + 1] if longer_season else []
    for lag in (*lags, *usual, season + 1):
        if lag <= LONGEST_LAG and np.maximum(known - lag // 3 - horizon, 0).sum() >= FEWEST_WINDOWS:
            return lag
    return min(season + 1, LAG_WITHOUT_SEASON)
