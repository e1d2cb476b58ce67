"""A SQLite file with damaged pages: `check` finds it, `gc` frees nothing, and nobody reads less than there is."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import noticing
import pytest
from amount import PAGES
from sqlalchemy import select

import enstorage
from enstorage import Connector, Model, Project, Research
from enstorage.database import integrity
from enstorage.entity._record import Record
from enstorage.errors import CorruptError, DatabaseCorruptError

_PAGE = 4096
_PAGES = PAGES or 10
#: A leaf of an index or of a table without entries: whole by its form, but what it held is lost.
_EMPTY = {"index": bytes([10, 0, 0, 0, 0, 0x10, 0, 0]), "table": bytes([13, 0, 0, 0, 0, 0x10, 0, 0])}


@pytest.fixture
def file(filled_folder, tmp_path):
    """The database file of a filled store."""
    return shutil.copytree(filled_folder[0], tmp_path / "store") / "enstorage.sqlite"


def pages(file, kind):
    """The numbers of the pages of all indexes, or of all tables, that hold something, and whose they are."""
    query = (
        "SELECT pageno, d.name FROM dbstat AS d JOIN sqlite_master AS m ON m.name = d.name "
        "WHERE m.type = ? AND ncell > 0 AND d.name NOT LIKE 'sqlite_seq%'"
    )
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query, [kind]).fetchall()


def put(file, page, content):
    with file.open("r+b") as opened:
        opened.seek((page - 1) * _PAGE)
        before = opened.read(_PAGE)
        opened.seek((page - 1) * _PAGE)
        opened.write(content + before[len(content) :])
    return before


def outcome(folder):
    """What is noticed of the store in a folder, see `noticing.outcome`."""
    return noticing.outcome(lambda: Connector.in_folder(folder))


@pytest.mark.slow
def test_every_index_page_that_lost_its_entries_is_noticed_by_check_and_gc_and_readers(file, figures):
    emptied = pages(file, "index")
    assert len(emptied) > 20
    with figures("damage", "SQLite: a page of an index emptied", count=len(emptied), found=len(emptied)):
        for page, name in emptied:
            before = put(file, page, _EMPTY["index"])
            found, freed, answers = outcome(file.parent)
            assert (name, found, freed) == (name, True, False)
            assert [answer for answer in answers if not isinstance(answer, CorruptError)] == []
            put(file, page, before)
        assert enstorage.check(Connector.in_folder(file.parent)) == []


@pytest.mark.slow
def test_a_page_of_a_table_that_lost_its_rows_frees_nothing(file):
    for page, name in pages(file, "table"):
        before = put(file, page, _EMPTY["table"])
        found, freed, _ = outcome(file.parent)
        assert (name, found, freed) == (name, True, False)
        put(file, page, before)
    assert enstorage.check(Connector.in_folder(file.parent)) == []


@pytest.mark.slow
@pytest.mark.parametrize("way", ["random bytes", "zeros"])
def test_random_pages_that_were_overwritten_are_found(file, chance, figures, way):
    whole = outcome(file.parent)
    last = file.stat().st_size // _PAGE
    with figures("damage", f"SQLite: a page overwritten with {way}", count=_PAGES) as row:
        row["found"] = 0
        for _ in range(_PAGES):
            page = chance.randrange(1, last + 1)
            before = put(file, page, chance.randbytes(_PAGE) if way == "random bytes" else bytes(_PAGE))
            found, freed, answers = outcome(file.parent)
            assert not freed
            assert found or answers == whole[2], page  # a page that nothing used
            row["found"] += found
            put(file, page, before)
        row["unharmed"] = _PAGES - row["found"]


def test_a_zeroed_page_within_a_json_text_is_a_finding_of_its_record_and_frees_nothing(file):
    with closing(sqlite3.connect(file)) as connection:
        ((page, name),) = connection.execute("SELECT pageno, name FROM dbstat WHERE pagetype = 'overflow'").fetchall()
    assert name == "ensemble"
    with Connector.in_folder(file.parent) as connector:
        connector.objects.delete(Model.get(1).object_sha256)
    connector.close()
    put(file, page, bytes(_PAGE))
    with Connector.in_folder(file.parent) as connector:
        found = {(each.entity, each.id): each.problem for each in enstorage.check()}
        assert "A record of Ensemble in sqlite:" in found["Ensemble", 1]
        assert "cannot be read" in found["Ensemble", 1]
        assert ("Model", 1) in found  # the others are checked all the same
        before = sorted(connector.objects.hashes())
        with pytest.raises(CorruptError, match=r"A row of ensemble cannot be read.*Nothing was freed"):
            enstorage.gc(delete=True, grace=timedelta(0))
        assert sorted(connector.objects.hashes()) == before
    connector.close()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("known", "fact", '"no end'),
        ("project", "tags", "\0"),
        ("project", "description", "zero \0 byte"),
        ("data_set", "created_at", "yesterday"),
        ("model_meta", "value", ""),
    ],
)
def test_a_value_that_cannot_be_read_is_damage_to_every_reader(file, table, column, value):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = 1", [value])
        connection.commit()
    found, freed, answers = outcome(file.parent)
    assert not freed
    assert found or table == "known"
    assert not [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, CorruptError)]


def test_in_a_large_file_an_empty_answer_is_believed_only_when_indexes_agree_with_their_table(file, monkeypatch):
    monkeypatch.setattr(integrity, "PAGES_READ_AT_ONCE", 0)
    (page,) = (page for page, name in pages(file, "index") if name == "ix_research_project_id")
    put(file, page, _EMPTY["index"])
    with Connector.in_folder(file.parent) as connector:
        assert len(Project.get_list()) == 3
        with pytest.raises(DatabaseCorruptError, match="ix_research_project_id has 0 entries, its table 3 rows"):
            Project.get(1).researches()
    connector.close()


def test_in_a_large_file_a_deletion_rests_on_indexes_that_agree_with_their_tables(file, monkeypatch):
    monkeypatch.setattr(integrity, "PAGES_READ_AT_ONCE", 0)
    (page,) = (page for page, name in pages(file, "index") if name == "ix_ensemble_item_model_id")
    put(file, page, _EMPTY["index"])
    with Connector.in_folder(file.parent) as connector:
        for cascade in (False, True):
            with pytest.raises(DatabaseCorruptError, match="ix_ensemble_item_model_id has 0 entries, its table 3 rows"):
                Model.get(1).delete(cascade=cascade)
        assert len(Model.get(1).metas()) == 2
    connector.close()


def test_in_a_large_file_each_index_that_lost_its_entries_is_told_of_an_empty_answer(file, monkeypatch):
    monkeypatch.setattr(integrity, "PAGES_READ_AT_ONCE", 0)
    with closing(sqlite3.connect(file)) as connection:
        tables = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"))
    emptied = pages(file, "index")
    for page, name in emptied:
        before = put(file, page, _EMPTY["index"])
        connector = Connector.in_folder(file.parent)
        table = Record.metadata.tables.get(tables[name])
        if table is not None:  # that of the version of the tables is none of ours
            with pytest.raises(DatabaseCorruptError, match=f"the index {name} has [0-9]+ entries, its table"):
                connector.database.confirm_empty(select(table))
        connector.close()
        put(file, page, before)


def test_a_count_of_0_is_confirmed_as_an_empty_list_is(file, monkeypatch):
    monkeypatch.setattr(integrity, "PAGES_READ_AT_ONCE", 0)
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'research'").fetchone()
    put(file, page, _EMPTY["table"])
    connector = Connector.in_folder(file.parent)
    with connector, pytest.raises(DatabaseCorruptError, match="has 3 entries, its table 0 rows"):
        Research.count()
    connector.close()


def test_the_version_of_the_tables_that_is_lost_does_not_empty_the_database(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()
    with pytest.raises(DatabaseCorruptError, match="it has records, but the version of its tables is lost"):
        Connector.in_folder(file.parent)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM model").fetchone()[0] > 0


def test_a_description_of_tables_that_is_no_text_any_more_is_damage(file):
    with Connector.in_folder(file.parent) as connector:
        # What SQLite says of it shows the byte, so that the driver cannot read the message.
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA writable_schema=ON")
            broken = "UPDATE sqlite_master SET sql = CAST(X'43524541544520E9' AS TEXT) WHERE name = 'research'"
            connection.execute(broken)
            connection.commit()
        assert connector.database.find_damage() == ["malformed database schema"]
    connector.close()
    with pytest.raises(DatabaseCorruptError, match=r"damaged or no database \(malformed database schema\)"):
        Connector.in_folder(file.parent)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_server_looks_through_its_own_files(filled_store, kind):
    connector = Connector(*filled_store(kind)[0])
    assert connector.database.find_damage() == []
    assert enstorage.check(connector) == []
    connector.close()
