"""Rules of notifications, and their notices."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    for name, parts in {"notification_rule": _rule, "notice": _notice}.items():
        if name not in there:
            op.create_table(name, *parts(), **types.TABLE_OPTIONS)


def _rule() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("channel", types.Name, nullable=False),
        sa.Column("fallback", types.Name, nullable=True),
        sa.Column("events", types.JsonValue(), nullable=False),
        sa.Column("condition", types.JsonValue(), nullable=False),
        sa.Column("digest_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("seen_event", sa.BigInteger(), nullable=False),
        sa.Column("created_by", types.Name, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_notification_rule_name")),
    ]


def _notice() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("rule_id", types.Id, nullable=False),
        sa.Column("dedupe_key", types.Name, nullable=False),
        sa.Column("run_id", types.Id, nullable=False),
        sa.Column("event", types.Name, nullable=False),
        sa.Column("data", types.JsonValue(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("channel", types.Name, nullable=True),
        sa.Column("error", types.JsonText(), nullable=True),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["notification_rule.id"], name=op.f("fk_notice_rule_id_notification_rule")
        ),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_notice_dedupe_key")),
        sa.Index(op.f("ix_notice_rule_id"), "rule_id"),
        sa.Index(op.f("ix_notice_run_id"), "run_id"),
        sa.Index(op.f("ix_notice_state_due_at"), "state", "due_at"),
    ]
