"""`enstorage forecast`: the steps after the data, as text, JSON and CSV."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import entrainer
from enstorage import Connector, DataSource, Ensemble, Model, Project
from enstorage.adapter import Window


def make():
    """A project with two trained models and their ensemble."""
    source = DataSource(name="River", time_interval="1mo").save()
    months = np.arange(120).astype("datetime64[M]")
    source.write(months, 5 + np.sin(np.arange(120)) + np.random.default_rng(0).normal(0, 0.1, 120))
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.6, 0.2, 0.2)
    project = Project(name="River", data_source=source).save()
    research = project.create_research("Windows", preparation)
    for lag in (3, 4):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(LinearRegression().fit(X, y))
    endirector.Conductor(project.create_ensemble("voting", models=project.models())).render()


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path, monkeypatch):
    """Runs `enstorage …` in the folder of a store with two trained models and their ensemble."""
    monkeypatch.setenv("COLUMNS", "120")
    shutil.copytree(filled_once(make), tmp_path / "enstorage-data")
    with Connector.in_folder(tmp_path / "enstorage-data"):
        model, ensemble = Model.get(2), Ensemble.get(1)
        enstorage.expected = entrainer.forecast(model, 2), endirector.forecast(ensemble, 1, levels=[0.8])
    return enstorage


def test_a_model_is_forecast_step_by_step(enstorage):
    status, output, errors = enstorage("forecast", "model", 2, "--horizon", 2)
    assert (status, errors) == (0, "")
    heads, first, second = (line.split() for line in output.splitlines())
    assert heads == ["step", "time", "forecast"]
    assert first[:2] == ["1", "1980-01-01T00:00:00Z"]
    assert second[:2] == ["2", "1980-02-01T00:00:00Z"]
    assert [float(first[2]), float(second[2])] == pytest.approx(enstorage.expected[0]["value"].to_list(), abs=1e-3)


def test_an_ensemble_has_intervals_and_notes_say_where_it_has_none(enstorage):
    status, output, errors = enstorage("forecast", "ensemble", 1, "--horizon", 3, "--level", 0.8)
    assert status == 0
    assert output.splitlines()[0].split() == ["step", "time", "forecast", "0.1", "0.9"]
    assert errors == ""
    status, output, errors = enstorage("forecast", "ensemble", 1, "--horizon", 23, "--level", 0.8)
    assert output.splitlines()[-1].split()[-2:] == ["–", "–"]
    assert errors.startswith(
        "note: The forecast of Ensemble(1, 'voting') has no interval for 2 steps, the first of them"
    )


def test_json_and_csv_have_every_row(enstorage):
    arguments = "forecast", "ensemble", 1, "--level", 0.8
    parsed = json.loads(enstorage(*arguments, "--json")[1])
    assert parsed["notes"] == []
    assert pl.DataFrame(parsed["forecasts"]).drop("time").rows() == enstorage.expected[1].rows()
    assert {row["time"] for row in parsed["forecasts"]} == {"1980-01-01T00:00:00Z"}
    assert enstorage(*arguments, "--csv", "ahead.csv")[1] == "Wrote 3 forecasts to ahead.csv.\n"
    assert pl.read_csv("ahead.csv").drop("time").rows() == enstorage.expected[1].rows()


def test_an_earlier_time_can_be_asked_for(enstorage):
    _, output, _ = enstorage("forecast", "model", 1, "--time-from", "1979-06")
    assert output.splitlines()[1].split()[1] == "1979-06-01T00:00:00Z"
    status, _, errors = enstorage("forecast", "model", 1, "--time-from", "1990-01")
    assert status == 1
    assert errors.startswith("error: The last value of")
