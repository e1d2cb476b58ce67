"""The dispatchers that are at work."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so it looks whether a killed migration has done it."""
    if "dispatcher" in sa.inspect(op.get_bind()).get_table_names():
        return
    op.create_table(
        "dispatcher",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("owner", types.Name, nullable=False),
        sa.Column("program", types.Name, nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("heartbeat_at", types.UtcDateTime(), nullable=False),
        sa.Column("stop_by", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatcher")),
        sa.UniqueConstraint("owner", name=op.f("uq_dispatcher_owner")),
        **types.TABLE_OPTIONS,
    )
