"""What the method of an ensemble was told, ensembles as members, and whether a snapshot is still what the source holds."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)

    def add_column(table: str, column: sa.Column[object]) -> None:
        if column.name not in {known["name"] for known in inspector.get_columns(table)}:
            op.add_column(table, column)

    add_column("ensemble", sa.Column("parameters", types.JsonText(), nullable=True))
    add_column("data_snapshot", sa.Column("checked_at", types.UtcDateTime(), nullable=True))
    add_column("data_snapshot", sa.Column("check_result", types.JsonText(), nullable=True))
    if "member_id" in {known["name"] for known in inspector.get_columns("ensemble_item")}:
        return
    latest = _latest_id(connection)
    # SQLite can only make the table anew, and would give ids of deleted items out again.
    with op.batch_alter_table("ensemble_item", table_kwargs={"sqlite_autoincrement": True}) as items:
        items.alter_column("model_id", existing_type=types.Id, nullable=True)
        items.add_column(sa.Column("member_id", types.Id, nullable=True))
        items.create_foreign_key(op.f("fk_ensemble_item_member_id_ensemble"), "ensemble", ["member_id"], ["id"])
        items.create_unique_constraint(op.f("uq_ensemble_item_ensemble_id_member_id"), ["ensemble_id", "member_id"])
        items.create_index(op.f("ix_ensemble_item_member_id"), ["member_id"])
    if latest is not None:
        connection.execute(
            sa.text("UPDATE sqlite_sequence SET seq = :latest WHERE name = 'ensemble_item'"), {"latest": latest}
        )


def _latest_id(connection: sa.Connection) -> int | None:
    """The highest id that SQLite has given out; None where there is none, or for another database."""
    if connection.dialect.name != "sqlite":
        return None
    latest: int | None = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'ensemble_item'"))
    return latest
