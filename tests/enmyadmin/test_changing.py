"""Names and the trash on the command line."""

import json

import pytest

from enstorage import Connector, DataSource, Ensemble, Model, Project


@pytest.fixture
def two_models(enstorage):
    """A store in the current folder with two models and an ensemble of both."""
    with Connector.in_folder("enstorage-data") as connector:
        project = Project(name="Sun", data_source=DataSource(name="Solar activity").save()).save()
        research = project.create_research("plain")
        models = [research.create_model(name) for name in ("short", "long")]
        project.create_ensemble("voting", models=models, name="both")
    connector.close()


def names(enstorage, *arguments):
    return [each["name"] for each in json.loads(enstorage(*arguments, "--json")[1])]


def test_a_record_gets_another_name(enstorage, two_models):
    assert enstorage("rename", "model", "short", "brief")[:2] == (0, "Renamed model 1 (short) to brief.\n")
    assert json.loads(enstorage("rename", "project", 1, "Sol", "--json")[1])["name"] == "Sol"
    assert names(enstorage, "list", "models") == ["brief", "long"]
    status, _, errors = enstorage("rename", "model", 1, "")
    assert (status, names(enstorage, "list", "models")) == (0, ["", "long"]) or "name" in errors
    status, _, errors = enstorage("rename", "forecast", 1, "x")
    assert (status, "A forecast has no name" in errors) == (1, True)


def test_a_name_stands_for_an_id_where_only_one_record_has_it(enstorage, two_models):
    assert json.loads(enstorage("show", "model", "long", "--json")[1])["id"] == 2
    status, _, errors = enstorage("show", "model", "lnog")
    assert (status, errors) == (1, "error: There is no model named 'lnog'. See them: enstorage list model\n")
    enstorage("rename", "model", "long", "it's")
    assert json.loads(enstorage("show", "model", "it's", "--json")[1])["id"] == 2
    enstorage("rename", "model", 1, "it's")
    status, _, errors = enstorage("show", "model", "it's")
    assert (status, errors) == (1, 'error: Several models are named "it\'s": 1, 2. Give the id of one.\n')
    status, _, errors = enstorage("show", "forecast", "today")
    assert (status, "A forecast has no name; received 'today', expected an id" in errors) == (1, True)


def test_what_is_deleted_is_in_the_trash_and_comes_back(enstorage, two_models):
    status, output, errors = enstorage("delete", "model", "short", "long")
    assert (status, errors) == (0, "")
    assert output == (
        "Moved 2 models and 1 ensemble to the trash: model 2 (long), model 1 (short), ensemble 1 (both).\n"
        "To restore: enstorage restore model 1 2\n"
    )
    assert names(enstorage, "list", "models") == []
    assert names(enstorage, "list", "models", "--trash") == ["short", "long"]
    assert names(enstorage, "find", "model", "name like 's%'", "--trash") == ["short"]
    assert names(enstorage, "list", "--trash") == ["short", "long", "both"]
    assert "3 in the trash" in enstorage("list", "--trash")[1]
    status, output, errors = enstorage("restore", "model", "short", "long")
    assert (status, errors) == (0, "")
    assert names(enstorage, "list", "models") == ["short", "long"]
    enstorage("delete", "ensemble", 1)
    parsed = json.loads(enstorage("restore", "ensemble", 1, "--json")[1])
    assert parsed == {"restored": [{"entity": "ensemble", "id": 1, "name": "both"}]}
    status, _, errors = enstorage("restore", "ensemble", 1)
    assert (status, "is not in the trash" in errors) == (1, True)


def test_several_are_deleted_all_or_none(enstorage, two_models):
    assert enstorage("delete", "model", 1, 7)[0] == 1
    enstorage("delete", "model", 2)
    status, _, errors = enstorage("delete", "model", 1, 2)
    assert (status, "is in the trash already" in errors) == (1, True)
    assert names(enstorage, "list", "models") == ["short"]


def test_only_what_is_in_the_trash_is_purged_and_only_on_a_yes(enstorage, two_models):
    status, _, errors = enstorage("purge", "model", 1, "--yes")
    assert (status, "Model 1 (short) is not in the trash" in errors) == (1, True)
    enstorage("delete", "model", 1)
    status, _, errors = enstorage("purge", "model", 1)
    assert (status, "Nobody can be asked here; add --yes" in errors) == (1, True)
    assert enstorage("purge", "--older-than", "1d")[1] == "There is nothing to delete.\n"
    with Connector.in_folder("enstorage-data"):
        assert (Model.count(), len(Model.find(trash=True)), len(Ensemble.find(trash=True))) == (1, 1, 1)
    parsed = json.loads(enstorage("purge", "model", "short", "--yes", "--json")[1])
    assert [(each["entity"], each["id"]) for each in parsed["deleted"] if each["name"]] == [
        ("model", 1),
        ("ensemble", 1),
    ]
    enstorage("delete", "project", 1)
    assert enstorage("purge", "--older-than", "0", "--yes")[1].startswith("Deleted 1 project, 1 research and 1 model")
    with Connector.in_folder("enstorage-data"):
        assert not any(kind.find(trash=True) for kind in (Project, Model, Ensemble))


@pytest.mark.parametrize("arguments", [(), ("model",), ("model", "1", "--older-than", "1d")])
def test_purge_wants_ids_or_a_time(enstorage, two_models, arguments):
    status, _, errors = enstorage("purge", *arguments, "--yes")
    assert (status, "Give one of these" in errors) == (2, True)
    assert enstorage("list")[0] == 2
