"""An ensemble is made again from what is stored: the same comes out, and what does not is shown."""

import json

import numpy as np
import pytest

import enstorage
import entrainer
from commands import run_command
from endirector import Conductor, remake
from enstorage import Model
from enstorage.adapter import Window
from entrainer import Training
from entrainer.networks import MLP, Estimator
from solar import make_sunspots

QUICK = Training(epochs=3)


def make():
    """A project with two networks and a forest, all trained."""
    source = make_sunspots()
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.1, 0.3)
    project = enstorage.Project(name="Sun", data_source=source).save()
    research = project.create_research("Various", preparation)
    for lag in (2, 3):
        model = research.create_model(f"network {lag}", MLP((4,), last_activation="linear"))
        model.data_set(preparation.create_set(Window(lag)))
    forest = research.create_model("forest", Estimator("RandomForestRegressor", {"n_estimators": 5}))
    forest.data_set(preparation.create_set(Window(2)))
    entrainer.fit(project.models(), QUICK, seeds=(1, 2, 3), progress=False)


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return enstorage.Project.get(1)


@pytest.mark.long
def test_the_same_comes_out_and_nothing_is_stored(project, store, census):
    entrainer.backtest(project.models(), QUICK, seeds=(1, 2, 3), folds=2, progress=False)
    inner = Conductor(project.create_ensemble("stacking", "LinearRegression", models=project.models()[:2])).render()
    ensemble = Conductor(project.create_ensemble("linear_stack", models=[inner, project.models()[2]])).render()
    before = census(store)
    remaking = remake(ensemble, progress=False)
    assert census(store) == before
    assert [side.name for side in remaking.members] == ["stacking LinearRegression", "forest"]
    assert all(side.reason is None for side in remaking.members)
    assert remaking.ensemble.largest_difference <= 1e-4 * abs(ensemble.table()["ensemble"].max())
    then, now = remaking.ensemble.rmse["test"]
    assert then == ensemble.metrics()["test"]["ensemble"]["rmse"]
    assert now == pytest.approx(then, rel=1e-5)


def test_another_seed_is_seen(project):
    ensemble = Conductor(project.create_ensemble("voting", models=project.models())).render()
    project.models()[0].meta("seed", 99)
    remaking = remake(ensemble, progress=False)
    first, second, forest = remaking.members
    assert first.largest_difference > 1
    assert second.largest_difference < 1e-4
    assert forest.largest_difference == 0
    assert not remaking.same
    assert remaking.ensemble.largest_difference == pytest.approx(first.largest_difference / 3, rel=1e-3)


def test_row_weights_are_kept_for_it(project):
    forest = project.models()[2]
    rows = len(forest.data_set().arrays("train")[0])
    weights = np.linspace(0, 1, rows)
    entrainer.fit(forest, QUICK, seeds=3, weights=[weights], progress=False)
    assert forest.meta("row_weights") == weights.tolist()
    (again,) = entrainer.remake([forest], progress=False)
    stored = forest.forecasts().sort("part", "id")["value"].to_list()
    assert again.forecasts.sort("part", "id")["value"].to_list() == stored


def test_what_was_not_trained_here_is_taken_as_it_is_and_told(project):
    foreign = project.researches()[0].create_model("uploaded")
    kept = project.models()[0].forecasts("test")
    foreign.save_forecasts("test", kept["id"].to_numpy(), kept["value"].to_numpy() + 1)
    ensemble = Conductor(project.create_ensemble("voting", models=[Model.get(1), foreign])).render()
    remaking = remake(ensemble, progress=False)
    assert remaking.members[1].reason == "It has no data set: only its forecasts are kept."
    assert remaking.members[1].largest_difference == 0
    assert not remaking.same


def test_the_commands(project, tmp_path):
    ensemble = Conductor(project.create_ensemble("voting", models=project.models()[2:])).render()

    def run(*arguments):
        return run_command(*arguments, "--store", tmp_path / "store")

    shown = run("remake", "ensemble", ensemble.id)
    assert shown.status == 0, shown.errors
    assert "RMSE then → now" in shown.output
    assert "forest" in shown.output
    told = json.loads(run("remake", "ensemble", ensemble.id, "--json").output)
    assert told["ensemble"]["rmse"]["test"][0] == ensemble.metrics()["test"]["ensemble"]["rmse"]
    verified = json.loads(run("verify", "ensemble", ensemble.id, "--json").output)
    assert verified["demanded"] == "equal bits"
    assert verified["largest_difference"] == 0
    refused = run("verify", "model", "1")
    assert refused.status == 1
    assert "The command takes one ensemble; received 'model 1'" in refused.errors
