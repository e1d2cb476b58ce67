"""The result of a rendering, as it is stored: weights, errors, and the facts by which the ensemble is judged later."""

from collections.abc import Mapping, Sequence
from typing import Any

from endirector.combination.combine import Combined
from endirector.combination.gather import Gathered
from endirector.members.leakage import leaks, mark_of, seen_test_rows
from endirector.members.member import Member, models_in
from endirector.members.signs import signs_in_data, signs_in_errors
from endirector.rendering.environment import environment
from endirector.rendering.metrics import errors_by_part
from enstorage import Forecast, Model
from enstorage.entity.ensemble_result import EnsembleResult, ItemResult, PartErrors
from enstorage.entity.targets import parts_trained_on


def result_of(gathered: Gathered, combined: Combined) -> EnsembleResult:
    """The result of the ensemble.

    Args:
        gathered: the members with what they share.
        combined: the fitted method and its forecasts.
    """
    members, alignment, combination = gathered.members, gathered.alignment, combined.combination
    models, ids = models_in(members), item_ids(members)
    fitted_on = alignment if gathered.folds is None else gathered.folds[0]
    return EnsembleResult(
        common=len(alignment.truth),
        lost=dict(zip(ids, alignment.lost.values(), strict=True)),
        not_measured=alignment.not_measured,
        fit_on=combined.fit_on,
        fitted_rows=int(combined.fitted.sum()),
        mark=mark_of(combined.fit_on, fitted_on, combined.fitted, members),
        leaks=any(map(leaks, models)),
        test_rows_trained_on=dict(zip(ids, seen_test_rows(alignment, members), strict=True)),
        intercept=combination.intercept,
        fit=dict(combination.facts),
        metrics=errors_by_part(models, alignment, combined.forecast, ids),
        environment=environment(),
        remarks=combined.remarks,
    )


def item_results_of(gathered: Gathered, combined: Combined, metrics: Mapping[str, PartErrors]) -> dict[int, ItemResult]:
    """The results of the members by the ids of their items.

    Args:
        gathered: the members with what they share.
        combined: the fitted method and its forecasts.
        metrics: of the ensemble's result.
    """
    combination, lost = combined.combination, list(gathered.alignment.lost.values())
    found = {id: ItemResult(dropped=reason) for id, reason in gathered.dropped.items()}
    for place, (member, id) in enumerate(zip(gathered.members, item_ids(gathered.members), strict=True)):
        weights, by_step, by_level = combination.weights, combination.step_weights, combination.quantile_weights
        found[id] = ItemResult(
            weight=None if weights is None else float(weights[place]),
            step_weights=None if by_step is None else {step: float(own[place]) for step, own in by_step.items()},
            quantile_weights=None
            if by_level is None
            else {level: {step: float(own[place]) for step, own in each.items()} for level, each in by_level.items()},
            lost_rows=lost[place],
            errors={part: own.members[id] for part, own in metrics.items()},
            inputs=_inputs(member),
            signs=[*signs_in_data(member), *signs_in_errors(id, metrics)] or None,
        )
    return found


def item_ids(members: Sequence[Member]) -> list[int]:
    """The ids of the items of members, in their order."""
    return [member.item_id for member in members if member.item_id is not None]


def _inputs(member: Member) -> dict[str, Any]:
    """Hashes of the object and forecasts of a member, and the parts it was trained on; see `Ensemble.staleness`."""
    entity = member.entity
    if isinstance(entity, Model):
        forecasts = {each.part: each.data_csv.sha256 for each in Forecast.of(entity)}
        return {"object": entity.object_sha256, "forecasts": forecasts, "trained_on": parts_trained_on(entity)}
    return {"table": entity.data_csv.sha256}
