"""The first tables."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "data_csv",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("columns", types.JsonValue(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_csv")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_data_csv_sha256"), "data_csv", ["sha256"], unique=False)

    op.create_table(
        "data_source",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("time_from", sa.BigInteger(), nullable=True),
        sa.Column("time_to", sa.BigInteger(), nullable=True),
        sa.Column("time_interval", sa.String(length=32), nullable=True),
        sa.Column("aggregate", sa.String(length=16), nullable=False),
        sa.Column("unit", types.Name, nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_source")),
        **types.TABLE_OPTIONS,
    )
    op.create_table(
        "data_snapshot",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("data_source_id", types.Id, nullable=False),
        sa.Column("data_csv_id", types.Id, nullable=False),
        sa.Column("time_from", sa.BigInteger(), nullable=False),
        sa.Column("time_to", sa.BigInteger(), nullable=False),
        sa.Column("time_interval", sa.String(length=32), nullable=True),
        sa.Column("aggregate", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("empty_rows", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["data_csv_id"], ["data_csv.id"], name=op.f("fk_data_snapshot_data_csv_id_data_csv")),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_data_snapshot_data_source_id_data_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_snapshot")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_data_snapshot_data_source_id"), "data_snapshot", ["data_source_id"], unique=False)

    op.create_table(
        "project",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("data_source_id", types.Id, nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_project_data_source_id_data_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_project_data_source_id"), "project", ["data_source_id"], unique=False)

    op.create_table(
        "data_preparation",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("data_snapshot_id", types.Id, nullable=False),
        sa.Column("data_csv_id", types.Id, nullable=False),
        sa.Column("clean_method", sa.String(length=64), nullable=False),
        sa.Column("transform_method", sa.String(length=255), nullable=False),
        sa.Column("train_part", sa.Double(), nullable=False),
        sa.Column("valid_part", sa.Double(), nullable=False),
        sa.Column("test_part", sa.Double(), nullable=False),
        sa.Column("split", sa.String(length=16), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("state", types.JsonValue(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["data_csv_id"], ["data_csv.id"], name=op.f("fk_data_preparation_data_csv_id_data_csv")
        ),
        sa.ForeignKeyConstraint(
            ["data_snapshot_id"], ["data_snapshot.id"], name=op.f("fk_data_preparation_data_snapshot_id_data_snapshot")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_preparation")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(
        op.f("ix_data_preparation_data_snapshot_id"), "data_preparation", ["data_snapshot_id"], unique=False
    )

    op.create_table(
        "ensemble",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("project_id", types.Id, nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("metamodel", sa.String(length=255), nullable=True),
        sa.Column("fit_on", sa.String(length=16), nullable=True),
        sa.Column("object_sha256", sa.String(length=64), nullable=True),
        sa.Column("object_format", sa.String(length=32), nullable=True),
        sa.Column("data_csv_id", types.Id, nullable=True),
        sa.Column("result", types.JsonText(), nullable=True),
        sa.Column("rendered_at", types.UtcDateTime(), nullable=True),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["data_csv_id"], ["data_csv.id"], name=op.f("fk_ensemble_data_csv_id_data_csv")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_ensemble_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ensemble")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_ensemble_object_sha256"), "ensemble", ["object_sha256"], unique=False)
    op.create_index(op.f("ix_ensemble_project_id"), "ensemble", ["project_id"], unique=False)

    op.create_table(
        "data_set",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("data_preparation_id", types.Id, nullable=True),
        sa.Column("data_csv_id", types.Id, nullable=False),
        sa.Column("adapter", types.JsonValue(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("lost", types.JsonValue(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["data_csv_id"], ["data_csv.id"], name=op.f("fk_data_set_data_csv_id_data_csv")),
        sa.ForeignKeyConstraint(
            ["data_preparation_id"],
            ["data_preparation.id"],
            name=op.f("fk_data_set_data_preparation_id_data_preparation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_set")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_data_set_data_preparation_id"), "data_set", ["data_preparation_id"], unique=False)

    op.create_table(
        "research",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("project_id", types.Id, nullable=False),
        sa.Column("data_preparation_id", types.Id, nullable=True),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["data_preparation_id"],
            ["data_preparation.id"],
            name=op.f("fk_research_data_preparation_id_data_preparation"),
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_research_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_research_data_preparation_id"), "research", ["data_preparation_id"], unique=False)
    op.create_index(op.f("ix_research_project_id"), "research", ["project_id"], unique=False)

    op.create_table(
        "model",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("research_id", types.Id, nullable=False),
        sa.Column("network", types.JsonText(), nullable=True),
        sa.Column("data_set_id", types.Id, nullable=True),
        sa.Column("object_sha256", sa.String(length=64), nullable=True),
        sa.Column("object_format", sa.String(length=32), nullable=True),
        sa.Column("object_bytes", sa.BigInteger(), nullable=True),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["data_set_id"], ["data_set.id"], name=op.f("fk_model_data_set_id_data_set")),
        sa.ForeignKeyConstraint(["research_id"], ["research.id"], name=op.f("fk_model_research_id_research")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_model_data_set_id"), "model", ["data_set_id"], unique=False)
    op.create_index(op.f("ix_model_object_sha256"), "model", ["object_sha256"], unique=False)
    op.create_index(op.f("ix_model_research_id"), "model", ["research_id"], unique=False)

    op.create_table(
        "ensemble_item",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("ensemble_id", types.Id, nullable=False),
        sa.Column("model_id", types.Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("properties", types.JsonText(), nullable=False),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["ensemble_id"], ["ensemble.id"], name=op.f("fk_ensemble_item_ensemble_id_ensemble")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_ensemble_item_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ensemble_item")),
        sa.UniqueConstraint("ensemble_id", "model_id", name=op.f("uq_ensemble_item_ensemble_id_model_id")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_ensemble_item_model_id"), "ensemble_item", ["model_id"], unique=False)

    op.create_table(
        "forecast",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("model_id", types.Id, nullable=True),
        sa.Column("ensemble_id", types.Id, nullable=True),
        sa.Column("data_csv_id", types.Id, nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("object_sha256", sa.String(length=64), nullable=True),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["data_csv_id"], ["data_csv.id"], name=op.f("fk_forecast_data_csv_id_data_csv")),
        sa.ForeignKeyConstraint(["ensemble_id"], ["ensemble.id"], name=op.f("fk_forecast_ensemble_id_ensemble")),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_forecast_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(op.f("ix_forecast_ensemble_id"), "forecast", ["ensemble_id"], unique=False)
    op.create_index(op.f("ix_forecast_model_id"), "forecast", ["model_id"], unique=False)

    op.create_table(
        "model_meta",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("model_id", types.Id, nullable=False),
        sa.Column("key", types.Name, nullable=False),
        sa.Column("value", types.JsonValue(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("label", types.Name, nullable=True),
        sa.Column("description", types.LongText, nullable=False),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_model_meta_model_id_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_meta")),
        sa.UniqueConstraint("model_id", "key", name=op.f("uq_model_meta_model_id_key")),
        **types.TABLE_OPTIONS,
    )
    op.create_index(
        op.f("ix_model_meta_key_number_label_deleted_at_model_id"),
        "model_meta",
        ["key", "number", "label", "deleted_at", "model_id"],
        unique=False,
    )
