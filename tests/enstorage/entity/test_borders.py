"""What arrives at the borders of the store: wrong types, stale objects, several writers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import enstorage
from enstorage import Connector, DataSource, Model, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError


@pytest.fixture
def project(sunspots):
    return Project(name="Sun", data_source=sunspots).save()


def test_what_is_not_named_is_looked_for_beside_the_database(tmp_path):
    first = Connector(f"sqlite:///{tmp_path}/a/x.sqlite")
    source = DataSource(name="first").save()
    source.write([1, 2], [1.0, 2.0], time_unit="ns")
    second = Connector(f"sqlite:///{tmp_path}/b/x.sqlite")
    DataSource(name="second", connector=second).save().delete()
    assert source.read()[0].tolist() == [1, 2]
    for connector in (first, second):
        connector.close()


def test_a_deleted_source_takes_no_points(sunspots, store, census):
    stale = DataSource.get(sunspots.id)
    sunspots.delete()
    before = census(store)
    for source in (sunspots, stale):
        with pytest.raises(NotFoundError, match="no DataSource with id 1"):
            source.write(["2001"], [1.0])
        with pytest.raises(NotFoundError):
            source.save()
    assert census(store) == before
    assert store.series.extent(1) is None


@pytest.mark.parametrize("name", [None, "", 7, "x" * 256])
def test_a_name_is_a_text(store, name, census):
    before = census(store)
    with pytest.raises(InvalidInputError, match="name of a DataSource must be a text of 1 to 255 characters"):
        DataSource(name=name).save()
    assert census(store) == before


def test_two_writers_of_one_fact_leave_one(project):
    model = project.create_research("r").create_model("m")

    def write(value):
        for key in "abcdef":
            Model.get(model.id, connector=project.connector).meta(key, value)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert set(model.metas()) == set("abcdef")


def test_a_stale_research_cannot_take_another_preparation(project, sunspots):
    stale = project.create_research("r")
    snapshot = sunspots.create_snapshot()
    first, second = snapshot.create_preparation(), snapshot.create_preparation("drop", "minmax")
    Model.get(stale.create_model("m").id).data_set(first.create_set(Window(2)))
    with pytest.raises(InvalidInputError, match="use data of preparation 1; received preparation 2"):
        stale.use(second)


def test_a_model_with_forecasts_keeps_its_data_set(project, sunspots):
    preparation = sunspots.create_snapshot().create_preparation()
    model = project.create_research("r").create_model("m")
    model.data_set(preparation.create_set(Window(2)))
    model.save_forecasts("train", ["1702"], [1.0])
    with pytest.raises(InvalidInputError, match="Make a new model"):
        model.data_set(preparation.create_set(Window(3)))


def test_wrong_types_are_refused_in_our_words(project, sunspots, store, census):
    research = project.create_research("r")
    model = research.create_model("m")
    before = census(store)
    for action, words in [
        (lambda: Model.get_list(1), "get_list takes several ids"),
        (lambda: project.create_ensemble("voting", models=[1, 2]), "1 is not a Model"),
        (lambda: project.create_research("x", 5), "5 is not a DataPreparation"),
        (lambda: model.data_set(5), "5 is not a DataSet"),
        (lambda: model.meta("when", np.datetime64("2020", "ns")), "cannot be kept as JSON"),
    ]:
        with pytest.raises(InvalidInputError, match=words):
            action()
    assert census(store) == before


def test_an_unsaved_preparation_is_prepared_when_it_is_saved_or_used(sunspots):
    from enstorage import DataPreparation

    snapshot = sunspots.create_snapshot()
    saved = DataPreparation(data_snapshot=snapshot).save()
    used = DataPreparation(data_snapshot=snapshot)
    assert used.create_set(Window(2)).data_preparation == used
    assert saved.sha256 == used.sha256
    assert enstorage.check() == []


def test_a_damaged_object_is_healed_by_storing_it_again(store, damage):
    sha256 = store.objects.put(b"content")
    damage(sha256)
    assert store.objects.put(b"content") == sha256
    assert store.objects.get(sha256) == b"content"


def test_a_folder_with_signs_of_urls_in_its_name_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"has # in its name"):
        Connector.in_folder(tmp_path / "a#b")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_url_leaves_no_half_made_store(tmp_path):
    with pytest.raises(InvalidInputError):
        Connector(f"sqlite:///{tmp_path}/made/x.sqlite", "delta://bucket/x")
    assert list(tmp_path.iterdir()) == []


def test_gaps_filled_from_both_sides_are_marked_as_leaking(store):
    source = DataSource(name="gaps", time_interval="1d").save()
    source.write(np.array([0, 1, 3, 4, 5, 6, 7, 8, 9]) * 86_400 * 10**9, np.arange(9.0))
    snapshot = source.create_snapshot()
    states = {clean: snapshot.create_preparation(clean).state for clean in ("drop", "forward", "linear", "backward")}
    assert {clean: (state["filled_rows"], state["leaks"]) for clean, state in states.items()} == {
        "drop": (0, False),
        "forward": (1, False),
        "linear": (1, True),
        "backward": (1, True),
    }


def test_the_test_part_is_what_the_others_leave(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", train_part=0.8)
    assert (preparation.train_part, preparation.valid_part, preparation.test_part) == (0.8, 0.0, 0.2)
