"""Panels of sources and projects over them; names of snapshots and preparations."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FOREIGN_KEY = "fk_project_panel_id_panel"
_INDEX = "ix_project_panel_id"


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)

    def add_column(table: str, column: sa.Column[object]) -> None:
        if column.name not in {known["name"] for known in inspector.get_columns(table)}:
            op.add_column(table, column)

    add_column("data_snapshot", sa.Column("name", types.Name, nullable=True))
    add_column("data_preparation", sa.Column("name", types.Name, nullable=True))
    if not inspector.has_table("panel"):
        op.create_table(
            "panel", *_columns("panel", sa.Column("name", types.Name, nullable=False)), **types.TABLE_OPTIONS
        )
    if not inspector.has_table("panel_member"):
        op.create_table(
            "panel_member",
            *_columns(
                "panel_member",
                sa.Column("panel_id", types.Id, nullable=False),
                sa.Column("key", types.Name, nullable=False),
                sa.Column("data_source_id", types.Id, nullable=False),
            ),
            sa.ForeignKeyConstraint(
                ["data_source_id"], ["data_source.id"], name=op.f("fk_panel_member_data_source_id_data_source")
            ),
            sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_panel_member_panel_id_panel")),
            sa.UniqueConstraint("panel_id", "key", name=op.f("uq_panel_member_panel_id_key")),
            sa.UniqueConstraint("panel_id", "data_source_id", name=op.f("uq_panel_member_panel_id_data_source_id")),
            sa.Index(op.f("ix_panel_member_data_source_id"), "data_source_id"),
            **types.TABLE_OPTIONS,
        )
    if connection.dialect.name == "sqlite":
        _let_projects_be_over_panels_in_sqlite(connection)
        return
    add_column("project", sa.Column("panel_id", types.Id, nullable=True))
    op.alter_column("project", "data_source_id", existing_type=types.Id, nullable=True)
    inspector.clear_cache()
    if _INDEX not in {each["name"] for each in inspector.get_indexes("project")}:
        op.create_index(op.f(_INDEX), "project", ["panel_id"])
    if _FOREIGN_KEY not in {str(each["name"]) for each in inspector.get_foreign_keys("project")}:
        op.create_foreign_key(op.f(_FOREIGN_KEY), "project", "panel", ["panel_id"], ["id"])


def _columns(table: str, *own: sa.Column[object]) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        *own,
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _let_projects_be_over_panels_in_sqlite(connection: sa.Connection) -> None:
    """SQLite keeps all of it or nothing. It can only make the table anew, and would give ids of deleted ones out again."""
    latest = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'project'"))
    with op.batch_alter_table("project", table_kwargs={"sqlite_autoincrement": True}) as project:
        project.alter_column("data_source_id", existing_type=types.Id, nullable=True)
        project.add_column(sa.Column("panel_id", types.Id, nullable=True))
        project.create_foreign_key(op.f(_FOREIGN_KEY), "panel", ["panel_id"], ["id"])
        project.create_index(op.f(_INDEX), ["panel_id"])
    # What was never given out has no line there; of a table without rows the line is gone with the old table.
    if latest is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'project'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('project', :latest)"), {"latest": latest}
        )
