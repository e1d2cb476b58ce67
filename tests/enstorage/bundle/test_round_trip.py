"""A project goes from one store to another and is the same there."""

import io
import json
import zipfile

import numpy as np
import polars as pl
import pytest
from comparing import contents, hashes
from sqlalchemy import select

import enstorage
from endirector import Conductor
from enstorage import (
    DataSource,
    Ensemble,
    Model,
    Panel,
    PanelMember,
    PanelScene,
    Project,
    Scene,
    SceneBand,
    check,
)
from enstorage.entity import ENTITIES
from enstorage.errors import InvalidInputError, NotFoundError


def without(store, *names):
    """The contents of a store after the records with these names, and what depends on them, were deleted."""
    with store:
        for project in Project.get_list():
            if project.name in names:
                project.data_source.snapshots()[-1].delete(cascade=True)
                project.delete(cascade=True)
    return contents(store)


def test_everything_the_project_needs_comes_along_and_nothing_else(store, bundle, another_store, census):
    other = another_store()
    imported = enstorage.import_bundle(bundle, other)
    assert contents(other) == without(store, "Neighbour")
    counted = census(other)
    # A later entity has to be told where it belongs. Panels belong to other projects: test_panels.py.
    expected = [entity for entity in ENTITIES if entity not in (Panel, PanelMember, PanelScene, Scene, SceneBand)]
    assert min(counted[entity.__name__] for entity in expected) > 0
    assert imported.new == {entity.__tablename__: counted[entity.__name__] for entity in expected}
    assert (imported.points, imported.objects) == (40, counted["objects"])
    assert (imported.known, imported.filled, imported.left) == ({}, {}, {})


def test_hashes_are_the_same_and_check_finds_nothing(store, bundle, another_store):
    other = another_store()
    enstorage.import_bundle(bundle, other)
    without(store, "Neighbour")
    assert hashes(other) == hashes(store)
    assert check(other) == []
    for model in Model.get_list(connector=other):
        if model.object_sha256:
            assert model.load_object().coef_.size
    assert set(other.objects.hashes()) <= set(store.objects.hashes())


def test_points_are_the_same(arrived, original):
    for before, after in zip(original.data_source.read(), arrived.data_source.read(), strict=True):
        assert np.array_equal(before, after)


def test_tables_name_the_ids_of_the_new_store(arrived, original):
    model = arrived.models()[0]
    assert model.id != original.models()[0].id
    assert set(model.forecasts()["series"]) == {arrived.data_source_id}
    ensemble = arrived.ensembles()[0]
    members = [name for name in ensemble.table().columns if name.startswith("member_")]
    assert members == [f"member_{model.id}" for model in ensemble.models()]
    before = original.ensembles()[0].table()
    assert ensemble.table()["ensemble"].equals(before["ensemble"])
    assert ensemble.table()[members[1]].equals(before["member_2"].rename(members[1]))


def test_what_an_ensemble_tells_is_the_same_under_names_with_the_new_ids(arrived, original):
    before, after = original.ensembles()[0], arrived.ensembles()[0]
    first, second, _ = after.models()
    names = dict(zip(before.weights(), [f"same ({first.id})", f"same ({second.id})", "other"], strict=True))
    assert list(names) == ["same (1)", "same (2)", "other"]
    assert after.weights() == {names[name]: weight for name, weight in before.weights().items()}
    assert list(after.alignment()["lost"]) == list(names.values())
    assert list(after.alignment()["lost"].values()) == list(before.alignment()["lost"].values())
    for part, measured in before.metrics().items():
        assert after.metrics()[part]["ensemble"] == measured["ensemble"]
        assert after.metrics()[part]["members"] == {names[name]: errors for name, errors in measured["members"].items()}
    assert list(after.rendered_result().test_rows_trained_on) == [item.id for item in after.items()]
    diagnosis = json.dumps(before.diagnosis())
    for name, new in names.items():
        diagnosis = diagnosis.replace(f'"{name}"', f'"{new}"')
    assert after.diagnosis() == json.loads(diagnosis)
    assert after.mark() == before.mark()
    assert np.array_equal(after.load_metamodel().coef_, before.load_metamodel().coef_)


def test_rendered_anew_from_the_imported_forecasts_an_ensemble_gives_the_same_numbers(bundle, another_store):
    ensemble = enstorage.import_bundle(bundle, another_store()).project.ensembles()[0]
    weights, metrics, table = ensemble.weights(), ensemble.metrics(), ensemble.table()
    Conductor(ensemble).render()
    again = Ensemble.get(ensemble.id, connector=ensemble.connector)
    assert (again.weights(), again.metrics()) == (weights, metrics)
    assert again.table().equals(table)


