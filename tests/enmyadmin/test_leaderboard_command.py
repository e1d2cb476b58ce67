"""`enstorage leaderboard` and the metrics of `evaluate`, `form` and the commands that show an ensemble."""

import json

import numpy as np
import pytest

import endirector
from commands import run_command
from enstorage import Connector, DataSource, Ensemble, Project
from enstorage.preparation import PARTS
from enstorage.preparation.split import Part


@pytest.fixture
def folder(tmp_path):
    """A store with an ensemble of two uploaded members, 1 and 3 above the values."""
    folder = tmp_path / "store"
    values = 50 + np.random.default_rng(0).normal(0, 5, 100)
    with Connector.in_folder(folder):
        source = DataSource(name="Load", time_interval="1d").save()
        source.write(np.datetime64("2024-01-01") + np.arange(100), values)
        preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.2)
        project, table = Project(name="Load", data_source=source).save(), preparation.table()
        research = project.create_research("r", preparation)
        for offset in (1, 3):
            model = research.create_model(f"plus{offset}")
            for part in PARTS:
                rows = table["part"].to_numpy() == Part.of(part)
                model.save_forecasts(part, table["time"].to_numpy()[rows], table["value"].to_numpy()[rows] + offset)
        endirector.Conductor(project.create_ensemble("voting", models=project.models(), name="both")).render()
    return folder


def run(folder, *words):
    done = run_command(*words, "--store", folder, COLUMNS="200")
    assert done.status == 0, done.errors
    return done.output


def test_it_ranks_members_and_ensemble(folder):
    out = run(folder, "leaderboard", "both", "--metric", "MAE")
    lines = out.splitlines()
    assert lines[0].strip() == "test, by MAE"
    assert lines[1].split()[:4] == ["rank", "name", "rows", "MSE"]
    assert [line.split()[1] for line in lines[2:5]] == ["plus1", "ensemble", "plus3"]
    assert "No WQL, CRPS: No quantiles were forecast." in lines
    assert [line.split()[0] for line in lines[-2:]] == ["Fitted", "Warning:"]  # the forecasts were uploaded


def test_as_json_it_has_the_figures_of_the_library(folder):
    found = json.loads(run(folder, "leaderboard", "both", "--part", "valid", "--json"))
    with Connector.in_folder(folder):
        board = endirector.leaderboard(Ensemble.get(1), part="valid")
    assert found["rows"] == board.table.to_dicts()
    assert (found["metric"], found["part"], found["undefined"]) == ("mase", "valid", dict(board.undefined))


def test_an_unknown_metric_is_refused_with_the_names(folder):
    done = run_command("leaderboard", "both", "--metric", "f1", "--store", folder)
    assert done.status == 1
    assert "There is no metric 'f1'; expected one of mse, rmse, mae, mape, smape, mase" in done.errors


def test_an_ensemble_is_shown_with_its_mase(folder):
    with Connector.in_folder(folder):
        mase = Ensemble.get(1).metrics()["test"]["ensemble"]["mase"]
    lines = run(folder, "render", "both").splitlines()
    assert lines[2].endswith("MASE, test")
    assert float(lines[5].split()[-1]) == pytest.approx(mase, abs=1e-3)
