"""The ledger: runs with their steps, attempts and events; users, tokens, policies, and the audit log."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each table at once, so each looks whether a killed migration has made it."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    for name, parts in _TABLES.items():
        if name not in there:
            op.create_table(name, *parts(), **types.TABLE_OPTIONS)


def _run() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("key", types.Name, nullable=True),
        sa.Column("kind", types.Name, nullable=False),
        sa.Column("title", types.Name, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("arguments", types.JsonValue(), nullable=False),
        sa.Column("result", types.JsonText(), nullable=True),
        sa.Column("error", types.JsonText(), nullable=True),
        sa.Column("created_by", types.Name, nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("cancel_requested_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("key", name=op.f("uq_run_key")),
        sa.Index(op.f("ix_run_state_priority_id"), "state", "priority", "id"),
    ]


def _step() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("run_id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", types.Name, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("arguments", types.JsonValue(), nullable=False),
        sa.Column("outputs", types.JsonText(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", types.Name, nullable=True),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("user_attempts", sa.Integer(), nullable=False),
        sa.Column("infra_attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", types.UtcDateTime(), nullable=True),
        sa.Column("cache_key", sa.String(64), nullable=True),
        sa.Column("progress_what", types.LongText, nullable=False),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_total", sa.BigInteger(), nullable=False),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_step_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step")),
        sa.UniqueConstraint("run_id", "name", name=op.f("uq_step_run_id_name")),
        sa.Index(op.f("ix_step_cache_key"), "cache_key"),
        sa.Index(op.f("ix_step_state_retry_at"), "state", "retry_at"),
    ]


def _attempt() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("step_id", types.Id, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("executor", types.Name, nullable=False),
        sa.Column("external_id", types.Name, nullable=True),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("exit_reason", types.Name, nullable=True),
        sa.Column("error", types.JsonText(), nullable=True),
        sa.Column("peak_bytes", sa.BigInteger(), nullable=True),
        sa.Column("log", types.LongText, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_attempt_step_id_step")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("step_id", "fence", name=op.f("uq_attempt_step_id_fence")),
    ]


def _run_event() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("run_id", types.Id, nullable=False),
        sa.Column("step_id", types.Id, nullable=True),
        sa.Column("kind", types.Name, nullable=False),
        sa.Column("data", types.JsonValue(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_event_run_id_run")),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_run_event_step_id_step")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_event")),
        sa.Index(op.f("ix_run_event_run_id_id"), "run_id", "id"),
        sa.Index(op.f("ix_run_event_step_id"), "step_id"),
    ]


def _user_account() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("password_hash", types.LongText, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("disabled_at", types.UtcDateTime(), nullable=True),
        sa.Column("last_login_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
    ]


def _token() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("user_id", types.Id, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=True),
        sa.Column("expires_at", types.UtcDateTime(), nullable=True),
        sa.Column("last_used_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_token_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_token_secret_sha256")),
        sa.Index(op.f("ix_token_user_id"), "user_id"),
    ]


def _policy() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("text", types.LongText, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_by", types.Name, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
        sa.UniqueConstraint("name", name=op.f("uq_policy_name")),
    ]


def _audit() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("who", types.Name, nullable=False),
        sa.Column("role", sa.String(16), nullable=True),
        sa.Column("action", types.Name, nullable=False),
        sa.Column("entity", types.Name, nullable=True),
        sa.Column("entity_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("detail", types.JsonText(), nullable=True),
        sa.Column("address", types.Name, nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.Index(op.f("ix_audit_entity_entity_id"), "entity", "entity_id"),
    ]


_TABLES = {
    "run": _run,
    "step": _step,
    "attempt": _attempt,
    "run_event": _run_event,
    "user_account": _user_account,
    "token": _token,
    "policy": _policy,
    "audit": _audit,
}