def test_facts_curves_tags_trash_and_times_are_kept(arrived, original):
    for before, after in zip(original.models(), arrived.models(), strict=True):
        assert repr(after.metas()) == repr(before.metas())  # NaN is not equal to itself
        assert after.curves().equals(before.curves())
        assert (after.tags, after.created_at, after.updated_at) == (before.tags, before.created_at, before.updated_at)
    in_trash = Model.find("name = 'of arrays'", connector=arrived.connector)
    assert in_trash == []
    (uploads,) = [research for research in arrived.researches() if research.name == "Uploads"]
    found = Model._select(select(Model).where(Model.research_id == uploads.id), arrived.connector)
    assert [model.deleted_at for model in found] == [Model.get(4, connector=original.connector).deleted_at]
    assert Model.find("meta.loss = 'NaN' and research.project.name like 'Sun%'", connector=arrived.connector)


def test_lineage_leads_back_to_the_source(arrived):
    lineage = arrived.ensembles()[0].lineage()
    assert lineage.records[0] == arrived.data_source
    assert {type(record).__name__ for record in lineage.records} == {
        *("DataSource", "DataSnapshot", "DataPreparation", "DataSet", "Model", "Forecast", "Ensemble")
    }


def test_a_bundle_is_a_zip_archive_that_other_programs_read(bundle):
    archive = zipfile.ZipFile(bundle)
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["version"], manifest["project"]) == ("enstorage bundle", 1, 1)
    (line,) = archive.read("records/project.jsonl").splitlines()
    assert json.loads(line)["columns"]["name"] == "Sun ☀"
    assert pl.read_parquet(io.BytesIO(archive.read("points/1.parquet"))).shape == (40, 2)


def test_a_file_is_written_whole_or_not_at_all(project, tmp_path, damage):
    path = tmp_path / "sun.enz"
    enstorage.export_project(project, path)
    before = path.read_bytes()
    with pytest.raises(InvalidInputError, match=r"sun\.enz exists"):
        enstorage.export_project(project, path)
    damage(project.models()[0].object_sha256)
    with pytest.raises(enstorage.errors.CorruptError, match="is damaged"):
        enstorage.export_project(project, path, overwrite=True)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["store", "sun.enz"]


def test_what_could_not_be_imported_is_not_exported(project, tmp_path):
    project.data_source_id = DataSource(name="other").save().id
    project.save()
    with pytest.raises(
        enstorage.errors.CorruptError, match=r"Research\(1\): its preparation is of another data source"
    ):
        enstorage.export_project(project, tmp_path / "sun.enz")
    assert not list(tmp_path.glob("*.enz"))


def test_a_project_that_is_not_stored_cannot_be_exported(project, tmp_path):
    project.delete(cascade=True)
    with pytest.raises(NotFoundError, match="no Project with id 1"):
        enstorage.export_project(project, tmp_path / "sun.enz")
    assert not list(tmp_path.glob("*.enz"))


def test_facts_that_are_still_gathering_are_exported_too(project, store, tmp_path, another_store):
    with store.buffered():
        project.models()[0].meta("latest", 1)
        enstorage.export_project(project, tmp_path / "sun.enz")
    imported = enstorage.import_bundle(tmp_path / "sun.enz", another_store()).project
    assert imported.models()[0].meta("latest") == 1


def test_records_are_exported_as_they_were_at_one_moment(project, store, tmp_path, another_store, monkeypatch):
    """A model that is made while the records are read is in the bundle whole or not at all."""
    from enstorage.bundle import export_project as exporting

    lines, research = exporting._lines, project.researches()[0]

    def disturbed(session, entity, ids, hashes):
        if entity.__name__ == "Model":
            research.create_model("too late").meta("loss", 1)
            Model.get(2).meta("too", "late")
        return lines(session, entity, ids, hashes)

    monkeypatch.setattr(exporting, "_lines", disturbed)
    enstorage.export_project(project, tmp_path / "sun.enz")
    imported = enstorage.import_bundle(tmp_path / "sun.enz", another_store()).project
    assert [model.name for model in imported.models()] == ["same", "same", "other"]
    assert "too" not in imported.models()[1].metas()


def test_a_project_without_anything_goes_too(store, tmp_path, another_store):
    source = DataSource(name="no points").save()
    project = Project(name="nothing", data_source=source).save()
    exported = enstorage.export_project(project, tmp_path / "nothing.enz")
    assert (exported.records, exported.objects, exported.points) == ({"project": 1, "data_source": 1}, 0, 0)
    other = another_store()
    imported = enstorage.import_bundle(tmp_path / "nothing.enz", other)
    assert len(imported.project.data_source.read()[0]) == 0
    assert check(other) == []
