"""The connector: made first, found by default, bound by `with`; its settings, its transactions and its refusals."""

import contextvars
import sqlite3
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from enstorage import Connector, DataSource, Project, check
from enstorage.errors import InvalidInputError, NotConnectedError, NotSupportedError, StoreError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def two(tmp_path):
    made = [Connector.in_folder(tmp_path / name) for name in ("first", "second")]
    yield made
    for each in made:
        each.close()


class TestWhichStoreIsUsed:
    def test_a_connector_must_be_made_first(self):
        with pytest.raises(
            NotConnectedError, match=r"No store is open.*Connector to be made before.*Call enstorage\.C"
        ):
            DataSource.get_list()
        with pytest.raises(NotConnectedError, match="Connector"):
            DataSource(name="nowhere").save()

    def test_the_one_made_last_is_the_default(self, two):
        source = DataSource(name="here").save()
        assert source.connector is two[1]
        assert DataSource.get_list(connector=two[0]) == []
        assert DataSource.get_list(connector=two[1]) == [source]

    def test_a_closed_one_is_no_longer_the_default(self, two):
        two[1].close()
        with pytest.raises(NotConnectedError):
            Connector.current()

    def test_with_binds_and_nests(self, two):
        first, second = two
        with first:
            assert Connector.current() is first
            with second:
                assert Connector.current() is second
                with first:
                    assert Connector.current() is first
                assert Connector.current() is second
            assert Connector.current() is first
        assert Connector.current() is second

    def test_with_unbinds_after_an_error(self, two):
        with pytest.raises(KeyError), two[0]:
            raise KeyError
        assert Connector.current() is two[1]

    def test_with_binds_this_thread_only(self, two):
        first, second = two
        seen, barrier = [], threading.Barrier(2)

        def work(connector):
            for _ in range(20):
                with connector:
                    barrier.wait(10)
                    seen.append(Connector.current() is connector)
                    barrier.wait(10)

        for pair in ((first, second), (first, first)):  # different ones, and one that two threads share
            threads = [threading.Thread(target=work, args=(each,)) for each in pair]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert seen == [True] * 80
        with first:
            assert contextvars.Context().run(Connector.current) is second

    def test_a_record_stays_with_the_store_it_was_read_from(self, two):
        first, second = two
        with first:
            source = DataSource(name="of the first").save()
        source.write([1], [2.0], time_unit="ns")
        source.name = "still of the first"
        source.save()
        project = Project(name="child", data_source=source).save()
        assert project.connector is first
        assert Project.get_list(connector=second) == []
        assert DataSource.get(source.id, connector=first).name == "still of the first"
        assert second.series.extent(source.id) is None


