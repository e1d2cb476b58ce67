"""A store knows where its records come from: what comes again is known, what is new is added, nothing is written over."""

import numpy as np
import pytest
from comparing import contents, origins
from sklearn.linear_model import LinearRegression, Ridge

import enstorage
from endirector import Conductor
from enstorage import Connector, DataSource, Model, Project, check
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError


@pytest.fixture
def carry(tmp_path):
    """A function that takes a project to another store, by a file; gives the report."""

    def carry(project, connector):
        path = enstorage.export_project(project, tmp_path / "carried.enz", overwrite=True).path
        return enstorage.import_bundle(path, connector)

    return carry


def test_importing_twice_changes_nothing(bundle, another_store, census):
    other = another_store()
    first = enstorage.import_bundle(bundle, other)
    before, counted, known = contents(other), census(other), origins(other)
    second = enstorage.import_bundle(bundle, other)
    assert second.project == first.project
    assert second.known == {name: count for name, count in first.new.items() if name != "data_csv"}
    assert (second.new, second.filled, second.left, second.objects, second.points) == ({}, {}, {}, 0, 0)
    assert (contents(other), census(other), origins(other)) == (before, counted, known)


def test_importing_where_the_bundle_was_made_changes_nothing(project, store, bundle, census):
    before, counted = contents(store), census(store)
    imported = enstorage.import_bundle(bundle, store)
    assert imported.project == project
    assert imported.new == {}
    assert (contents(store), census(store), origins(store)) == (before, counted, [])


def test_what_was_deleted_where_the_bundle_was_made_is_made_anew(project, store, bundle):
    source, neighbour = project.data_source, Project.get(2)
    table = project.ensembles()[0].table()
    project.delete(cascade=True)
    imported = enstorage.import_bundle(bundle, store)
    assert imported.project.id == 3
    assert imported.project.data_source == source
    assert (imported.known, imported.points) == ({**dict.fromkeys(("data_source", "data_snapshot"), 1), **_kept()}, 0)
    assert check(store) == []
    ensemble = imported.project.ensembles()[0]
    assert set(ensemble.weights()) == {*(f"same ({model.id})" for model in ensemble.models()[:2]), "other"}
    assert ensemble.table()["ensemble"].equals(table["ensemble"])
    assert Project.get_list() == [neighbour, imported.project]
    again = enstorage.import_bundle(bundle, store)
    assert (again.new, again.project) == ({}, imported.project)


def _kept():
    return {"data_preparation": 2, "data_set": 4, "data_set_input": 2}


def test_a_source_that_was_deleted_comes_back_with_its_points(project, store, bundle):
    points = project.data_source.read()
    project.data_source.delete(cascade=True)
    imported = enstorage.import_bundle(bundle, store)
    assert (imported.project.data_source_id, imported.points) == (2, 40)
    assert np.array_equal(imported.project.data_source.read(), points)
    assert len(store.series.read(1)[0]) == 0
    assert check(store) == []


def test_what_was_deleted_after_an_import_comes_back(bundle, another_store):
    other = another_store()
    first = enstorage.import_bundle(bundle, other)
    first.project.models()[1].delete(cascade=True)
    second = enstorage.import_bundle(bundle, other)
    assert second.new == {"model": 1, "model_meta": 5, "model_curve": 1, "forecast": 4, "data_csv": 5} | {
        "ensemble": 2,
        "ensemble_item": 5,
    }
    assert check(other) == []
    assert len(second.project.ensembles()[0].weights()) == 3
    assert enstorage.import_bundle(bundle, other).new == {}


