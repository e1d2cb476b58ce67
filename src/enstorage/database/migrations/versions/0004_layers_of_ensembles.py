"""Parameters of an ensemble's method and how it was chosen; ensembles as members; whether a snapshot is still true."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UNIQUE = "uq_ensemble_item_ensemble_id_member_id"
_FOREIGN_KEY = "fk_ensemble_item_member_id_ensemble"


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)

    def add_column(table: str, column: sa.Column[object]) -> None:
        if column.name not in {known["name"] for known in inspector.get_columns(table)}:
            op.add_column(table, column)

    add_column("ensemble", sa.Column("parameters", types.JsonText(), nullable=True))
    add_column("ensemble", sa.Column("formed", types.JsonText(), nullable=True))
    add_column("data_snapshot", sa.Column("checked_at", types.UtcDateTime(), nullable=True))
    add_column("data_snapshot", sa.Column("check_result", types.JsonText(), nullable=True))
    if connection.dialect.name == "sqlite":
        _let_ensembles_be_members_in_sqlite(connection)
        return
    add_column("ensemble_item", sa.Column("member_id", types.Id, nullable=True))
    op.alter_column("ensemble_item", "model_id", existing_type=types.Id, nullable=True)
    inspector.clear_cache()
    known = {each["name"] for each in inspector.get_indexes("ensemble_item")}
    if "ix_ensemble_item_member_id" not in known:
        op.create_index(op.f("ix_ensemble_item_member_id"), "ensemble_item", ["member_id"])
    known = {str(each["name"]) for each in inspector.get_unique_constraints("ensemble_item")}
    if _UNIQUE not in known:
        op.create_unique_constraint(op.f(_UNIQUE), "ensemble_item", ["ensemble_id", "member_id"])
    known = {str(each["name"]) for each in inspector.get_foreign_keys("ensemble_item")}
    if _FOREIGN_KEY not in known:
        op.create_foreign_key(op.f(_FOREIGN_KEY), "ensemble_item", "ensemble", ["member_id"], ["id"])


def _let_ensembles_be_members_in_sqlite(connection: sa.Connection) -> None:
    """SQLite keeps all of it or nothing, and can only make the table anew: it would give ids of deleted items out again."""
    latest = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'ensemble_item'"))
    with op.batch_alter_table("ensemble_item", table_kwargs={"sqlite_autoincrement": True}) as items:
        items.alter_column("model_id", existing_type=types.Id, nullable=True)
        items.add_column(sa.Column("member_id", types.Id, nullable=True))
        items.create_foreign_key(op.f(_FOREIGN_KEY), "ensemble", ["member_id"], ["id"])
        items.create_unique_constraint(op.f(_UNIQUE), ["ensemble_id", "member_id"])
        items.create_index(op.f("ix_ensemble_item_member_id"), ["member_id"])
    # What was never given out has no line there; of a table without rows the line is gone with the old table.
    if latest is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'ensemble_item'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('ensemble_item', :latest)"), {"latest": latest}
        )
