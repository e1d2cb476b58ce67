"""An import that is broken off leaves nothing, and the next one brings everything."""

import subprocess
import sys
from datetime import timedelta
from textwrap import dedent

import pytest

import enstorage
from enstorage import Connector, DataSource, Project, check
from enstorage.bundle import import_bundle as importing
from enstorage.bundle.merge import write as storing
from enstorage.errors import CorruptError, StoreError

#: Where to stop: the module, and the function at whose beginning the process ends.
MOMENTS = {
    "before anything": (importing, "_put_objects"),
    "with some objects": (enstorage.Connector, "transaction"),
    "with an id for the source": (importing, "_write_points"),
    "with points": (importing, "store_records"),
    "among the records": (storing, "_note_origins"),
    "before the commit": (storing, "_fill_known"),
}


@pytest.fixture
def left(census):
    """A function that gives what is left in a store, without objects, to which nothing refers."""

    def left(connector):
        return {name: count for name, count in census(connector).items() if count and name != "objects"}

    return left


def test_gc_beside_an_import_takes_none_of_its_points(bundle, another_store, monkeypatch):
    other, write = another_store(), importing._write_points
    freed = []

    def write_and_free(*arguments):
        written = write(*arguments)
        if not other.database.in_transaction:
            freed.append(enstorage.gc(other, delete=True))
        return written

    monkeypatch.setattr(importing, "_write_points", write_and_free)
    enstorage.import_bundle(bundle, other)
    assert [each.count for each in freed[0].garbage if each.kind == "points"] == [40]
    (source,) = DataSource.get_list(connector=other)
    assert len(source.read()[0]) == 40
    assert check(other) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_error_at_any_moment_leaves_nothing(bundle, another_store, monkeypatch, left, moment):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    other = another_store()
    with monkeypatch.context() as patched:
        patched.setattr(*MOMENTS[moment], stop)
        with pytest.raises(KeyboardInterrupt):
            enstorage.import_bundle(bundle, other)
    assert left(other) == {}
    assert [len(other.series.read(id)[0]) for id in range(5)] == [0] * 5
    source = DataSource(name="the next one", connector=other).save()
    assert len(source.read()[0]) == 0
    enstorage.import_bundle(bundle, other)
    assert check(other) == []


