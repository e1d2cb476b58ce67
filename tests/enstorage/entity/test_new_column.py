"""A new column of `Model` takes the entity, the migration and the reference: all else derives from the entity."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import enstorage

COLUMN = """
    origin_note: Mapped[str | None] = mapped_column(
        String(64), info=facts("Where the model comes from.", written_later=True, canonical=str.strip)
    )

    def __init__(
"""

MIGRATION = '''"""A note on where a model comes from."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {before!r}


def upgrade() -> None:
    op.add_column("model", sa.Column("origin_note", sa.String(64), nullable=True))
'''

USE = """
from enstorage import Connector, DataSource, Model, Project, compare, export_project, import_bundle
from enstorage.errors import InvalidInputError
from enmyadmin.commands.entities import list_entities
from pathlib import Path

with Connector.in_folder("one") as one:
    research = Project(name="p", data_source=DataSource(name="s")).save().create_research("r")
    model, other = research.create_model("a"), research.create_model("b")
    export_project(research.project, "early.enz")
    model.origin_note = "a colleague"
    model.save()
    assert Model.find("origin_note like 'a %'") == [model]
    assert compare([model, other]).differing["origin_note"] == ("a colleague", None)
    export_project(research.project, "late.enz")
    other.origin_note = " not as it is kept "
    other.save()
    try:
        export_project(research.project, "wrong.enz")
        raise AssertionError("a bundle takes any value")
    except Exception as error:
        assert "origin_note" in str(error), error
with Connector.in_folder("two") as two:
    import_bundle("early.enz")
    import_bundle("late.enz")
    assert Model.get(1).origin_note == "a colleague"
    list_entities("model", store=Path("two"))
"""


@pytest.mark.long
def test_a_column_of_model_is_listed_found_compared_checked_and_filled_in(tmp_path):
    package = Path(enstorage.__file__).parent
    copy = shutil.copytree(package, tmp_path / "enstorage", ignore=shutil.ignore_patterns("__pycache__"))
    entity, versions = copy / "entity" / "model.py", copy / "database" / "migrations" / "versions"
    text = entity.read_text(encoding="utf-8")
    entity.write_text(text.replace("\n    def __init__(\n", COLUMN, 1), encoding="utf-8")
    before = max(path.name for path in versions.glob("[0-9]*.py"))[:4]
    (versions / "9999_note.py").write_text(MIGRATION.format(before=before), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "origin_note" in done.stdout
    assert "a colleague" in done.stdout
