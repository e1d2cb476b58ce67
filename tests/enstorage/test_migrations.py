"""The tables that the migrations make are the tables that the entities expect."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from enstorage import Connector
from enstorage.database.schema import HEAD_REVISION, REVISIONS
from enstorage.entity import ENTITIES
from enstorage.entity._record import Record
from enstorage.errors import UpgradeError


def test_the_head_revision_is_that_of_alembic():
    config = Config()
    config.set_main_option("script_location", "enstorage:database/migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD_REVISION]
    assert [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()] == list(REVISIONS[::-1])


def test_a_migrated_store_has_exactly_the_tables_of_the_entities(store):
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Record.metadata) == []
        assert context.get_current_revision() == HEAD_REVISION
        for entity in ENTITIES:  # what Alembic does not compare
            table = entity.__tablename__
            made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
            assert "AUTOINCREMENT" in made.scalar_one()


def test_the_store_waits_for_writers_and_keeps_references(wait_for_the_disk, store):
    with store.database.engine.connect() as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 60_000}


def test_a_store_of_another_version_is_refused_and_left_alone(store, sunspots, tmp_path):
    with store.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(UpgradeError, match=rf"has schema 9999; .* knows {HEAD_REVISION} and older\. .*newer enstorage"):
        Connector.in_folder(tmp_path / "store")
    with store.database.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
        assert connection.execute(text("SELECT count(*) FROM data_source")).scalar_one() == 1