def test_a_newer_bundle_adds_what_is_new_and_leaves_what_is_there(project, carry, bundle, another_store):
    other = another_store()
    here = enstorage.import_bundle(bundle, other).project
    here.name = "called otherwise here"
    here.save()
    theirs, mine = project.models()[0], here.models()[0]
    mine.metas({"settings": "mine", "own": 1})
    mine.log(5, loss=0.5)
    theirs.metas({"settings": "newer", "new": 2})
    theirs.log(4, loss=9.0, newer=0.25)
    theirs.log(5, loss=9.0)
    theirs.log(6, loss=0.125)
    research = project.researches()[0]
    model = research.create_model("new one")
    model.data_set(research.data_preparation.create_set(Window(2)))
    model.save_forecasts("test", *model.data_set().targets("test"))
    project.create_ensemble("voting", models=[theirs, model], name="of old and new")

    imported = carry(project, other)
    assert imported.new == {
        **dict.fromkeys(("model", "data_set", "forecast", "model_meta", "model_curve", "ensemble"), 1),
        **dict.fromkeys(("ensemble_item", "data_csv"), 2),
    }
    assert imported.known["model"] == 4
    assert Project.get(here.id, connector=other).name == "called otherwise here"
    facts = mine.metas()
    assert (facts["settings"], facts["own"], facts["new"]) == ("mine", 1, 2)
    curves = {row["step"]: row for row in mine.curves().to_dicts()}
    assert curves[4] == {"step": 4, "loss": 0.2, "val_loss": float("inf"), "newer": 0.25}
    assert (curves[5]["loss"], curves[6]["loss"]) == (0.5, 0.125)
    ensemble = here.ensembles()[-1]
    assert [model.name for model in ensemble.models()] == ["same", "new one"]
    Conductor(ensemble).render()
    assert check(other) == []
    assert carry(project, other).new == {}


def test_what_was_trained_and_rendered_elsewhere_comes_home(store, carry, another_store):
    """The way to a faster machine and back."""
    source = DataSource.get(1)
    project = Project(name="to be trained", data_source=source).save()
    research = project.create_research("r")
    models = [research.create_model("same") for _ in range(2)]
    ensemble = project.create_ensemble("blending", "Ridge", models=models)
    preparation = source.create_snapshot().create_preparation("drop", "minmax")

    there = carry(project, away := another_store()).project
    with away:
        prepared = there.data_source.create_snapshot().create_preparation("drop", "minmax")
        for lag, model in enumerate(there.models(), start=2):
            model.data_set(prepared.create_set(Window(lag)))
            _, X, y = model.data_set().arrays("train")
            model.save_object(LinearRegression().fit(X, y))
            model.meta("loss", 0.5)
        rendered = Conductor(there.ensembles()[0]).render()

    imported = carry(there, store)
    assert imported.filled == {"research": 1, "model": 2, "ensemble": 1, "ensemble_item": 2}
    assert imported.known == {"project": 1, "data_source": 1, **imported.filled}
    assert check(store) == []
    for model in Model.get_list([model.id for model in models], connector=store):
        assert model.load_object().coef_.size
        assert set(model.forecasts()["series"]) == {source.id}
    mine = enstorage.Ensemble.get(ensemble.id, connector=store)
    assert list(mine.weights()) == [f"same ({model.id})" for model in models]
    assert list(mine.weights().values()) == list(rendered.weights().values())
    assert mine.forecasts()["value"].equals(rendered.forecasts()["value"])
    assert mine.load_metamodel().coef_.size == 2
    assert preparation.data_sets() == []
    assert carry(there, store).new == {}


def test_what_both_sides_did_stays_as_it_is_on_each(project, carry, bundle, another_store, census):
    """A model trained anew there, an ensemble rendered anew there: here everything stays with what belongs to it."""
    other = another_store()
    enstorage.import_bundle(bundle, other)
    model = project.models()[0]
    _, X, y = model.data_set().arrays("train")
    model.save_object(Ridge().fit(X, y))
    for part in ("train", "test"):
        model.save_forecasts(part, model.data_set().targets(part)[0], model.data_set().targets(part)[1])
    model.save_forecasts("valid", ["1690"], [1.0])
    Conductor(project.ensembles()[0]).render()
    Conductor(project.ensembles()[1]).render()

    before, counted = contents(other), census(other)
    imported = carry(project, other)
    assert imported.left == {"forecast": 1}
    assert imported.filled == {"ensemble": 1, "ensemble_item": 2}  # that was not rendered here
    assert contents(other)["Model"] == before["Model"]
    changed = {name: count - counted[name] for name, count in census(other).items() if count != counted[name]}
    assert changed == {"Forecast": 2, "DataCsv": 3, "objects": changed["objects"]}
    assert check(other) == []


