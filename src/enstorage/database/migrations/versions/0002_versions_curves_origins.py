"""Versions beside snapshots, curves of models, the name of the store, where imported records come from."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    inspector = sa.inspect(op.get_bind())

    def add_column(table: str, column: sa.Column[object]) -> None:
        if column.name not in {known["name"] for known in inspector.get_columns(table)}:
            op.add_column(table, column)

    add_column("data_snapshot", sa.Column("series_version", sa.BigInteger(), nullable=True))
    add_column("data_csv", sa.Column("local_ids", types.JsonText(), nullable=True))
    if not inspector.has_table("model_curve"):
        op.create_table(
            "model_curve",
            sa.Column("id", types.Id, nullable=False),
            sa.Column("model_id", types.Id, nullable=False),
            sa.Column("rows", sa.BigInteger(), nullable=False),
            sa.Column("data", types.Blob, nullable=False),
            sa.Column("description", types.LongText, nullable=False),
            sa.Column("tags", types.JsonText(), nullable=False),
            sa.Column("created_at", types.UtcDateTime(), nullable=False),
            sa.Column("updated_at", types.UtcDateTime(), nullable=False),
            sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
            sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_model_curve_model_id_model")),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_model_curve")),
            sa.Index(op.f("ix_model_curve_model_id"), "model_id"),
            **types.TABLE_OPTIONS,
        )
    if not inspector.has_table("origin"):
        op.create_table(
            "origin",
            sa.Column("entity", sa.String(length=32), nullable=False),
            sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
            sa.Column("store", sa.String(length=32), nullable=False),
            sa.Column("id_there", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint("entity", "id", name=op.f("pk_origin")),
            sa.UniqueConstraint("store", "entity", "id_there", name=op.f("uq_origin_store_entity_id_there")),
            **types.TABLE_OPTIONS,
        )
    if not inspector.has_table("store"):
        op.create_table(
            "store",
            sa.Column("uuid", sa.String(length=32), nullable=False),
            sa.Column("created_at", types.UtcDateTime(), nullable=False),
            sa.PrimaryKeyConstraint("uuid", name=op.f("pk_store")),
            **types.TABLE_OPTIONS,
        )
    store = sa.table("store", sa.column("uuid"), sa.column("created_at", types.UtcDateTime()))
    if op.get_bind().execute(sa.select(store.c.uuid)).first() is None:
        op.execute(store.insert().values(uuid=uuid4().hex, created_at=datetime.now(UTC)))
