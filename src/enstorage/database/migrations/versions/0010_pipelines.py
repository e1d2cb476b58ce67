"""Pipelines and their schedules; the needs of the steps of a run, and their order."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    inspector = sa.inspect(op.get_bind())
    there = set(inspector.get_table_names())
    for name, parts in {"pipeline": _pipeline, "step_need": _step_need, "schedule": _schedule}.items():
        if name not in there:
            op.create_table(name, *parts(), **types.TABLE_OPTIONS)
    for table, columns in _columns().items():
        known = {column["name"] for column in inspector.get_columns(table)}
        for column in columns:
            if column.name not in known:
                op.add_column(table, column)
    for table, wanted in _INDEXES.items():
        made = {index["name"] for index in inspector.get_indexes(table)}
        for indexed in wanted:
            name = f"ix_{table}_{'_'.join(indexed)}"
            if name not in made:
                op.create_index(name, table, list(indexed))
    if "ix_step_state_retry_at" in {index["name"] for index in inspector.get_indexes("step")}:
        op.drop_index("ix_step_state_retry_at", "step")


def _pipeline() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("definition", types.JsonValue(), nullable=False),
        sa.Column("created_by", types.Name, nullable=False),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_pipeline_name_version")),
    ]


def _step_need() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("step_id", types.Id, nullable=False),
        sa.Column("needs_id", types.Id, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_need")),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_step_need_step_id_step")),
        sa.ForeignKeyConstraint(["needs_id"], ["step.id"], name=op.f("fk_step_need_needs_id_step")),
        sa.Index(op.f("ix_step_need_step_id"), "step_id"),
        sa.Index(op.f("ix_step_need_needs_id_step_id"), "needs_id", "step_id"),
    ]


def _schedule() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("pipeline", types.Name, nullable=False),
        sa.Column("parameters", types.JsonValue(), nullable=False),
        sa.Column("cron", types.Name, nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("misfire", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("next_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_by", types.Name, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("name", name=op.f("uq_schedule_name")),
        sa.Index(op.f("ix_schedule_next_at"), "next_at"),
    ]


def _columns() -> dict[str, list[sa.Column[Any]]]:
    return {
        "run": [sa.Column("pipeline_id", types.Id, nullable=True)],
        "step": [
            sa.Column("parent_id", types.Id, nullable=True),
            sa.Column("settings", types.JsonText(), nullable=True),
            sa.Column("may_fail", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("waiting_for", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("queue_rank", sa.BigInteger(), nullable=False, server_default="0"),
        ],
    }


_INDEXES: dict[str, list[tuple[str, ...]]] = {
    "run": [("pipeline_id",)],
    "step": [("parent_id",), ("state", "queue_rank"), ("run_id", "state")],
}
