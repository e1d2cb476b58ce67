"""Measured rows: whether it is known which rows under an ensemble were measured, and which were filled."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_set import DataSet
from enstorage.entity.data_set_input import DataSetInput
from enstorage.entity.research import Research

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble

#: What the mark of an ensemble says if it is not known.
UNKNOWN = "measured rows unknown"


def filled_unknown(ensemble: "Ensemble") -> list[DataPreparation]:
    """The preparations of its members that filled rows and did not keep which, as earlier versions did."""
    connector, models = ensemble.connector, ensemble.models()
    researches = Research.get_list({model.research_id for model in models}, connector=connector)
    sets = {model.data_set_id for model in models if model.data_set_id is not None}
    inputs = DataSetInput._select(select(DataSetInput).where(DataSetInput.data_set_id.in_(sets)), connector)
    ids = {each.data_preparation_id for each in researches} | {each.data_preparation_id for each in inputs}
    ids |= {each.data_preparation_id for each in DataSet.get_list(sets, connector=connector)}
    found = DataPreparation.get_list(sorted(id for id in ids if id is not None), connector=connector)
    return [each for each in found if not each.measured_rows_known]


def unknown_in_words(preparations: list[DataPreparation]) -> str:
    """The same as a sentence."""
    rows = sum(each.state["filled_rows"] for each in preparations)
    return (
        f"{UNKNOWN.capitalize()}: {preparations[0]} of an earlier version filled rows ({rows} in all) and did not keep "
        "which, so that errors, weights and intervals count them. Prepare the snapshot again, and train and render on that."
    )
