"""A project over a panel goes to another store with all sources of the panel."""

import shutil

import numpy as np
import polars as pl
import pytest
from comparing import contents
from forging import changed, packed, put_records, records, unpacked, with_columns
from sklearn.linear_model import LinearRegression

import enstorage
from endirector import Conductor
from enstorage import Connector, DataSet, DataSource, Panel, PanelMember, Project, Scene, SceneBand, check
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError

DAYS = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")


def table(*stores):
    waves = [np.sin(np.arange(len(DAYS)) * (number + 1)) + number for number in range(len(stores))]
    return pl.concat(
        pl.DataFrame({"series": store, "time": DAYS, "value": wave}) for store, wave in zip(stores, waves, strict=True)
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a store, and its project over a panel as a file: two models on three sources, and their ensemble."""
    folder = tmp_path_factory.mktemp("sales")
    connector = Connector.in_folder(folder / "store")
    with connector:
        panel = Panel.from_table(table("Riga", "Oslo", "Bern"), name="Sales", time_interval="1d", description="of 2024")
        preparations = panel.create_preparations("drop", "standard", 0.6, 0.0, 0.4)
        project = Project(name="All stores", panel=panel).save()
        research = project.create_research("pooled", preparations[0])
        for lag in (2, 3):
            data_set = DataSet.from_preparations(preparations, Window(lag))
            model = research.create_model(f"lag {lag}")
            model.data_set(data_set)
            estimator = LinearRegression().fit(*data_set.arrays("train")[1:])
            model.save_object(estimator)
            for part in ("train", "test"):
                output = data_set.invert(estimator.predict(data_set.arrays(part)[1]), part)
                model.save_forecasts(part, data_set.targets(part)[0], output, series=data_set.series(part))
        Conductor(project.create_ensemble("voting", models=project.models())).render()
        enstorage.export_project(project, folder / "sales.enz")
    connector.close()
    return folder


@pytest.fixture
def project(kept, tmp_path):
    """The project in a copy of that store."""
    shutil.copytree(kept / "store", tmp_path / "sales")
    connector = Connector.in_folder(tmp_path / "sales")
    yield Project.get(1, connector=connector)
    connector.close()


@pytest.fixture
def exported(kept):
    return kept / "sales.enz"


def bundle_of(project, path):
    return enstorage.export_project(project, path, overwrite=True).path


def test_everything_comes_along_and_is_the_same(project, exported, another_store):
    other = another_store()
    with other:
        DataSource(name="mine").save()  # so that what comes gets other ids
    imported = enstorage.import_bundle(exported, other)
    assert (imported.new["panel"], imported.new["panel_member"], imported.new["data_source"]) == (1, 3, 3)
    panel = imported.project.panel
    assert (panel.name, panel.description) == ("Sales", "of 2024")
    assert panel.read().drop("series").equals(project.panel.read().drop("series"))
    assert min(imported.project.source_ids()) > 1
    for before, after in zip(project.models(), imported.project.models(), strict=True):
        one, two = (each.research.project.panel.with_keys(each.forecasts()) for each in (before, after))
        assert one.drop("series").sort("key", "id").equals(two.drop("series").sort("key", "id"))
    ensemble = imported.project.ensembles()[0]
    metrics = ensemble.metrics()
    assert Conductor(ensemble).render().metrics() == metrics
    assert check(other) == []


def test_the_scenes_of_a_panel_come_along_with_their_bands(kept, another_store, tmp_path):
    with another_store() as there:
        imported = enstorage.import_bundle(kept / "sales.enz", there)
        scenes = [
            Scene(name=name, collection="c", item=name, version=1, time=0, bounds=(8, 45, 9, 46)).save()
            for name in "ab"
        ]
        for scene in scenes:
            image = there.put([scene.name.encode()])[0]
            SceneBand(scene_id=scene.id, name="red", sha256=image, source_sha256="0" * 64, bytes=1, raster={}).save()
        imported.project.panel.add_scenes(scenes[1:])
        path = bundle_of(imported.project, tmp_path / "scenes.enz")
        assert check(there) == []
    other = another_store()
    panel = enstorage.import_bundle(path, other).project.panel
    assert [(scene.name, other.objects.get(scene.bands()["red"].sha256)) for scene in panel.scenes()] == [("b", b"b")]
    assert [each.name for each in panel.lineage().records if isinstance(each, Scene)] == ["b"]
    assert enstorage.import_bundle(path, other).new == {}
    panel.scenes()[0].uses()[0].delete()
    assert enstorage.import_bundle(path, other).new == {"panel_scene": 1}
    assert check(other) == []


def test_importing_again_changes_nothing_and_mends_what_was_deleted(exported, another_store):
    other = another_store()
    first = enstorage.import_bundle(exported, other)
    before = contents(other)
    again = enstorage.import_bundle(exported, other)
    assert (again.new, again.left, again.known["panel_member"]) == ({}, {}, 3)
    assert contents(other) == before
    first.project.panel.sources()["Oslo"].delete(cascade=True)
    mended = enstorage.import_bundle(exported, other)
    assert (mended.new["data_source"], mended.new["panel_member"], mended.new["model"]) == (1, 1, 2)
    assert set(mended.project.panel.sources()) == {"Riga", "Oslo", "Bern"}
    assert check(other) == []


def test_a_source_that_was_added_comes_with_a_newer_bundle(project, exported, another_store, tmp_path):
    other = another_store()
    here = enstorage.import_bundle(exported, other).project.panel
    member = here.members()[0]
    member.key = "Riga, old town"
    member.save()
    project.panel.add("Graz", DataSource(name="Graz", connector=project.connector))
    newer = enstorage.import_bundle(bundle_of(project, tmp_path / "newer.enz"), other)
    assert newer.new == {"data_source": 1, "panel_member": 1}
    assert list(here.sources()) == ["Riga, old town", "Oslo", "Bern", "Graz"]  # what was renamed here stays so


def test_two_sources_with_one_key_are_refused(project, exported, another_store, tmp_path, census):
    other = another_store()
    here = enstorage.import_bundle(exported, other).project.panel
    here.add("Graz", DataSource(name="mine", connector=other))
    project.panel.add("Graz", DataSource(name="theirs", connector=project.connector))
    newer, before = bundle_of(project, tmp_path / "newer.enz"), census(other)
    with pytest.raises(
        InvalidInputError, match=r"has the key 'Graz', which data source 4 has in Panel\(1\) of this store"
    ):
        enstorage.import_bundle(newer, other)
    assert census(other) == before


def test_a_project_over_one_source_of_a_panel_comes_without_the_panel(project, another_store, tmp_path):
    source = project.panel.sources()["Oslo"]
    one = Project(name="Only Oslo", data_source=source).save()
    other = another_store()
    enstorage.import_bundle(bundle_of(one, tmp_path / "one.enz"), other)
    assert [PanelMember.count(connector=other), DataSource.count(connector=other)] == [0, 1]


def without_member(members, _):
    put_records(members, "panel_member", records(members, "panel_member")[:2])


def without_panel(members, _):
    members["records/panel.jsonl"] = members.pop("records/panel.jsonl").replace(b'"id": 1', b'"id": 2')


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_columns("project", {"panel_id": None}), r"Project\(1\): it is not over one data source or one panel"),
        (with_columns("project", {"data_source_id": 1}), r"Project\(1\): it is not over one data source or one panel"),
        (with_columns("panel", {"name": ""}), "The name of a Panel must be a text of 1 to 255"),
        (with_columns("panel_member", {"key": "Oslo"}), "have the same panel_id and key"),
        (
            with_columns("panel_member", {"key": ""}),
            r"PanelMember\(1\): The key of a series must be a text",
        ),
        (with_columns("panel_member", {"key": None}), r"PanelMember\(1\): key is missing"),
        (with_columns("panel_member", {"key": "x" * 256}), "at most 255 characters"),
        (with_columns("panel_member", {"data_source_id": 2}), "have the same panel_id and data_source_id"),
        (with_columns("panel_member", {"data_source_id": 9}), r"DataSource\(9\), which is not in the bundle"),
        (with_columns("panel_member", {"panel_id": 9}), r"Panel\(9\), which is not in the bundle"),
        (without_panel, r"Panel\(1\), which is not in the bundle"),
        (without_member, r"Model\(1\) has samples of a data source that the panel of its project has not"),
        (
            lambda members, _: changed(
                members, "research", lambda each: each["columns"].update(data_preparation_id=None)
            ),
            r"Model\(1\): its data set is of another preparation than its research",
        ),
    ],
)
def test_a_panel_that_no_store_would_make_is_refused(exported, another_store, tmp_path, census, change, message):
    members, manifest = unpacked(exported)
    change(members, manifest)
    other = another_store()
    with pytest.raises(InvalidInputError, match=message):
        enstorage.import_bundle(packed(tmp_path / "forged.enz", members, manifest), other)
    assert set(census(other).values()) == {0}


def test_a_research_with_a_preparation_from_outside_of_the_panel_is_refused(exported, another_store, tmp_path):
    members, manifest = unpacked(exported)
    put_records(members, "panel_member", records(members, "panel_member")[1:])
    with pytest.raises(InvalidInputError, match=r"Research\(1\) has a preparation of a data source that the panel"):
        enstorage.import_bundle(packed(tmp_path / "forged.enz", members, manifest), another_store())
