"""The completeness of the buckets of a snapshot."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so it looks whether a killed migration has done it."""
    columns = sa.inspect(op.get_bind()).get_columns("data_snapshot")
    if "completeness" not in {known["name"] for known in columns}:
        op.add_column("data_snapshot", sa.Column("completeness", types.JsonText(), nullable=True))
