"""Knowledge of trainings and forecasts that were made here. Of what is there already nothing is known."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so it looks whether a killed migration has done it."""
    if sa.inspect(op.get_bind()).has_table("known"):
        return
    op.create_table(
        "known",
        sa.Column("entity", sa.String(32), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fact", types.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "id", name=op.f("pk_known")),
        **types.TABLE_OPTIONS,
    )
