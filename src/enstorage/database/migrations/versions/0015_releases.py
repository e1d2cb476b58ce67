"""The model registry with its evaluations, and what is known of versions in use."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    for name, parts in _TABLES.items():
        if name not in there:
            op.create_table(name, *_row(name), *parts(), **types.TABLE_OPTIONS)


def _row(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", types.Id, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    ]


def _key(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def _registered_model() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("name", types.Name, nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("gates", types.JsonValue(), nullable=False),
        sa.Column("created_by", types.Name, nullable=False),
        sa.UniqueConstraint("name", name=op.f("uq_registered_model_name")),
    ]


def _model_version() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("registered_id", types.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(16), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("parameters", types.JsonValue(), nullable=False),
        sa.Column("inputs", types.JsonValue(), nullable=False),
        sa.Column("metrics", types.JsonValue(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("created_by", types.Name, nullable=False),
        _key("model_version", "registered_id", "registered_model"),
        sa.UniqueConstraint("registered_id", "version", name=op.f("uq_model_version_registered_id_version")),
        sa.Index(op.f("ix_model_version_entity_entity_id"), "entity", "entity_id"),
    ]


def _model_alias() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("registered_id", types.Id, nullable=False),
        sa.Column("alias", types.Name, nullable=False),
        sa.Column("version_id", types.Id, nullable=False),
        _key("model_alias", "registered_id", "registered_model"),
        _key("model_alias", "version_id", "model_version"),
        sa.UniqueConstraint("registered_id", "alias", name=op.f("uq_model_alias_registered_id_alias")),
        sa.Index(op.f("ix_model_alias_version_id"), "version_id"),
    ]


def _alias_change() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("registered_id", types.Id, nullable=False),
        sa.Column("alias", types.Name, nullable=False),
        sa.Column("from_version_id", types.Id, nullable=True),
        sa.Column("to_version_id", types.Id, nullable=True),
        sa.Column("reason", types.Name, nullable=False),
        sa.Column("remark", types.LongText, nullable=False),
        sa.Column("changed_by", types.Name, nullable=False),
        _key("alias_change", "registered_id", "registered_model"),
        sa.Index(op.f("ix_alias_change_registered_id"), "registered_id"),
    ]


def _version_evaluation() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("version_id", types.Id, nullable=False),
        sa.Column("against_id", types.Id, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("gates", types.JsonValue(), nullable=False),
        sa.Column("report", types.JsonText(), nullable=True),
        sa.Column("error", types.JsonText(), nullable=True),
        sa.Column("created_by", types.Name, nullable=False),
        _key("version_evaluation", "version_id", "model_version"),
        sa.Index(op.f("ix_version_evaluation_version_id"), "version_id"),
    ]


def _issued_forecast() -> list[sa.schema.SchemaItem]:
    unique = ("version_id", "series", "target", "step")
    return [
        sa.Column("version_id", types.Id, nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        _key("issued_forecast", "version_id", "model_version"),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_issued_forecast_{'_'.join(unique)}")),
    ]


def _feedback() -> list[sa.schema.SchemaItem]:
    unique = ("registered_id", "series", "target", "kind", "given_by")
    return [
        sa.Column("registered_id", types.Id, nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("verdict", sa.String(16), nullable=True),
        sa.Column("remark", types.LongText, nullable=False),
        sa.Column("given_by", types.Name, nullable=False),
        _key("feedback", "registered_id", "registered_model"),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_feedback_{'_'.join(unique)}")),
    ]


def _observation() -> list[sa.schema.SchemaItem]:
    unique = ("version_id", "kind", "series", "time_to")
    return [
        sa.Column("registered_id", types.Id, nullable=False),
        sa.Column("version_id", types.Id, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("time_from", sa.BigInteger(), nullable=False),
        sa.Column("time_to", sa.BigInteger(), nullable=False),
        sa.Column("statistics", types.JsonValue(), nullable=False),
        sa.Column("exceeded", sa.Boolean(), nullable=False),
        _key("observation", "registered_id", "registered_model"),
        _key("observation", "version_id", "model_version"),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_observation_{'_'.join(unique)}")),
        sa.Index(op.f("ix_observation_registered_id"), "registered_id"),
    ]


def _monitor_alert() -> list[sa.schema.SchemaItem]:
    unique = ("version_id", "kind", "series", "time_to")
    return [
        sa.Column("registered_id", types.Id, nullable=False),
        sa.Column("version_id", types.Id, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("time_to", sa.BigInteger(), nullable=False),
        sa.Column("message", types.LongText, nullable=False),
        sa.Column("proposal", sa.String(16), nullable=False),
        sa.Column("data", types.JsonValue(), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(), nullable=True),
        sa.Column("closed_by", types.Name, nullable=True),
        _key("monitor_alert", "registered_id", "registered_model"),
        _key("monitor_alert", "version_id", "model_version"),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_monitor_alert_{'_'.join(unique)}")),
        sa.Index(op.f("ix_monitor_alert_registered_id_id"), "registered_id", "id"),
    ]


def _sink_delivery() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("sink", types.Name, nullable=False),
        sa.Column("target", types.Name, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", types.UtcDateTime(), nullable=True),
        sa.UniqueConstraint("key", name=op.f("uq_sink_delivery_key")),
    ]


_TABLES = {
    "registered_model": _registered_model,
    "model_version": _model_version,
    "model_alias": _model_alias,
    "alias_change": _alias_change,
    "version_evaluation": _version_evaluation,
    "issued_forecast": _issued_forecast,
    "feedback": _feedback,
    "observation": _observation,
    "monitor_alert": _monitor_alert,
    "sink_delivery": _sink_delivery,
}
