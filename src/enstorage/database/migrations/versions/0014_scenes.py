"""Scenes with their bands, and the panels that were made from them."""

import sqlalchemy as sa
from alembic import op

from enstorage.database import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. MySQL keeps each step at once, so each looks whether a killed migration has done it."""
    there = set(sa.inspect(op.get_bind()).get_table_names())
    for name, parts in {"scene": _scene, "scene_band": _scene_band, "panel_scene": _panel_scene}.items():
        if name not in there:
            op.create_table(name, *_columns(name, *parts()), **types.TABLE_OPTIONS)


def _scene() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("name", types.Name, nullable=False),
        sa.Column("collection", types.Name, nullable=False),
        sa.Column("item", types.Name, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        *(sa.Column(bound, sa.Double(), nullable=False) for bound in ("west", "south", "east", "north")),
        sa.Column("footprint", types.JsonText(), nullable=True),
        sa.Column("cloud_share", sa.Double(), nullable=True),
        sa.Column("baseline", types.Name, nullable=True),
        sa.Column("crs", types.Name, nullable=True),
        sa.Column("checks", types.JsonValue(), nullable=False),
        sa.Column("quarantine", types.LongText, nullable=True),
        sa.Index(op.f("ix_scene_item"), "item"),
        sa.Index(op.f("ix_scene_time"), "time"),
    ]


def _scene_band() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("scene_id", types.Id, nullable=False),
        sa.Column("name", types.Name, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("raster", types.JsonValue(), nullable=False),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_scene_band_scene_id_scene")),
        sa.UniqueConstraint("scene_id", "name", name=op.f("uq_scene_band_scene_id_name")),
        sa.Index(op.f("ix_scene_band_sha256"), "sha256"),
    ]


def _panel_scene() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("panel_id", types.Id, nullable=False),
        sa.Column("scene_id", types.Id, nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_panel_scene_panel_id_panel")),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"], name=op.f("fk_panel_scene_scene_id_scene")),
        sa.UniqueConstraint("panel_id", "scene_id", name=op.f("uq_panel_scene_panel_id_scene_id")),
        sa.Index(op.f("ix_panel_scene_scene_id"), "scene_id"),
    ]


def _columns(table: str, *own: sa.schema.SchemaItem) -> list[sa.schema.SchemaItem]:
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
