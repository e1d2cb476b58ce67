"""Series that end long before the others: origins are times that series share, so such series need origins of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from endirector.forecaster.plan import MOST_ORIGINS, Tier, tiers_of
from endirector.forecaster.understanding.stored import Understood

#: Series are split into so many groups by their ends; the last one has all that end still earlier.
MOST_ENDS = 4


@dataclass(frozen=True, slots=True)
class SameEnd:
    """Series that are judged from the same origins.

    Attributes:
        keys: of the series.
        last: number of the last bucket of any of them.
    """

    keys: tuple[str, ...]
    last: int


def split_by_end(last: Mapping[str, int], horizon: int) -> list[SameEnd]:
    """The series by their ends, the latest first.

    Series stay together while each has at least a horizon of values after the first of the usual origins.

    Args:
        last: number of the last bucket of each series, by key.
        horizon: steps ahead.
    """
    found: list[SameEnd] = []
    origins = next(figure for most, figure in MOST_ORIGINS if len(last) <= most)
    rest = sorted(last, key=lambda key: -last[key])
    while rest:
        latest = last[rest[0]]
        is_last = len(found) == MOST_ENDS - 1
        own = [key for key in rest if is_last or last[key] > latest - (origins - 1) * horizon]
        found.append(SameEnd(tuple(key for key in last if key in set(own)), latest))
        rest = rest[len(own) :]
    return found


def tiers_by_end(found: Understood, horizon: int, longer_season: int | None) -> list[Tier]:
    """The tiers of the series, with tiers of their own for those that end long before the others.

    Args:
        found: the table.
        horizon: steps ahead.
        longer_season: a second one; None for none.
    """
    sources = found.panel.sources()
    clocks = {str(source.clock) for source in sources.values()}
    times = {key: int(snapshot.read()[0][-1]) for key, snapshot in found.snapshots.items()}
    if len(clocks) > 1:
        return tiers_of(found.values, horizon, found.season, longer_season)
    clock = next(iter(sources.values())).clock
    numbers = clock.numbers(np.array([*times.values()])).tolist()
    groups = split_by_end(dict(zip(times, numbers, strict=True)), horizon)
    if len(groups) == 1:
        return tiers_of(found.values, horizon, found.season, longer_season)
    tiers = []
    for place, group in enumerate(groups):
        latest = clock.label(max(times[key] for key in group.keys))
        own = tiers_of({key: found.values[key] for key in group.keys}, horizon, found.season, longer_season)
        tiers += _named(own, None if place == 0 else latest)
    return tiers


def _named(tiers: Sequence[Tier], until: str | None) -> list[Tier]:
    if until is None:
        return [replace(tier, name="current") if tier.name == "all" else tier for tier in tiers]
    named = []
    for tier in tiers:
        count = "1 series ends" if len(tier.keys) == 1 else f"{len(tier.keys)} series end"
        told = f"{count} by {until}, long before others: judged from origins before that."
        plan = replace(tier.plan, remarks=(*tier.plan.remarks, told))
        name = f"until {until}" if tier.name == "all" else f"{tier.name}, until {until}"
        named.append(replace(tier, name=name, plan=plan))
    return named
