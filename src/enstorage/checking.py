"""`check`: whether everything in a store is whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from enstorage.connector import bound_to
from enstorage.entity import ENTITIES
from enstorage.entity._record import Record
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_set import DataSet
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.model import Model
from enstorage.errors import CorruptError, EnstorageError
from enstorage.objects.table import content_sha256

if TYPE_CHECKING:
    from enstorage.connector import Connector


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was stored.

    Attributes:
        entity: class of the record, such as "DataSnapshot".
        id: of the record.
        problem: what is wrong and what to do.
    """

    entity: str
    id: int
    problem: str


def check(connector: "Connector | None" = None) -> list[Finding]:
    """Read everything that is stored and compare every hash, reference and row count.

    Returns:
        What is wrong, nothing for a whole store.
    """
    with bound_to(connector):
        return list(_findings())


def _findings() -> Iterator[Finding]:
    for entity in ENTITIES:
        for record in entity._select(select(entity).order_by(entity.id)):  # with what is in the trash
            try:
                _check_references(record)
                _check_content(record)
            except EnstorageError as error:
                yield Finding(entity.__name__, record.id, str(error))


def _check_references(record: Record) -> None:
    tables = {entity.__tablename__: entity for entity in ENTITIES}
    for column in record.__table__.columns:
        id = getattr(record, column.key)
        for key in column.foreign_keys if id is not None else ():
            tables[key.column.table.name].get(id)


def _check_content(record: Record) -> None:
    match record:
        case DataCsv():
            rows = record.table().height
            if rows != record.rows:
                raise CorruptError(f"{record} has {rows} rows, {record.rows} were stored. Restore it from a backup.")
        case DataSnapshot() if content_sha256(record.data_csv.table()) != record.sha256:
            raise CorruptError(f"The rows of {record} have another hash than when it was taken. Restore a backup.")
        case DataPreparation():
            record.prepare()
        case DataSet():
            record.verify()
        case Model() | Ensemble() if record.object_sha256 is not None:
            record.connector.objects.get(record.object_sha256)
