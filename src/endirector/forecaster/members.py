"""Members that the caller asks for beside the planned ones: local models, also of other packages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from endirector.forecaster.plan import PlannedMember, Tier
from enstorage.errors import InvalidInputError
from entrainer.local import LocalSpec


def checked_members(members: Mapping[str, LocalSpec]) -> dict[str, LocalSpec]:
    """Members by name, as given.

    Raises:
        InvalidInputError: one is no local model: others forecast no series that is shorter than their window.
    """
    wrong = {name: each for name, each in members.items() if not isinstance(each, LocalSpec)}
    if wrong:
        name, each = next(iter(wrong.items()))
        raise InvalidInputError(
            f"The member {name!r:.60} is {each!r:.60}; expected a local model, which forecasts series of every length, such "
            'as entrainer.local.Statistical("Theta"). Combine networks with endirector.form.'
        )
    return dict(members)


def with_members(tiers: Sequence[Tier], members: Mapping[str, LocalSpec]) -> list[Tier]:
    """The plans with further members, which are trained last.

    Args:
        tiers: with their plans.
        members: specifications by name.
    """
    return [_added(tier, members) if tier.plan.members and members else tier for tier in tiers]


def _added(tier: Tier, members: Mapping[str, LocalSpec]) -> Tier:
    plan = tier.plan
    taken = {member.name for member in plan.members}
    added = [PlannedMember(name, network) for name, network in members.items() if name not in taken]
    remarks = [f"{name} is the name of a usual member, and was not taken twice." for name in members if name in taken]
    plan = replace(plan, members=(*plan.members, *added), remarks=(*plan.remarks, *remarks))
    return replace(tier, plan=plan)
