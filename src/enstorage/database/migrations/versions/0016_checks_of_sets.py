"""The checks of the values of data sets."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so it looks whether a killed migration has done it."""
    columns = sa.inspect(op.get_bind()).get_columns("data_set")
    if "check_result" not in {known["name"] for known in columns}:
        op.add_column("data_set", sa.Column("check_result", types.JsonText(), nullable=True))
