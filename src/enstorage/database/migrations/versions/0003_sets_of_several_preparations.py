"""Preparations of a data set that was made of several."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so it looks whether a killed migration has done it."""
    if sa.inspect(op.get_bind()).has_table("data_set_input"):
        return
    op.create_table(
        "data_set_input",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("data_set_id", types.Id, nullable=False),
        sa.Column("data_preparation_id", types.Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["data_preparation_id"],
            ["data_preparation.id"],
            name=op.f("fk_data_set_input_data_preparation_id_data_preparation"),
        ),
        sa.ForeignKeyConstraint(["data_set_id"], ["data_set.id"], name=op.f("fk_data_set_input_data_set_id_data_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_set_input")),
        sa.UniqueConstraint(
            "data_set_id", "data_preparation_id", name=op.f("uq_data_set_input_data_set_id_data_preparation_id")
        ),
        sa.Index(op.f("ix_data_set_input_data_preparation_id"), "data_preparation_id"),
        **types.TABLE_OPTIONS,
    )
