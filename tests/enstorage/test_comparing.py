"""What differs between records."""

import pytest

from enstorage import DataSource, Project, compare
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError


@pytest.fixture
def models(sunspots):
    preparation = sunspots.create_snapshot().create_preparation()
    research = Project(name="Sun", data_source=sunspots).create_research("r", preparation)
    models = [research.create_model(name) for name in ("first", "second")]
    for model, lag in zip(models, (3, 5), strict=True):
        model.data_set(preparation.create_set(Window(lag)))
        model.metas({"training": {"epochs": 10, "loss": "mse"}, "seed": lag, "gap": float("nan")})
    return models


def test_it_shows_what_differs_and_where_it_comes_from(models):
    differing = compare(models).differing
    assert differing["name"] == ("first", "second")
    assert differing["meta.seed"] == (3, 5)
    assert differing["data_set.adapter.lag"] == (3, 5)
    assert "meta.training.epochs" not in differing
    assert not [name for name in differing if name.startswith(("data_preparation", "data_snapshot", "data_source"))]
    assert "meta.gap" not in differing  # undefined for both


def test_what_only_one_has_differs(models):
    models[0].meta("mse", 1.0)
    models[0].meta("rows", 2)
    models[1].meta("rows", 2.0)
    differing = compare(models).differing
    assert differing["meta.mse"] == (1.0, None)
    assert "meta.rows" not in differing


def test_ensembles_are_compared_by_their_members_and_results(sunspots, models):
    project = models[0].research.project
    ensembles = [project.create_ensemble("voting", models=models), project.create_ensemble("voting", models=models[:1])]
    differing = compare(ensembles).differing
    assert differing["members.second.key"] == (str(models[1].id), None)
    assert "members.first.key" not in differing
    assert differing["data_set.id"] == (None, models[0].data_set_id)
    assert differing["data_set.ids"] == (sorted(model.data_set_id for model in models), None)


def test_it_becomes_json(models):
    assert compare(models).to_json() == {
        "entity": "Model",
        "ids": [models[0].id, models[1].id],
        "values": {name: list(values) for name, values in compare(models).differing.items()},
    }
    assert "meta.training.epochs" in compare(models).to_json(everything=True)["values"]


def test_one_record_or_several_kinds_are_refused(models):
    with pytest.raises(InvalidInputError, match="at least two records of one kind; received 1 of Model"):
        compare(models[:1])
    with pytest.raises(InvalidInputError, match="received 2 of DataSource, Model"):
        compare([models[0], DataSource.get_list()[0]])
    with pytest.raises(InvalidInputError, match="received 0 of nothing"):
        compare([])