@pytest.mark.long
def test_over_two_stores_and_directly_the_same_records_meet(project, carry, bundle, another_store):
    second, third, fourth = another_store(), another_store(), another_store()
    with second, fourth:
        for connector in (second, fourth):
            DataSource(name="shifts the ids", connector=connector).save()
    there = carry(project, second).project
    there.create_research("added on the way")
    at_third = carry(there, third)
    assert at_third.new["research"] == 3
    tables = [ensemble.table() for ensemble in (project.ensembles()[0], at_third.project.ensembles()[0])]
    assert tables[1]["ensemble"].equals(tables[0]["ensemble"])
    assert set(tables[1]["series"]) == {at_third.project.data_source_id}
    assert check(third) == []

    directly = enstorage.import_bundle(bundle, third)
    assert (directly.new, directly.project) == ({}, at_third.project)
    enstorage.import_bundle(bundle, fourth)
    added = carry(there, fourth)
    assert added.new == {"research": 1}
    assert origins(fourth) == origins(third)
    assert carry(at_third.project, project.connector).new == {"research": 1}


def test_what_was_there_before_stays_as_it_was(original, arrived):
    mine = [record for record in Project.get_list(connector=arrived.connector) if record != arrived]
    assert [project.name for project in mine] == ["mine"] * 3
    assert [model.metas() for model in mine[1].models()] == [{"loss": 1}] * 4


def test_stores_that_are_copies_and_went_on_are_told_apart(store, bundle, sun, tmp_path, another_store, census):
    """Both give the same ids, under the same name of the store, to different records."""
    import shutil

    shutil.copytree(sun / "store", tmp_path / "copy")
    copy = Connector.in_folder(tmp_path / "copy")
    for connector, name in ((store, "here"), (copy, "there")):
        Project.get(1, connector=connector).create_research(name)
    path = enstorage.export_project(Project.get(1, connector=copy), tmp_path / "copy.enz").path
    copy.close()
    before = census(store)
    with pytest.raises(
        InvalidInputError, match=r"Research\(4, .*|Research\(4\) of the bundle and .* one origin and are not"
    ):
        enstorage.import_bundle(path, store)
    assert census(store) == before


def test_models_that_would_see_data_of_two_preparations_in_one_research_are_refused(
    store, carry, another_store, census
):
    source = DataSource.get(1)
    project = Project(name="both go on", data_source=source).save()
    research = project.create_research("r")
    there = carry(project, another_store()).project
    research.use(source.create_snapshot().create_preparation("drop"))
    research.save()
    with there.connector:
        prepared = there.data_source.create_snapshot().create_preparation("drop", "minmax")
        there.researches()[0].create_model("m").data_set(prepared.create_set(Window(2)))
    before = census(store)
    with pytest.raises(InvalidInputError, match="another preparation than the other models of Research"):
        carry(there, store)
    assert census(store) == before


def test_an_import_is_a_transaction_of_its_own(bundle, another_store, census):
    other = another_store()
    before = census(other)
    with other.transaction(), pytest.raises(InvalidInputError, match="call it outside of connector"):
        enstorage.import_bundle(bundle, other)
    assert census(other) == before


def test_the_current_store_is_imported_into(bundle, another_store):
    other = another_store()
    with other:
        assert enstorage.import_bundle(bundle).project.connector is other
