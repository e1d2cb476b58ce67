"""`enstorage export` and `enstorage import`, as a person uses them."""

import json
import shutil

import numpy as np
import pytest

from endirector import Conductor
from enstorage import Connector, DataSource, Project
from enstorage.adapter import Window


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folders `mine`, with a project whose ensemble has two members of one name, and `yours`, without one."""
    folder = tmp_path_factory.mktemp("stores")
    with Connector.in_folder(folder / "mine") as connector:
        source = DataSource(name="River", time_interval="1d").save()
        source.write(np.arange(30) * 86_400_000_000_000, np.sin(np.arange(30.0)))
        preparation = source.create_snapshot().create_preparation()
        project = Project(name="River levels", data_source=source).save()
        research = project.create_research("r", preparation)
        for lag in (1, 2):
            model = research.create_model("same")
            model.data_set(preparation.create_set(Window(lag)))
            for part in ("train", "test"):
                ids, truth = model.data_set().targets(part)
                model.save_forecasts(part, ids, truth + lag)
        Conductor(project.create_ensemble("voting", models=project.models())).render()
    connector.close()
    with Connector.in_folder(folder / "yours") as connector:
        DataSource(name="yours").save()
        other = Project(name="yours", data_source=DataSource.get(1)).save().create_research("yours")
        for _ in range(5):
            other.create_model("yours")
    connector.close()
    return folder


@pytest.fixture
def stores(made, enstorage, tmp_path):
    """Copies of both in the folder where the commands run."""
    for folder in ("mine", "yours"):
        shutil.copytree(made / folder, tmp_path / folder)


def test_a_project_goes_from_one_store_to_another(enstorage, stores):
    status, output, errors = enstorage("export", "project", 1, "river.enz", "--store", "mine")
    assert (status, errors) == (0, "")
    assert "Wrote project 1 (River levels) with 11 objects and 30 points to river.enz, " in output
    status, output, errors = enstorage("import", "river.enz", "--store", "yours")
    assert (status, errors) == (0, "")
    assert "Imported project 2 (River levels): 11 new objects and 30 new points." in output
    assert enstorage("check", "--store", "yours")[:2] == (0, "The store is whole.\n")
    shown = enstorage("show", "ensemble", 1, "--store", "yours")[1]
    assert "same (6)" in shown
    assert "same (7)" in shown
    assert "(1)" not in shown.split("Made from")[0]
    again = json.loads(enstorage("import", "river.enz", "--store", "yours", "--json")[1])
    assert (again["new"], again["known"]["model"], again["project"]["id"], again["points"]) == ({}, 2, 2, 0)


def test_reports_are_json_too(enstorage, stores):
    exported = json.loads(enstorage("export", "project", 1, "river.enz", "--store", "mine", "--json")[1])
    imported = json.loads(enstorage("import", "river.enz", "--store", "yours", "--json")[1])
    assert exported["project"]["name"] == imported["project"]["name"] == "River levels"
    assert exported["records"] == imported["new"]
    assert (exported["objects"], exported["points"]) == (imported["objects"], imported["points"]) == (11, 30)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "model", 1, "x.enz"), ["A model cannot be exported alone", "expected a project", "export-csv"]),
        (("export", "modle", 1, "x.enz"), ["no entity 'modle'"]),
        (("export", "project", 7, "x.enz"), ["no Project with id 7"]),
        (("export", "project", 1, "there.enz"), ["there.enz exists", "--overwrite"]),
        (("export", "project", 1, "nowhere/x.enz"), ["nowhere is not a directory"]),
        (("import", "missing.enz"), ["There is no file missing.enz"]),
        (("import", "there.enz"), ["there.enz cannot be imported", "zip archive", "Nothing was changed"]),
    ],
)
def test_what_is_wrong_is_one_message(enstorage, stores, tmp_path, arguments, words):
    (tmp_path / "there.enz").write_text("something else")
    status, output, errors = enstorage(*arguments, "--store", "mine")
    assert (status, output) == (1, "")
    assert errors.startswith("error: ")
    assert "Traceback" not in errors
    for word in words:
        assert word in errors
    assert not (tmp_path / "x.enz").exists()
    assert (tmp_path / "there.enz").read_text() == "something else"


def test_a_file_is_replaced_when_told(enstorage, stores, tmp_path):
    (tmp_path / "there.enz").write_text("something else")
    assert enstorage("export", "project", 1, "there.enz", "--overwrite", "--store", "mine")[0] == 0
    assert enstorage("import", "there.enz", "--store", "yours")[0] == 0


def test_how_much_a_file_may_unpack_to_can_be_said(enstorage, stores):
    enstorage("export", "project", 1, "river.enz", "--store", "mine")
    status, _, errors = enstorage("import", "river.enz", "--max-bytes", 1000, "--store", "yours")
    assert (status, "expected at most 1000" in errors) == (1, True)
    assert enstorage("import", "river.enz", "--max-bytes", 1_000_000, "--store", "yours")[0] == 0
