"""Indexes for lists of models by name and by time."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each index at once, so each looks whether a killed migration has made it."""
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("model")}
    for column in ("name", "created_at", "updated_at"):
        if (name := f"ix_model_{column}_id") not in there:
            op.create_index(op.f(name), "model", [column, "id"])
