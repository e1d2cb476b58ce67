"""Knowledge of the store's own: on which parts a model was trained here, and which forecasts were made here.

Facts and uploads cannot write it, and bundles do not carry it: what comes with one is claimed by whoever made the file.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import BigInteger, Column, String, Table, delete, insert, select

from enstorage.database.types import TABLE_OPTIONS, JsonText
from enstorage.entity._record import Record
from enstorage.entity.forecast import OUT_OF_FOLD, Forecast
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.entity.model import Model

#: Forecasts are made by the object of a model, or by its network trained anew for each fold.
MadeBy = Literal["object", "backtest"]
#: A record and what is known of it. It holds for the object, the data set and the table that it names, and for no other.
KNOWN = Table(
    "known",
    Record.metadata,
    Column("entity", String(32), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("fact", JsonText, nullable=False),
    **TABLE_OPTIONS,
)

TRAINED_ON, BACKTEST = "trained_on", "backtest"
#: Facts that only the product writes, once it knows them.
RESERVED = (TRAINED_ON, BACKTEST)


def note_training(model: "Model", parts: Sequence[str], *, from_scratch: bool) -> None:
    """Note the parts that had a say in the training of the present object, as the fact `trained_on` too.

    Args:
        model: as trained.
        parts: the parts.
        from_scratch: false if it went on from weights of an earlier training: what that has seen nobody knows, so the fact
            alone is written.
    """
    with model.connector.transaction():
        _note(model, {**_object_of(model), TRAINED_ON: list(parts)} if from_scratch else {})
        model.connector.recorder.record([(model.id, TRAINED_ON, list(parts))])


def note_forecast(forecast: Forecast, made_by: MadeBy) -> None:
    """Note that forecasts were made here: by the object of the model, or by its network trained anew for each fold."""
    _note(forecast, {"table": forecast.data_csv_id, "by": made_by})


def known_parts_trained_on(model: "Model") -> list[str] | None:
    """The parts that the present object was trained on here; None where that is not known."""
    known = _facts([model]).get(model.id, {})
    same = all(known.get(name) == value for name, value in _object_of(model).items())
    parts: list[str] | None = known.get(TRAINED_ON) if same and model.object_sha256 is not None else None
    return parts


def made_here(model: "Model") -> set[str]:
    """The parts, and `out_of_fold`, of which the present forecasts were made here; those of parts by the present object."""
    forecasts = Forecast.of(model)
    known = _facts(forecasts)
    return {
        each.part
        for each in forecasts
        if each.id in known
        and known[each.id]["table"] == each.data_csv_id
        and known[each.id]["by"] == ("backtest" if each.part == OUT_OF_FOLD else "object")
        and (each.part == OUT_OF_FOLD or each.object_sha256 == model.object_sha256)
    }


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the store of a model knows of it, by hashes, so that it holds for the same model in another store.

    Attributes:
        object_sha256: of the object.
        trained_on: the parts that it was trained on; None where that is not known.
        made: by the parts of the forecasts that were made there: the hash of their table, and how they were made.
    """

    object_sha256: str | None
    trained_on: list[str] | None
    made: dict[str, tuple[str, MadeBy]]


def knowledge_of(model: "Model") -> Knowledge:
    """The knowledge that the store of a model has of it."""
    here = made_here(model)
    made: dict[str, tuple[str, MadeBy]] = {
        each.part: (each.data_csv.sha256, "backtest" if each.part == OUT_OF_FOLD else "object")
        for each in Forecast.of(model)
        if each.part in here
    }
    return Knowledge(model.object_sha256, known_parts_trained_on(model), made)


def take_over(model: "Model", known: Knowledge) -> None:
    """Note what another store knows of the same model: one that this process made, and wrote alone."""
    with model.connector.transaction():
        if known.trained_on is not None and known.object_sha256 == model.object_sha256:
            _note(model, {**_object_of(model), TRAINED_ON: known.trained_on})
        for each in Forecast.of(model):
            made = known.made.get(each.part)
            if made is not None and made[0] == each.data_csv.sha256:
                note_forecast(each, made[1])


def refuse_known(model: "Model", keys: Collection[str]) -> None:
    """Refuse to write facts that are known.

    Raises:
        InvalidInputError: the model was trained or backtested here, and a key is one of the facts that say so.
    """
    if TRAINED_ON in keys and (parts := known_parts_trained_on(model)) is not None:
        raise InvalidInputError(
            f"{model} was trained here on {' and '.join(parts)}, so its fact {TRAINED_ON!r} is known and cannot be "
            "written. Nothing was changed. Record what you want to add under another name."
        )
    if BACKTEST in keys and OUT_OF_FOLD in made_here(model):
        raise InvalidInputError(
            f"The out-of-fold forecasts of {model} were made here, so its fact {BACKTEST!r} is known and cannot be written. "
            "Nothing was changed. Record what you want to add under another name."
        )


def _object_of(model: "Model") -> dict[str, Any]:
    return {"object": model.object_sha256, "data_set": model.data_set_id}


def _note(record: Record, fact: dict[str, Any]) -> None:
    key = {"entity": record.__tablename__, "id": record.id}
    with record.connector.transaction() as session:
        session.execute(delete(KNOWN).filter_by(**key))
        session.execute(insert(KNOWN), [key | {"fact": fact}])


def _facts(records: Iterable[Record]) -> dict[int, dict[str, Any]]:
    """The knowledge of records of one entity, by their ids."""
    given = list(records)
    if not given:
        return {}
    query = select(KNOWN.c.id, KNOWN.c.fact).where(
        KNOWN.c.entity == given[0].__tablename__, KNOWN.c.id.in_([each.id for each in given])
    )
    database = given[0].connector.database
    with database.reading() as session:
        found = {row.id: row.fact for row in session.execute(query)}
    if not found:
        database.confirm_empty(query)
    return found
