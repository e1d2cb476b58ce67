"""`check` finds what is damaged, and nothing else."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from enstorage import DataCsv, Finding, Project, check
from enstorage.adapter import Window


@pytest.fixture
def flow(sunspots):
    """One record of each kind that owns bytes, by class name."""
    snapshot = sunspots.create_snapshot()
    preparation = snapshot.create_preparation("drop", "log+difference+minmax")
    data_set = preparation.create_set(Window(3))
    project = Project(name="Sun", data_source=sunspots).save()
    model = project.create_research("r").create_model("m")
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    forecast = model.save_forecasts("test", *data_set.targets("test"))
    project.create_ensemble("voting", models=[model])
    return {type(record).__name__: record for record in (snapshot, preparation, data_set, forecast, model)}


def concerned(store):
    return {(finding.entity, finding.id) for finding in check(store)}


def test_a_whole_store_has_no_findings(store, flow, census):
    before = census(store)
    assert check(store) == check() == []
    assert census(store) == before


def test_an_empty_store_has_no_findings(store):
    assert check(store) == []


@pytest.mark.parametrize("remove", [False, True], ids=["damaged", "missing"])
@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("DataSnapshot", {("DataCsv", 1), ("DataSnapshot", 1), ("DataPreparation", 1)}),
        ("DataPreparation", {("DataCsv", 2), ("DataSet", 1)}),
        ("DataSet", {("DataCsv", 3), ("DataSet", 1)}),
        ("Forecast", {("DataCsv", 4), ("Model", 1)}),
        ("Model", {("Model", 1)}),
    ],
)
def test_damage_to_one_object_is_found_where_it_matters(store, flow, damage, owner, expected, remove):
    record = flow[owner]
    sha256 = record.object_sha256 if owner == "Model" else record.data_csv.sha256
    damage(sha256, remove=remove)
    findings = check(store)
    assert {(finding.entity, finding.id) for finding in findings} == expected
    for finding in findings:
        assert isinstance(finding, Finding)
        assert sha256 in finding.problem
        assert ("missing" if remove else "damaged") in finding.problem
        assert "backup" in finding.problem


def test_what_is_in_the_trash_is_checked_too(store, flow, damage):
    model = flow["Model"]
    model.deleted_at = datetime.now(UTC)
    model.save()
    damage(model.object_sha256)
    assert concerned(store) == {("Model", model.id)}


@pytest.mark.parametrize(
    ("statement", "expected", "words"),
    [
        ("UPDATE data_csv SET rows = 41 WHERE id = 1", {("DataCsv", 1)}, "has 40 rows, 41 were stored"),
        ("UPDATE data_snapshot SET sha256 = 'x'", {("DataSnapshot", 1)}, "have another hash than when it was taken"),
        ("UPDATE data_preparation SET sha256 = 'x'", {("DataPreparation", 1)}, "cannot be reproduced"),
        ("UPDATE data_set SET sha256 = 'x'", {("DataSet", 1)}, "differ from those that were stored"),
        ("UPDATE data_source SET id = 9", {("DataSnapshot", 1), ("Project", 1)}, "no DataSource with id 1"),
        ("DELETE FROM data_csv WHERE id = 4", {("Forecast", 1)}, "no DataCsv with id 4"),
    ],
)
def test_a_row_that_was_changed_behind_our_back_is_found(store, flow, statement, expected, words):
    database = sqlite3.connect(str(store.database.url.database))  # does not look after references
    database.execute(statement)
    database.commit()
    database.close()
    findings = check(store)
    assert {(finding.entity, finding.id) for finding in findings} == expected
    assert all(words in finding.problem for finding in findings)


def test_several_damages_are_all_found(store, flow, damage):
    damage(flow["Model"].object_sha256)
    damage(flow["Forecast"].data_csv.sha256, remove=True)
    assert concerned(store) == {("Model", 1), ("DataCsv", 4)}


def test_the_points_of_a_source_may_change(store, flow, sunspots):
    sunspots.write(sunspots.read()[0], np.ones(40))
    sunspots.delete_points()
    assert check(store) == []


def told(store):
    return {(finding.entity, finding.id) for finding in check(store, notes=True) if finding.kind == "note"}


@pytest.fixture
def shown(store):
    """What the garbage of a store is called in its notes."""
    return lambda: [each.problem for each in check(store, notes=True) if each.entity == "Store"]


def test_a_damaged_object_that_no_record_refers_to_is_found(store, flow, damage):
    sha256 = store.objects.put(b"nobody refers to it")
    assert check(store) == []
    damage(sha256)
    (finding,) = check(store)
    assert (finding.entity, finding.id, finding.kind) == ("Object", sha256, "damage")
    assert "is damaged" in finding.problem
    assert "No record refers to it: `enstorage gc --delete` frees it." in finding.problem


@pytest.mark.parametrize("damaged", ["cut", "gone"])
def test_a_damaged_file_of_points_is_found(store, flow, sunspots, tmp_path, damaged):
    (file,) = (tmp_path / "store" / "series").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:-20]) if damaged == "cut" else file.unlink()
    finding, *others = check(store)
    assert (finding.entity, finding.id) == ("DataSource", sunspots.id)
    assert "series store" in finding.problem
    # A file that cannot be read is damage to the version too; without it the version is gone, and the rows are kept.
    assert concerned(store) == {("DataSource", 1)} | ({("DataSnapshot", 1)} if others else set())


def test_a_version_that_gives_other_rows_is_found(store, flow, sunspots):
    sunspots.write(sunspots.read()[0], np.ones(40))
    assert check(store, notes=True) == []
    database = sqlite3.connect(str(store.database.url.database))
    database.execute("UPDATE data_snapshot SET series_version = series_version + 1")
    database.commit()
    database.close()
    (finding,) = check(store)
    assert (finding.entity, finding.id) == ("DataSnapshot", 1)
    assert "gives other rows than DataSnapshot(1)" in finding.problem


def test_a_version_that_is_gone_is_a_note(store, flow, sunspots):
    sunspots.write(sunspots.read()[0], np.ones(40))
    store.series.compact()
    store.series.vacuum([], timedelta(0), delete=True)
    assert check(store) == []
    (note,) = check(store, notes=True)
    assert (note.entity, note.id, note.kind) == ("DataSnapshot", 1, "note")
    assert "Its rows are kept, but they cannot be read again" in note.problem


def test_what_a_killed_process_leaves_is_a_note(store, flow, shown, tmp_path):
    store.series.append(77, np.arange(3), np.arange(3.0))
    store.objects.put(b"young")
    DataCsv(sha256=store.objects.put(b"owned by nobody"), rows=0, columns={}, bytes=15, connector=store)
    old = store.objects.put(b"old")
    os.utime(tmp_path / "store" / "objects" / old[:2] / old[2:], (0, 0))
    assert check(store) == []
    assert shown() == [
        "1 objects are not needed: `enstorage gc` shows more.",
        "3 points are not needed: `enstorage gc` shows more.",
    ]


def test_a_table_that_no_record_owns_is_a_note(store, flow):
    table = DataCsv.of(flow["DataSnapshot"].data_csv.table(), store).save()
    assert check(store) == []
    assert told(store) == {("DataCsv", table.id)}
