"""What the method of an ensemble was told."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so it looks whether a killed migration has done it."""
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("ensemble")}
    if "parameters" not in known:
        op.add_column("ensemble", sa.Column("parameters", types.JsonText(), nullable=True))
