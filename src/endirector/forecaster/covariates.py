"""Members that see covariates, added to the plans of series."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from endirector.forecaster.plan import PlannedMember, Tier
from endirector.forecaster.understanding.stored import Understood
from enstorage import Panel
from entrainer.local import CovariateRegression

#: From this number of values on boosting is a member too, for so few series.
FEWEST_FOR_BOOSTING, MOST_SERIES_FOR_BOOSTING = 1000, 20


def with_covariates(tiers: Sequence[Tier], found: Understood) -> list[Tier]:
    """The plans with regressions on the covariates of the table; as they are where it has none.

    Other members do not see covariates, and take part without.

    Args:
        tiers: with their plans.
        found: the table.
    """
    covariates = found.covariates
    if not covariates.panels:
        return [*tiers]
    references = {
        "panel": _reference(found.panel),
        "known": {name: _reference(panel) for name, panel in covariates.known.items()},
        "past": {name: _reference(panel) for name, panel in covariates.past.items()},
    }
    return [_added(tier, references, found) if tier.plan.members else tier for tier in tiers]


def _added(tier: Tier, references: Mapping[str, Any], found: Understood) -> Tier:
    season = found.season
    first = [PlannedMember("Regression on covariates", CovariateRegression(**references, season=season))]
    slow: list[PlannedMember] = []
    shortest = min(len(found.values[key]) for key in tier.keys)
    if shortest >= FEWEST_FOR_BOOSTING and len(tier.keys) <= MOST_SERIES_FOR_BOOSTING:
        network = CovariateRegression(**references, season=season, learner="boosting")
        slow.append(PlannedMember("Boosting on covariates", network))
    naive = [member for member in tier.plan.members if member.is_naive]
    others = [member for member in tier.plan.members if not member.is_naive]
    names = " and ".join(member.name for member in (*first, *slow))
    told = f"Covariates: {', '.join(found.covariates.panels)}; seen by {names}, the other members take part without."
    plan = replace(tier.plan, members=(*naive, *first, *others, *slow), remarks=(*tier.plan.remarks, told))
    return replace(tier, plan=plan)


def _reference(panel: Panel) -> dict[str, Any]:
    return {"id": panel.id, "name": panel.name}
