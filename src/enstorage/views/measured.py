"""Measured rows: whether it is known which rows under an ensemble were measured, and which were filled."""

from typing import TYPE_CHECKING

from enstorage.entity.data_preparation import DataPreparation

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble

#: What the mark of an ensemble says if it is not known.
UNKNOWN = "measured rows unknown"


def filled_unknown(ensemble: "Ensemble") -> list[DataPreparation]:
    """The preparations of its members that filled rows and did not keep which, as earlier versions did."""
    found: dict[int, DataPreparation] = {}
    for model in ensemble.models():
        own = model.research.data_preparation
        given = [] if model.data_set_id is None else model.data_set().preparations()
        found |= {each.id: each for each in [*given, *([] if own is None else [own])]}
    return [each for each in found.values() if not each.measured_rows_known]


def unknown_in_words(preparations: list[DataPreparation]) -> str:
    """The same as a sentence."""
    rows = sum(each.state["filled_rows"] for each in preparations)
    return (
        f"{UNKNOWN.capitalize()}: {preparations[0]} of an earlier version filled rows ({rows} in all) and did not keep "
        "which, so that errors, weights and intervals count them. Prepare the snapshot again, and train and render on that."
    )
