"""Candidates of `form`: the members that can be judged on out-of-fold rows, and those that are left out, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from endirector.members.member import Member
from enstorage import Ensemble, Forecast, Model
from enstorage.entity.ensemble_members import member_names
from enstorage.entity.ensemble_search import Candidate
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.progress import Listener


@dataclass(slots=True)
class Candidates:
    """The candidates, sorted by what is known of them.

    Attributes:
        able: those with out-of-fold forecasts.
        left_out: the others, each with the reason.
        without_fold: those of the others that could be combined, but whose rows allow no fold.
        remarks: sentences on the folds.
    """

    able: list[Member] = field(default_factory=list)
    left_out: list[tuple[Candidate, str]] = field(default_factory=list)
    without_fold: list[Member] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def candidates_of(chosen: Sequence[Model | Ensemble], folds: int, horizon: int | None, report: Listener) -> Candidates:
    """The candidates; missing out-of-fold forecasts are made where a model can be trained again and its rows allow a fold.

    Args:
        chosen: models and ensembles.
        folds: largest number of origins.
        horizon: number of steps that are forecast from each; None: those of the data sets.
        report: receives the progress of the backtest.

    Raises:
        InvalidInputError: none of them has or can get out-of-fold forecasts, for another reason than too few rows.
    """
    members = [Member.of(name, entity) for name, entity in zip(member_names(chosen), chosen, strict=True)]
    found, models = Candidates(), [model for member in members for model in member.models]
    refused = _backtest(models, folds, horizon, report)
    for member in members:
        missing = [model for model in member.models if not Forecast.of(model, OUT_OF_FOLD)]
        if isinstance(member.entity, Ensemble) and member.entity.result is None:
            reason = "It was not rendered."
        elif not missing:
            found.able.append(member)
            continue
        elif all(model.id in refused for model in missing):
            reason = refused[missing[0].id]
            found.without_fold.append(member)
        else:
            reason = "It has no out-of-fold forecasts, and cannot be trained again."
        found.left_out.append((Candidate(member.key, member.name), reason))
    if not found.able and not found.without_fold:
        shown = ", ".join(each.name for each, _ in found.left_out) or "(there are none)"
        raise InvalidInputError(
            f"None of the candidates {shown} has out-of-fold forecasts, or can be trained again to get some, so there is "
            "nothing to choose on. Make them with entrainer.backtest, or keep your own with "
            "model.save_forecasts('out_of_fold', id, values)."
        )
    found.remarks += _remarks(found.able)
    return found


def _backtest(models: Sequence[Model], folds: int, horizon: int | None, report: Listener) -> dict[int, str]:
    """Make the out-of-fold forecasts of models that have none and can be trained again, as they were trained.

    Returns:
        The reason for each model whose rows allow no fold, by its id.
    """
    missing = {model.id: model for model in models if not Forecast.of(model, OUT_OF_FOLD)}
    again = [model for model in missing.values() if model.data_set_id is not None and _can_be_trained(model)]
    refused: dict[int, str] = {}
    while again:
        from entrainer import Training, backtest
        from entrainer.experiments.origins import NoOriginError

        facts = [model.metas() for model in again]
        trainings = [Training.from_json(own["training"]) if "training" in own else Training() for own in facts]
        try:
            seeds = [own.get("seed", 0) for own in facts]
            backtest(again, trainings, folds=folds, horizon=horizon, seeds=seeds, progress=report)
        except NoOriginError as error:
            # Where each has an origin of its own but none with the others, the last one gives way.
            without = {model.id for model in error.models or again[-1:]}
            refused |= dict.fromkeys(without, str(error) if not error.models else _NO_FOLD)
            again = [model for model in again if model.id not in without]
        else:
            break
    return refused


_NO_FOLD = "It has too few rows for a fold: no target lies behind all targets of one of its rows outside the test part."


def _can_be_trained(model: Model) -> bool:
    """By its specification, as `entrainer.fit` did it, or as the estimator that it has as object."""
    was_trained = model.network is not None and {"training", "seed"} <= model.metas().keys()
    return was_trained or model.object_format == "skops"


def _remarks(members: Sequence[Member]) -> list[str]:
    """A sentence where a backtest has fewer origins than were asked for."""
    facts: list[Any] = [model.meta("backtest", default={}) for member in members for model in member.models]
    counts = {(len(own["origins"]), own["asked"]) for own in facts if isinstance(own, dict) and "asked" in own}
    return [
        f"There are out-of-fold forecasts from {count} of {asked} origins: the rows outside the test part allow no more."
        for count, asked in sorted(counts)
        if count < asked
    ]
