"""Leakage: rows that members were trained on, among those that the ensemble is fitted or measured on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from endirector.alignment.align import Alignment
from endirector.members.member import Member
from enstorage import DataPreparation, Ensemble, Model
from enstorage.entity.ensemble_result import Mark
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import parts_trained_on
from enstorage.preparation.split import Part


def trained_on(member: Member) -> list[int]:
    """The codes of the parts that a member was trained on; of an ensemble also those that it was fitted on."""
    seen = {Part.of(part) for model in member.models for part in parts_trained_on(model)}
    return sorted(seen.union(_fitted_on(member.entity) if isinstance(member.entity, Ensemble) else ()))


def _fitted_on(ensemble: Ensemble) -> set[int]:
    """The parts whose truth an ensemble was fitted to, and those that ensembles inside it were."""
    own = None if ensemble.result is None else ensemble.rendered_result().fit_on
    parts = {"train", "valid"} if own == OUT_OF_FOLD else {own}
    inside = [_fitted_on(member) for member in ensemble.members() if isinstance(member, Ensemble)]
    return {Part.of(part) for part in parts if part is not None}.union(*inside)


def leaks(model: Model) -> bool:
    """True if the model could see values after the origin of its forecasts."""
    return any(preparation.state["leaks"] for preparation in preparations_of(model))


def _split_at_random(model: Model) -> bool:
    return any(preparation.split == "random" for preparation in preparations_of(model))


def preparations_of(model: Model) -> list[DataPreparation]:
    """All that the model sees: those of its data set, else the one of its research."""
    seen = [] if model.data_set_id is None else model.data_set().preparations()
    own = model.research.data_preparation
    return seen or ([] if own is None else [own])


def seen_test_rows(alignment: Alignment, members: Sequence[Member]) -> list[int]:
    """Number of common test rows that each member was trained on: 0, unless the members differ in their parts."""
    test = alignment.part == Part.TEST
    return [
        int(np.isin(alignment.member_parts[test, column], trained_on(member)).sum())
        for column, member in enumerate(members)
    ]


def mark_of(fit_on: str | None, alignment: Alignment, fitted: NDArray[np.bool_], members: Sequence[Member]) -> Mark:
    """`out-of-fold` when the forecasts are; `in-sample` when a member was trained on a fitted row; else `held-out`.

    After a random split every row has neighbours that were trained on, so no row is held out.
    """
    if fit_on == OUT_OF_FOLD:
        return "out-of-fold"
    for column, member in enumerate(members):
        if np.isin(alignment.member_parts[fitted, column], trained_on(member)).any():
            return "in-sample"
        if fitted.any() and any(_split_at_random(model) for model in member.models):
            return "in-sample"
    return "held-out"
