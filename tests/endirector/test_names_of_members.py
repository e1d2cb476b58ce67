"""Members are known by their items: whatever they are called, and wherever they are taken, nothing computed changes."""

import json
import re
import shutil
import sqlite3
from html import escape
from uuid import uuid4

import pytest
from test_conductor import make_project, trained

import endirector
import entrainer
from endirector import Conductor, diagnose, form, remake, report, what_if
from enstorage import Connector, Ensemble, Model
from enstorage.bundle.export_project import export_project
from enstorage.bundle.import_bundle import import_bundle
from enstorage.entity.ensemble_result import EnsembleResult
from enstorage.errors import CorruptError
from enstorage.views.comparing import compare

KINDS = ("blended", "dropped", "out of fold", "layered", "steps", "formed")
NEW = "\"<b>&'é\u202e|\\ {x} (3)"


def new_folder(empty_store, folder):
    """A store of its own in a folder: a copied one would be taken for that of which it is a copy."""
    folder.mkdir()
    shutil.copy(empty_store / "enstorage.sqlite", folder)
    with sqlite3.connect(folder / "enstorage.sqlite") as database:
        database.execute("UPDATE store SET uuid = ?", [uuid4().hex])
    database.close()
    return folder


def make_ensembles(connector):
    """One ensemble of each kind over the same models, two of which are called the same; all diagnosed."""
    with connector:
        project, preparation = make_project(connector, valid_part=0.2)
        research = project.create_research("Standard data", preparation)
        first, second, third = (
            trained(research, preparation, lag, name=name) for lag, name in ((3, "same"), (5, "same"), (8, "other"))
        )
        gone = research.create_model("gone")  # it has nothing to forecast with
        members = [first, second, third]
        entrainer.backtest(members, folds=3, progress=False)
        blended = project.create_ensemble(
            "blending", "LinearRegression", models=members, fit_on="valid", name="blended"
        )
        dropped = project.create_ensemble("weighted_voting", models=[gone, *members], fit_on="valid", name="dropped")
        folds = project.create_ensemble("stacking", "LinearRegression", models=members, name="out of fold")
        for ensemble in (blended, dropped, folds):
            Conductor(ensemble).render()
        layered = project.create_ensemble("linear_stack", models=[folds, third], name="layered")
        Conductor(layered).render()
        by_step = [trained(research, preparation, lag, name=name, horizon=2) for lag, name in ((4, "far"), (6, "far"))]
        Conductor(project.create_ensemble("linear_stack", models=by_step, fit_on="valid", name="steps")).render()
        form(project, [*members, folds], ["voting", "greedy"], name="formed", progress=False)
        endirector.calibrate(blended)
        for ensemble in project.ensembles():
            diagnose(ensemble, progress=False)
    return project


@pytest.fixture(scope="module")
def made(tmp_path_factory, empty_store):
    """The folder of a store with an ensemble of each kind, and its project as a bundle."""
    folder = tmp_path_factory.mktemp("named")
    connector = Connector.in_folder(new_folder(empty_store, folder / "store"))
    export_project(make_ensembles(connector), folder / "project.enz")
    connector.close()
    return folder


@pytest.fixture(scope="module")
def renamed(made):
    """The store after everything in it was renamed."""
    shutil.copytree(made / "store", made / "renamed")
    connector = Connector.in_folder(made / "renamed")
    rename(connector)
    yield connector
    connector.close()


@pytest.fixture(scope="module")
def elsewhere(made, empty_store):
    """Another store with other ids, into which the bundle was imported, after everything in it was renamed."""
    connector = Connector.in_folder(new_folder(empty_store, made / "elsewhere"))
    with connector:
        project, preparation = make_project(connector, name="in the way")
        research = project.create_research("in the way", preparation)
        mine = [trained(research, preparation, lag) for lag in (2, 3, 4)]
        Conductor(project.create_ensemble("voting", models=mine)).render()
    import_bundle(made / "project.enz", connector)
    rename(connector)
    yield connector
    connector.close()


@pytest.fixture(scope="module")
def earlier(made):
    """The store as an earlier version wrote it, with names as keys, after everything in it was renamed."""
    shutil.copytree(made / "store", made / "earlier")
    connector = Connector.in_folder(made / "earlier")
    searches = {}
    for ensemble in Ensemble.get_list(connector=connector):
        ensemble.result = of_earlier_version(ensemble)
        ensemble.save()
        if ensemble.formed is not None:
            searches[ensemble.id] = search_of_earlier_version(ensemble.formed)
    with sqlite3.connect(made / "earlier" / "enstorage.sqlite") as database:  # the column is immutable
        for id, formed in searches.items():
            database.execute("UPDATE ensemble SET formed = ? WHERE id = ?", [json.dumps(formed), id])
    database.close()
    rename(connector)
    yield connector
    connector.close()


def of_earlier_version(ensemble):
    """The result with names as keys, as versions before this one kept it."""
    result = ensemble.labelled_result()
    del result["version"]
    result["surroundings"] = result.pop("environment")
    return result


def search_of_earlier_version(formed):
    """The same for `Ensemble.formed`."""
    names = [each["name"] for each in formed["candidates"]]
    return {
        **formed,
        "candidates": names,
        "left_out": {each["name"]: each["reason"] for each in formed["left_out"]},
        "tried": [{**each, "members": [names[place] for place in each["members"]]} for each in formed["tried"]],
    }


def rename(connector):
    """Two members change their names for each other, one gets a name that looks like anything but one."""
    for record in [*Model.get_list(connector=connector), *Ensemble.get_list(connector=connector)]:
        record.name = {"same": "other", "other": NEW, "out of fold": "inner"}.get(record.name, f"new {record.name}")
        record.save()


