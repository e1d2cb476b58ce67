"""Time zones, anchors and dates of calendars, of sources and snapshots."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    inspector = sa.inspect(op.get_bind())
    for table in ("data_source", "data_snapshot"):
        known = {column["name"] for column in inspector.get_columns(table)}
        for column in (
            sa.Column("time_zone", sa.String(64), nullable=False, server_default="UTC"),
            sa.Column("anchor", sa.String(40), nullable=True),
            sa.Column("dates", types.JsonText(), nullable=True),
        ):
            if column.name not in known:
                op.add_column(table, column)
