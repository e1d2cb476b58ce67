"""Sets made of several preparations go to other stores with all that they are made of."""

import shutil

import numpy as np
import pytest
from forging import packed, put_records, records, unpacked, with_columns
from sklearn.linear_model import LinearRegression

import enstorage
from endirector import Conductor
from enstorage import Connector, DataSet, DataSetInput, DataSource, Project, check
from enstorage.adapter import Bins, Interval
from enstorage.errors import EnstorageError, InvalidInputError

DAY = 86_400 * 10**9


def make_shop():
    """A project over three customers: two models on pooled sets of their visits, and their ensemble."""
    preparations = []
    for number in range(3):
        source = DataSource(name=f"customer {number}").save()
        days = np.cumsum(np.random.default_rng(number).integers(1, 30, 20))
        source.write(days * DAY, np.random.default_rng(number).integers(1, 3, 20).astype(float))
        preparations.append(source.create_snapshot().create_preparation("drop", "none", 0.6, 0.0, 0.4))
    project = Project(name="Shop", data_source=preparations[0].data_snapshot.data_source).save()
    research = project.create_research("Visits", preparations[0])
    for look_back in (2, 3):
        data_set = DataSet.from_preparations(preparations, Interval(look_back))
        model = research.create_model(f"look back {look_back}")
        model.data_set(data_set)
        estimator = LinearRegression().fit(*data_set.arrays("train")[1:])
        for part in ("train", "test"):
            ids, X, _ = data_set.arrays(part)
            model.save_forecasts(part, ids, estimator.predict(X), series=data_set.series(part))
    binned = research.create_model("binned")
    binned.data_set(DataSet.from_preparations(preparations, Bins(Interval(2), (10, 20))))
    Conductor(project.create_ensemble("voting", models=project.models()[:2])).render()


@pytest.fixture
def shop(filled_once, tmp_path):
    connector = Connector.in_folder(shutil.copytree(filled_once(make_shop), tmp_path / "shop"))
    yield Project.get(1, connector=connector)
    connector.close()


@pytest.fixture
def exported(shop, tmp_path):
    return enstorage.export_project(shop, tmp_path / "shop.enz").path


def test_samples_are_the_same_and_series_have_the_ids_of_the_new_store(shop, exported, another_store):
    other = another_store()
    with other:
        for number in range(5):
            DataSource(name=f"mine {number}").save()
    imported = enstorage.import_bundle(exported, other)
    assert imported.new["data_set_input"] == 9
    for before, after in zip(shop.models(), imported.project.models(), strict=True):
        one, two = before.data_set(), after.data_set()
        assert one.sha256 == two.sha256
        for first, second in zip(one.arrays(), two.arrays(), strict=True):
            assert first.tobytes() == second.tobytes()
        names = [
            [DataSource.get(id, connector=each.connector).name for id in each.series().tolist()] for each in (one, two)
        ]
        assert names[0] == names[1]
        assert min(two.series()) > 5
        two.verify()
    sources = set(imported.project.models()[0].data_set().series().tolist())
    assert set(imported.project.models()[0].forecasts()["series"]) == sources
    ensemble = imported.project.ensembles()[0]
    metrics = ensemble.metrics()
    assert Conductor(ensemble).render().metrics() == metrics
    assert check(other) == []


def test_importing_again_changes_nothing_and_mends_what_was_deleted(exported, another_store, census):
    other = another_store()
    enstorage.import_bundle(exported, other)
    before = census(other)
    again = enstorage.import_bundle(exported, other)
    assert (again.new, again.left, census(other)) == ({}, {}, before)
    assert again.known["data_set_input"] == 9
    again.project.models()[2].data_set().delete(cascade=True)
    assert DataSetInput.count(connector=other) == 6
    mended = enstorage.import_bundle(exported, other)
    assert (mended.new["data_set"], mended.new["data_set_input"]) == (1, 3)
    assert check(other) == []


def test_deleting_a_customer_takes_the_sets_along(shop):
    second = shop.models()[0].data_set().preparations()[1]
    source = second.data_snapshot.data_source
    with pytest.raises(EnstorageError, match=r"DataPreparation\(2\) is in use by DataSetInput\(2\), DataSetInput\(5\)"):
        second.delete()
    taken = source.delete(cascade=True)
    assert sorted({type(record).__name__ for record in taken}) == [
        *("DataPreparation", "DataSet", "DataSetInput", "DataSnapshot", "DataSource"),
        *("Ensemble", "EnsembleItem", "Forecast", "Model"),
    ]
    assert DataSet.get_list(connector=shop.connector) == []
    assert len(DataSource.get_list(connector=shop.connector)) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_columns("data_set_input", {"position": 2}), r"preparations of DataSet\(1\) have the places \[1, 2, 2\]"),
        (with_columns("data_set_input", {"position": -1}), "have the places"),
        (with_columns("data_set_input", {"data_preparation_id": 99}), r"which is not in the bundle"),
        (
            with_columns("data_set_input", {"data_preparation_id": 2}),
            "have the same data_set_id and data_preparation_id",
        ),
        (with_columns("data_set_input", {"data_set_id": 2}), "have the same data_set_id and data_preparation_id"),
        (with_columns("data_set", {"adapter": {"name": "images", "flatten": True}}), "takes arrays, not a preparation"),
        (
            with_columns("data_set", {"adapter": {"name": "bins", "adapter": {"name": "x"}, "edges": [1]}}),
            "no adapter 'x'",
        ),
        (with_columns("data_set", {"adapter": {"name": "bins", "edges": [1]}}), "Bins needs the parameter 'adapter'"),
        (with_columns("data_set", {"adapter": {"name": "interval", "look_back": 0}}), "integer of at least 1"),
    ],
)
def test_sets_that_no_store_would_make_are_refused(exported, another_store, tmp_path, change, message):
    members, manifest = unpacked(exported)
    change(members, manifest)
    with pytest.raises(InvalidInputError, match=message):
        enstorage.import_bundle(packed(tmp_path / "forged.enz", members, manifest), another_store())


def test_a_set_without_the_preparation_that_was_asked_is_refused(exported, another_store, tmp_path):
    members, manifest = unpacked(exported)
    given = records(members, "data_set_input")[1:3]
    for position, record in enumerate(given):
        record["columns"]["position"] = position
    kept = [*given, *records(members, "data_set_input")[3:]]
    put_records(members, "data_set_input", kept)
    with pytest.raises(
        InvalidInputError, match=r"DataSet\(1\) is of preparation 1, which is not among its preparations"
    ):
        enstorage.import_bundle(packed(tmp_path / "forged.enz", members, manifest), another_store())


def test_a_set_that_names_other_sources_than_those_of_its_preparations_is_refused(exported, another_store, tmp_path):
    """Its table says series 2, and no preparation of the set is of that source."""
    members, manifest = unpacked(exported)
    kept = [each for each in records(members, "data_set_input") if each["columns"]["data_preparation_id"] != 2]
    for record in kept:
        record["columns"]["position"] = min(record["columns"]["position"], 1)
    put_records(members, "data_set_input", kept)
    with pytest.raises(InvalidInputError, match="names other sources than those of DataSet"):
        enstorage.import_bundle(packed(tmp_path / "forged.enz", members, manifest), another_store())
