"""The columns that refer to objects, and the objects that rows refer to."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Table, select
from sqlalchemy.orm import Session

from enstorage.database.types import ObjectHash
from enstorage.entity._record import Record


def hash_columns() -> "list[Column[Any]]":
    """Every column that keeps an object alive."""
    tables: list[Table] = Record.metadata.sorted_tables
    return [column for table in tables for column in table.columns if isinstance(column.type, ObjectHash)]


def referred_to(session: Session, among: Collection[str]) -> set[str]:
    """The objects, among the given ones, that a row refers to."""
    return {
        sha256 for column in hash_columns() for sha256 in session.scalars(select(column).where(column.in_(list(among))))
    }
