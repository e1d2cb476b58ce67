"""A research: its models all see data prepared in one way. A project: everything is about one source."""

import pytest

from enstorage import DataSet, DataSource, Model, Project, Research
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError


@pytest.fixture
def project(sunspots):
    return Project(name="Sun", data_source=sunspots, description="yearly").save()


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation()


def test_children_are_asked_for_and_parents_are_read(project, preparation, sunspots):
    research = project.create_research("r", preparation, "how it went")
    models = [research.create_model(name) for name in "ab"]
    assert project.data_source == sunspots
    assert project.researches() == [research]
    assert research.project == project
    assert research.data_preparation == preparation
    assert research.models() == models == project.models()
    assert models[0].research == research
    assert (research.name, research.description) == ("r", "how it went")


def test_the_first_data_set_settles_the_preparation(project, preparation):
    research = project.create_research("r")
    assert research.data_preparation is None
    first, second = research.create_model("first"), research.create_model("second")
    data_set = preparation.create_set(Window(3))
    first.data_set(data_set)
    assert Research.get(research.id).data_preparation == preparation
    assert Model.get(first.id).data_set() == data_set
    assert data_set.models() == [first]
    second.data_set(preparation.create_set(Window(5)))  # another set of the same preparation is fine
    assert Model.get(second.id).data_set().name == "window lag 5"


def test_a_data_set_of_another_preparation_is_refused(store, project, preparation, sunspots, census):
    research = project.create_research("r", preparation)
    model = research.create_model("m")
    other = sunspots.create_snapshot().create_preparation("drop", "minmax").create_set(Window(3))
    before = census(store)
    with pytest.raises(
        InvalidInputError,
        match=r"All models of Research\(1, 'r'\) use data of preparation 1; received preparation 2\. "
        r"Make a new research for it: project\.create_research",
    ):
        model.data_set(other)
    assert census(store) == before
    assert Model.get(model.id).data_set_id is None
    assert Research.get(research.id).data_preparation_id == preparation.id
    assert model.data_set_id is None


def test_a_data_set_from_arrays_is_refused_where_others_have_a_preparation(project, preparation):
    data_set = DataSet.from_arrays([1], [[1.0]], [1.0], ["train"], "upload")
    free = project.create_research("free").create_model("m")
    free.data_set(data_set)
    assert Model.get(free.id).data_set() == data_set
    bound = project.create_research("bound", preparation).create_model("m")
    with pytest.raises(
        InvalidInputError, match=r"use data of preparation 1; DataSet\(1, 'upload'\) has no preparation"
    ):
        bound.data_set(data_set)
    assert Model.get(bound.id).data_set_id is None


def test_a_preparation_of_another_source_is_refused(store, project, census):
    other = DataSource(name="other").save()
    other.write(range(10), range(10), time_unit="ns")
    foreign = other.create_snapshot().create_preparation()
    model = project.create_research("r").create_model("m")
    before = census(store)
    message = r"Project\(1, 'Sun'\) is over data source 1; DataPreparation\(1\) was made from data source 2\. Use a"
    with pytest.raises(InvalidInputError, match=message):
        project.create_research("x", foreign)
    with pytest.raises(InvalidInputError, match=message):
        model.data_set(foreign.create_set(Window(2)))
    assert Model.get(model.id).data_set_id is None
    changed = {name for name, count in census(store).items() if count != before[name]}
    assert changed == {"DataSet", "DataCsv", "objects"}  # the set that was made, and nothing else


class TestEnsembleOfAProject:
    def test_members_keep_their_order(self, project):
        research = project.create_research("r")
        models = [research.create_model(name) for name in "abc"]
        ensemble = project.create_ensemble("voting", models=models[::-1], description="three")
        assert project.ensembles() == [ensemble]
        assert (ensemble.name, ensemble.method, ensemble.description) == ("voting", "voting", "three")
        assert ensemble.models() == models[::-1]
        assert [item.position for item in ensemble.items()] == [0, 1, 2]
        assert ensemble.items()[0].member == models[2]
        assert ensemble.items()[0].ensemble == ensemble

    def test_wrong_members_are_refused_and_nothing_is_kept(self, store, project, sunspots, census):
        model = project.create_research("r").create_model("m")
        foreign = Project(name="other", data_source=sunspots).create_research("r").create_model("foreign")
        before = census(store)
        for models, message in [
            ([model, model], r"was given twice; expected each member once"),
            (
                [model, foreign],
                r"Model\(2, 'foreign'\) belongs to project 2; the members .* must belong to its project",
            ),
        ]:
            with pytest.raises(InvalidInputError, match=message):
                project.create_ensemble("voting", models=models)
        with pytest.raises(InvalidInputError, match=r"no method 'votin'; known are .*Did you mean 'voting'"):
            project.create_ensemble("votin", models=[model])
        with pytest.raises(InvalidInputError, match=r"fit_on is 'test'; expected one of train, valid"):
            project.create_ensemble("voting", models=[model], fit_on="test")
        assert census(store) == before