_KILLED = """
    import os, sys
    from enstorage import Connector, import_bundle
    from enstorage.bundle import import_bundle as importing
    from enstorage.bundle.merge import write as storing
    function = getattr({module}, {name!r})
    def stop(*arguments, **options):
        if {after}:
            function(*arguments, **options)
        os._exit(9)
    setattr({module}, {name!r}, stop)
    import_bundle(sys.argv[2], Connector.in_folder(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "after"),
    [
        ("importing", "_write_points", True),
        ("importing", "store_records", True),
        ("importing", "_report", False),
    ],
    ids=["with points", "before the commit", "after the commit"],
)
@pytest.mark.long
def test_a_killed_import_is_there_whole_or_not_at_all(
    store, bundle, another_store, left, tmp_path, module, name, after
):
    other = another_store()
    other.close()
    folder = str(other.database.url.database).removesuffix("/enstorage.sqlite")
    code = dedent(_KILLED).format(module=module, name=name, after=after)
    done = subprocess.run(
        [sys.executable, "-c", code, folder, str(bundle)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    opened = Connector.in_folder(folder)
    if name == "_report":
        assert left(opened)["Model"] == 4
        assert enstorage.import_bundle(bundle, opened).new == {}
    else:
        assert left(opened) == {}
        assert len(DataSource(name="the next one", connector=opened).save().read()[0]) == 0
        assert enstorage.import_bundle(bundle, opened).points == 40
    assert check(opened) == []
    assert len(Project.find("name = 'Sun ☀'", connector=opened)[0].data_source.read()[0]) == 40
    opened.close()


def test_two_imports_at_once_make_one_project(bundle, another_store, monkeypatch):
    """The second one finds, when it may write at last, that everything is there."""
    other = another_store()
    write, done = importing._write_points, []

    def overtaken(*arguments):
        if not done:
            done.append(True)
            done.append(enstorage.import_bundle(bundle, other))
        return write(*arguments)

    monkeypatch.setattr(importing, "_write_points", overtaken)
    imported = enstorage.import_bundle(bundle, other)
    assert done[1].points == 40
    assert (imported.new, imported.points, imported.project) == ({}, 0, done[1].project)
    assert len(Project.get_list(connector=other)) == 1
    assert [len(other.series.read(id)[0]) for id in range(5)].count(40) == 1
    assert check(other) == []


def test_gc_takes_nothing_away_from_an_import(bundle, another_store, monkeypatch):
    """Objects and points that no record tells of yet are garbage to it."""
    other = another_store()
    write, store_records = importing._write_points, importing.store_records

    def swept(*arguments):
        count = write(*arguments)
        if not other.database.in_transaction:
            sweep = enstorage.gc(other, delete=True, grace=timedelta(0))
            freed = {each.kind: each.count for each in sweep.garbage}
            assert (freed["objects"], freed["points"]) == (23, count)
        return count

    def swept_at_last(session, *arguments):
        store_records(session, *arguments)
        gone = list(other.objects.hashes())
        session.info.setdefault("on_commit", []).append(lambda: [other.objects.delete(sha256) for sha256 in gone])

    monkeypatch.setattr(importing, "_write_points", swept)
    monkeypatch.setattr(importing, "store_records", swept_at_last)
    imported = enstorage.import_bundle(bundle, other)
    assert len(imported.project.data_source.read()[0]) == imported.points == 40
    assert check(other) == []


def test_what_is_deleted_between_reading_and_writing_is_told(bundle, another_store, monkeypatch, left):
    other = another_store()
    enstorage.import_bundle(bundle, other).project.models()[2].delete(cascade=True)
    put = importing._put_objects

    def disturbed(*arguments):
        put(*arguments)
        DataSource.get(1, connector=other).delete(cascade=True)

    monkeypatch.setattr(importing, "_put_objects", disturbed)
    with pytest.raises(StoreError, match=r"Another process deleted records .* Nothing was changed\. Try again"):
        enstorage.import_bundle(bundle, other)
    assert left(other) == {"DataSet": 1, "DataCsv": 1}  # the set from arrays has nothing to do with the source
    monkeypatch.setattr(importing, "_put_objects", put)
    enstorage.import_bundle(bundle, other)
    assert check(other) == []


def test_a_file_that_changes_while_it_is_read_is_refused(bundle, another_store, tmp_path, monkeypatch, left):
    path = tmp_path / "changing.enz"
    path.write_bytes(bundle.read_bytes())
    other, refuse = another_store(), importing.refuse_pickle

    def change(read):
        content = bytearray(path.read_bytes())
        content[content.find(b"PAR1") + 100] ^= 1
        with path.open("r+b") as file:
            file.write(content)
        refuse(read)

    monkeypatch.setattr(importing, "refuse_pickle", change)
    with pytest.raises(CorruptError, match="cannot be imported"):
        enstorage.import_bundle(path, other)
    assert left(other) == {}


def test_the_connection_that_breaks_at_the_commit_costs_no_points(bundle, another_store, monkeypatch):
    """Whether the records are there is looked up before points are deleted."""
    other = another_store()
    commit, calls = other.database._commit, []

    def lost(session, *whole):
        commit(session, *whole)
        calls.append(session)
        if len(calls) == 2:  # the first one only reserved the id
            raise StoreError("whether it was kept is not known")

    monkeypatch.setattr(other.database, "_commit", lost)
    with pytest.raises(StoreError, match="not known"):
        enstorage.import_bundle(bundle, other)
    monkeypatch.undo()
    assert len(Project.get(1, connector=other).data_source.read()[0]) == 40
    assert enstorage.import_bundle(bundle, other).new == {}
    assert check(other) == []