def the(connector, kind):
    """The ensemble of a kind, whatever it is called now."""
    names = {kind, f"new {kind}", "inner" if kind == "out of fold" else kind}
    (found,) = (each for each in Ensemble.get_list(connector=connector) if each.name in names)
    return found


@pytest.fixture(params=["renamed", "elsewhere", "earlier"])
def after(request):
    """A store in which members have other names, or other ids."""
    return request.getfixturevalue(request.param)


@pytest.mark.others_long("after")
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_computed_is_the_same_under_other_names(made, after, kind):
    before = Connector.in_folder(made / "store")
    then, now = the(before, kind), the(after, kind)
    names = list(now.alignment()["lost"])
    living = [name for name in now.labels().values() if name not in now.dropped()]
    assert names == living
    assert names != list(then.alignment()["lost"])
    assert list(now.alignment()["lost"].values()) == list(then.alignment()["lost"].values())
    for part, measured in then.metrics().items():
        assert list(now.metrics()[part]["members"]) == names
        assert list(now.metrics()[part]["members"].values()) == list(measured["members"].values())
        assert now.metrics()[part]["ensemble"] == measured["ensemble"]
    steps = {"steps": 2}.get(kind)
    if kind not in ("out of fold", "formed"):
        assert list(now.weights(steps).values()) == list(then.weights(steps).values())
        assert list(now.weights(steps)) == names
    assert list(now.dropped().values()) == list(then.dropped().values())
    assert now.diagnosis()["suggestion"]["changes"].keys() == set(names)
    assert Conductor(now).verify().demanded == "equal bits"
    assert now.staleness() == []
    if len(names) > 1:
        imagined = [what_if(each, without=list(each.alignment()["lost"])[:1]).forecast for each in (then, now)]
        assert imagined[0].tolist() == imagined[1].tolist()
    assert [side.name for side in remake(now, progress=False).members] == names
    known = now.diagnosis()
    assert diagnose(now, progress=False) == known
    before.close()


@pytest.mark.others_long
@pytest.mark.parametrize("kind", KINDS)
def test_a_report_has_the_new_names(renamed, kind):
    shows(the(renamed, kind))


@pytest.mark.long
@pytest.mark.parametrize("where", ["elsewhere", "earlier"])
def test_a_report_of_what_came_from_elsewhere_has_the_new_names(request, where):
    shows(the(request.getfixturevalue(where), "dropped"))


def shows(ensemble):
    """The report, the notebook and a comparison show the names of now, and none of before."""
    page, notebook = report(ensemble, progress=False).html, ensemble._repr_html_()
    for name in ensemble.alignment()["lost"]:
        assert escape(name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
        assert escape(name) in notebook
    for shown in (page, notebook, *ensemble.dropped().values()):
        assert not re.search(r">same|same \(|'gone'|>gone", shown.partition("<header>")[2] or shown)
    label = next(iter(ensemble.labels().values()))
    assert any(name.startswith(f"members.{label}.") for name in compare([ensemble, ensemble]).values)


def test_what_was_tried_has_the_new_names(after):
    ensemble = the(after, "formed")
    tried = ensemble.tried()
    chosen, members = tried.filter("selected")["members"][0].to_list(), list(ensemble.alignment()["lost"])
    # Ids are added to names that are equal: there are more of these among the candidates than among the members.
    assert [re.sub(r" \(\d+\)$", "", name) for name in chosen] == [re.sub(r" \(\d+\)$", "", name) for name in members]
    assert ensemble.search().metric == "mse"
    if all(each.key is not None for each in ensemble.search().candidates):  # an earlier version did not keep them
        names = {name for members in tried["members"] for name in members}
        assert any(NEW in name for name in names)
        assert not any(name.startswith("same") for name in names)


def test_importing_again_after_renaming_changes_nothing(made, elsewhere):
    assert import_bundle(made / "project.enz", elsewhere).new == {}
    again = export_project(the(elsewhere, "formed").project, made / "again.enz").path
    back = Connector.in_folder(made / "store")
    assert import_bundle(again, back).new == {}
    back.close()


@pytest.mark.long
def test_a_bundle_of_an_earlier_version_is_imported_by_the_order_of_members(made, earlier, empty_store):
    path = export_project(the(earlier, "formed").project, made / "earlier.enz").path
    connector = Connector.in_folder(new_folder(empty_store, made / "from-earlier"))
    import_bundle(path, connector)
    for kind in KINDS:
        ensemble = the(connector, kind)
        assert ensemble.result["version"] == 2
        assert Conductor(ensemble).verify().demanded == "equal bits"
    connector.close()


def test_labels_differ_whatever_members_are_called(renamed):
    """One is called as another one is shown, where two have one name."""
    ensemble = the(renamed, "blended")
    first, second, third = ensemble.members()
    for model, name in ((first, "same"), (second, "same"), (third, f"same ({first.id})")):
        model.name = name
        model.save()
    labels = list(ensemble.labels().values())
    assert len(set(labels)) == 3
    assert list(ensemble.weights()) == labels
    Conductor(ensemble).verify()


def test_a_result_of_other_members_is_refused(renamed):
    ensemble = the(renamed, "steps")
    kept = ensemble.result
    with pytest.raises(ValueError, match="the result is of 2 members, expected 1"):
        EnsembleResult.from_json(kept, [1])
    ensemble.result = {**kept, "alignment": {"common": 1, "lost": {"1": 0, "x": 0}}}
    with pytest.raises(CorruptError, match="cannot be read"):
        ensemble.metrics()