class TestSettings:
    def test_without_arguments_it_opens_a_folder_here(self, here):
        Connector().close()
        assert (here / "enstorage-data" / "enstorage.sqlite").is_file()
        assert {path.name for path in (here / "enstorage-data").iterdir()} >= {"series", "objects"}

    def test_urls_are_given_by_position(self, here):
        connector = Connector("sqlite:///a/b.sqlite", "memory:", "file:c")
        assert str(connector.database.url) == "sqlite:///a/b.sqlite"
        assert repr(connector) == "Connector('sqlite:///a/b.sqlite', 'memory:', 'file:c')"
        connector.close()
        assert sorted(path.name for path in here.iterdir()) == ["a", "c"]

    def test_a_database_in_memory_holds_a_whole_flow(self, here):
        connector = Connector("sqlite://", "memory:", "file:objects")
        source = DataSource(name="x", time_interval="1d").save()
        source.write(["2020-01-01", "2020-01-02", "2020-01-03"], [1.0, 2.0, 3.0])
        source.create_snapshot().create_preparation(train_part=0.5, test_part=0.5)
        assert check(connector) == []
        connector.close()

    def test_arguments_go_before_the_environment_and_that_before_the_file(self, here, monkeypatch):
        Path("enstorage.toml").write_text('folder = "by-file"\nobjects = "file:by-file-objects"\nseries = "memory:"\n')
        monkeypatch.setenv("ENSTORAGE_OBJECTS", "file:by-environment")
        monkeypatch.setenv("ENSTORAGE_SERIES", "delta:by-environment")
        settings = Connector(series="delta:by-argument").settings
        assert settings.series == "delta:by-argument"
        assert settings.objects == "file:by-environment"
        assert settings.database == f"sqlite:///{here / 'by-file' / 'enstorage.sqlite'}"
        monkeypatch.delenv("ENSTORAGE_OBJECTS")
        assert Connector().settings.objects == "file:by-file-objects"
        assert Connector().settings.series == "delta:by-environment"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("folder = ", r"enstorage\.toml is not valid TOML: .*Correct it or remove it"),
            ('folder = "a"\nfolder = "b"', "is not valid TOML"),
            (
                'datbase = "sqlite://"',
                r"has the entries datbase; expected only .*database, folder, objects, series",
            ),
            ("series = 7", r"has the entries series; expected only the texts .*Remove or correct them"),
        ],
    )
    def test_a_wrong_settings_file_is_refused(self, here, text, message):
        Path("enstorage.toml").write_text(text)
        with pytest.raises(InvalidInputError, match=message):
            Connector()
        assert [path.name for path in here.iterdir()] == ["enstorage.toml"]

    def test_a_settings_file_that_is_no_text_is_refused(self, here):
        Path("enstorage.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(InvalidInputError, match="is not valid TOML"):
            Connector()

    @pytest.mark.parametrize(
        ("urls", "kind", "message"),
        [
            ({"database": "nonsense"}, InvalidInputError, r"'\*\*\*' is not a database URL. Expected .*sqlite:///"),
            ({"database": "oracle://host/x"}, (InvalidInputError, NotSupportedError), "oracle"),
            ({"series": "influx://h"}, NotSupportedError, r"names no series store; known are delta:, .* memory:"),
            ({"series": "delta:s3://"}, InvalidInputError, r"'s3://' names no place; expected .*s3://bucket/folder"),
            ({"objects": "nonsense://h"}, NotSupportedError, r"names no object store; known are file: and "),
            (
                {"objects": "s3://bucket?anon"},
                InvalidInputError,
                r"option of 's3://bucket\?\*\*\*' has no value; expected",
            ),
        ],
    )
    def test_an_unknown_url_is_refused(self, here, urls, kind, message):
        with pytest.raises(kind, match=message):
            Connector(**urls)
        assert Connector._latest is None


class TestPlacesThatCannotBeUsed:
    @pytest.mark.parametrize(
        ("urls", "message"),
        [
            ({"database": "sqlite:///file/x.sqlite"}, r"folder file of the database cannot be made: .*another folder"),
            (
                {"database": "sqlite:///folder"},
                r"sqlite:///folder refused: the file cannot be opened .*you may read and write",
            ),
            (
                {"database": "sqlite:///file"},
                r"sqlite:///file refused: the file is damaged or no database .*another file",
            ),
            ({"series": "delta:file/x"}, r"series store delta:file/x failed: .*Not a directory.*Nothing was changed"),
            ({"objects": "file:file/x"}, r"object store file/x failed: Not a directory.*writable"),
        ],
    )
    def test_the_message_names_the_place(self, here, urls, message):
        Path("file").write_text("something else entirely, long enough to be looked at as a database file")
        Path("folder").mkdir()
        with pytest.raises(StoreError, match=message) as caught:
            Connector(**urls)
        assert "\n" not in str(caught.value)
        assert Path("file").read_text().startswith("something else")


def test_reopening_keeps_everything(store, sunspots, census, tmp_path):
    snapshot = sunspots.create_snapshot()
    preparation = snapshot.create_preparation("linear", "minmax")
    sunspots.tags["colour"] = "yellow"
    sunspots.save()
    before = census(store)
    store.close()
    again = Connector.in_folder(tmp_path / "store")
    assert census(again) == before
    source = DataSource.get(sunspots.id)
    assert source == sunspots
    assert (source.name, source.unit, source.time_interval, source.aggregate, source.tags) == (
        *("Solar activity", "sunspots", "1y", "mean"),
        {"colour": "yellow"},
    )
    assert (source.created_at, source.updated_at) == (sunspots.created_at, sunspots.updated_at)
    np.testing.assert_array_equal(source.read(), sunspots.read())
    assert source.snapshots()[0].preparations()[0].table().equals(preparation.table())
    assert check(again) == []
    again.close()


@contextmanager
def undone(connector):
    """A transaction that fails at its end."""
    with suppress(KeyError), connector.transaction():
        yield
        raise KeyError


class TestTransaction:
    def test_many_calls_become_one(self, store, census):
        with store.transaction():
            source = DataSource(name="a").save()
            project = Project(name="b", data_source=source).save()
            assert Project.get(project.id) == project  # what was written is read inside
            with sqlite3.connect(str(store.database.url.database)) as outside:
                assert outside.execute("SELECT count(*) FROM project").fetchone() == (0,)
        assert census(store)["Project"] == 1

    def test_an_error_undoes_all_of_them(self, store, sunspots, census):
        before = census(store)
        with undone(store):
            project = Project(name="p", data_source=sunspots).save()
            model = project.create_research("r").create_model("m")
            with store.transaction():  # an inner one is part of the outer one
                model.meta("error", 0.5)
        assert census(store) == before

    def test_new_objects_are_new_again_and_can_be_saved_later(self, store, sunspots):
        with undone(store):
            project = Project(name="p", data_source=sunspots).save()
            assert project.id is not None
        assert project.id is None
        assert project.name == "p"
        project.save()
        assert Project.get(project.id).name == "p"

    def test_changes_that_were_undone_are_written_by_the_next_save(self, store, sunspots):
        sunspots.name = "renamed"
        sunspots.tags["new"] = True
        with undone(store):
            sunspots.save()
        assert DataSource.get(sunspots.id).name == "Solar activity"
        sunspots.save()
        again = DataSource.get(sunspots.id)
        assert (again.name, again.tags) == ("renamed", {"new": True})

    def test_a_deletion_that_was_undone_keeps_the_points(self, store, sunspots, census):
        before = census(store)
        with undone(store):
            sunspots.delete(cascade=True)
        assert census(store) == before
        assert before["points"] == 40

    def test_points_that_were_undone_with_their_source_never_come_back(self, store):
        """SQLite gives the id of the undone source to the next one."""
        with undone(store):
            first = DataSource(name="undone").save()
            first.write([1, 2], [1.0, 2.0], time_unit="ns")
            id = first.id
        again = DataSource(name="another").save()
        assert (again.id, again.read()[0].tolist()) == (id, [])
        again.write([7], [7.0], time_unit="ns")
        assert again.read()[0].tolist() == [7]

    def test_a_refusal_inside_leaves_the_rest_to_be_committed(self, store, sunspots):
        with store.transaction():
            project = Project(name="p", data_source=sunspots).save()
            with pytest.raises(ValueError, match="no method"):
                project.create_ensemble("nonsense")
        assert Project.get_list() == [project]

    def test_a_value_that_cannot_be_kept_is_told_in_its_own_words_inside_too(self, store, sunspots, census):
        model = Project(name="p", data_source=sunspots).create_research("r").create_model("m")
        before = census(store)
        with undone(store), pytest.raises(InvalidInputError, match="a set has no JSON form"):
            model.meta("key", {1, 2})
        assert census(store) == before

    def test_eight_threads_that_write_at_once_lose_nothing(self, store):
        errors = []

        def work(worker):
            try:
                for turn in range(5):
                    DataSource(name=f"{worker} {turn}", connector=store).save()
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        names = {source.name for source in DataSource.get_list()}
        assert names == {f"{worker} {turn}" for worker in range(8) for turn in range(5)}
