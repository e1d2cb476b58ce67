"""Members that the caller asks for beside the planned ones: local models, also of other packages, and pooled networks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from endirector.forecaster.plan import PlannedMember, Tier
from enstorage.errors import InvalidInputError
from entrainer.local import LocalSpec, PooledAutoregression
from entrainer.networks.specification import NetworkSpec, spec_from_json
from entrainer.pooled import PooledNetwork


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


def checked_networks(names: Sequence[str]) -> dict[str, NetworkSpec]:
    """Networks with their usual parameters, by the name of the member.

    Args:
        names: such as `mlp`, `lstm` or `gru`.

    Raises:
        InvalidInputError: one is no network over windows of one series.
    """
    found = {}
    for name in names:
        spec = spec_from_json({"name": name})
        if not isinstance(spec, NetworkSpec) or 1 not in spec.axes:
            raise InvalidInputError(
                f"{name!r:.60} is no network over windows of a series; expected a name such as mlp, lstm or gru. Give "
                "others as members, such as entrainer.pooled.PooledNetwork(network, lag)."
            )
        found[f"{type(spec).__name__} over all series"] = spec
    return found


def with_networks(tiers: Sequence[Tier], networks: Mapping[str, NetworkSpec]) -> list[Tier]:
    """The plans with networks over all their series, which see as many changes as the autoregression."""
    return [
        _added(tier, {name: PooledNetwork(network, _lag(tier)) for name, network in networks.items()})
        if tier.plan.members and networks
        else tier
        for tier in tiers
    ]


def _lag(tier: Tier) -> int:
    return next(each.network.lag for each in tier.plan.members if isinstance(each.network, PooledAutoregression))


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
