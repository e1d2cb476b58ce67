"""How honest a fit is: what the members were trained on, and which of it the ensemble was fitted or measured on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from endirector.alignment import Alignment
from enstorage import DataPreparation, Model
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS

TEST = PARTS.index("test")


def _trained_on(model: Model) -> list[int]:
    """The codes of the parts that a model was trained on; the train part where it does not say."""
    parts = model.meta("trained_on", default=["train"])
    if not isinstance(parts, list) or not set(parts) <= set(PARTS):
        raise InvalidInputError(
            f"The fact 'trained_on' of {model} is {parts!r}; expected a list of {', '.join(PARTS)}. Correct it by "
            "model.meta('trained_on', […])."
        )
    return [PARTS.index(part) for part in parts]


def leaks(model: Model) -> bool:
    """Whether the model could see what comes after the origin of its forecasts."""
    return any(preparation.state["leaks"] for preparation in preparations_of(model))


def _split_at_random(model: Model) -> bool:
    return any(preparation.split == "random" for preparation in preparations_of(model))


def preparations_of(model: Model) -> list[DataPreparation]:
    """All that the model sees: those of its data set, else the one of its research."""
    seen = [] if model.data_set_id is None else model.data_set().preparations()
    own = model.research.data_preparation
    return seen or ([] if own is None else [own])


def seen_test_rows(alignment: Alignment, models: Sequence[Model]) -> dict[str, int]:
    """How many of the common test rows each member was trained on: none, unless parts differ among the members."""
    test = alignment.part == TEST
    return {
        name: int(np.isin(alignment.member_parts[test, column], _trained_on(model)).sum())
        for column, (name, model) in enumerate(zip(alignment.lost, models, strict=True))
    }


def mark_of(fit_on: str | None, alignment: Alignment, fitted: NDArray[np.bool_], models: Sequence[Model]) -> str:
    """`out-of-fold` when the forecasts are; `in-sample` when a member was trained on a fitted row; else `held-out`.

    After a random split every row has neighbours that were trained on, so no row is held out.
    """
    if fit_on == OUT_OF_FOLD:
        return "out-of-fold"
    for column, model in enumerate(models):
        if np.isin(alignment.member_parts[fitted, column], _trained_on(model)).any():
            return "in-sample"
        if fitted.any() and _split_at_random(model):
            return "in-sample"
    return "held-out"
