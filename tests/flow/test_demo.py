"""The main job, end to end: `enstorage demo` as a person runs it, trained in full once for all tests here."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import enstorage

pytestmark = pytest.mark.long


def run_demo(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "enstorage", "demo", "--output", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200", "JAX_DISABLE_MOST_OPTIMIZATIONS": "false"},  # it trains for longer
    )
    return done.stdout


@pytest.fixture(scope="module")
def sunspots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "report"
    output = run_demo(folder, "--tensorboard", str(folder.parent / "runs"))
    return folder, output, json.loads((folder / "metrics.json").read_text())


def test_metrics_have_the_promised_shape(sunspots):
    _, _, metrics = sunspots
    assert [member["lag"] for member in metrics["members"]] == [5, 7, 13]
    for member in metrics["members"]:
        assert set(member) == {"name", "lag", "mse", "rmse", "mse_scaled", "weight", "lost_rows"}
        assert member["rmse"] == pytest.approx(member["mse"] ** 0.5)
    assert set(metrics["ensemble"]) == {"mse", "rmse", "mse_scaled", "intercept"}
    assert metrics["seeds"]["count"] == 1
    assert metrics["seconds"] > 1


def test_tensorboard_was_given_the_curves_and_the_graph_of_each_network(sunspots):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, _, _ = sunspots
    runs = folder.parent / "runs"
    with enstorage.Connector.in_folder(folder / "store") as store:
        models = enstorage.Model.find("name like 'LSTM%'", connector=store)
        assert sorted(run.name for run in runs.iterdir()) == [
            f"{model.id}_LSTM_lag_{lag}" for model, lag in zip(models, (5, 7, 13), strict=True)
        ]
        for model, run in zip(models, sorted(runs.iterdir()), strict=True):
            events = EventAccumulator(str(run), size_guidance={"scalars": 0})
            events.Reload()
            kept = model.curves()
            assert [each.step for each in events.Scalars("loss")] == kept["step"].to_list() == list(range(1, 201))
            assert [each.value for each in events.Scalars("loss")] == pytest.approx(kept["loss"].to_list(), rel=1e-6)
            assert len(events.Graph().node) == len(model.load_object().layers) + 1  # and the input
    store.close()


def test_rows_are_those_that_the_lags_leave(sunspots):
    _, _, metrics = sunspots
    assert metrics["common_rows"] == 309 - 13
    assert metrics["test_rows"] == 93
    assert [member["lost_rows"] for member in metrics["members"]] == [8, 6, 0]


def test_baselines_are_what_anyone_can_compute(sunspots):
    from statsmodels.datasets import sunspots as data

    _, _, metrics = sunspots
    values = data.load_pandas().data["SUNACTIVITY"].to_numpy(float)
    naive = np.mean((values[216:] - values[216 - 11 : -11]) ** 2)
    windows = np.lib.stride_tricks.sliding_window_view(values, 10)
    design = np.column_stack([windows[:, :9], np.ones(len(windows))])
    train, test = slice(0, 216 - 9), slice(216 - 9, None)
    coefficients, *_ = np.linalg.lstsq(design[train], windows[train, 9], rcond=None)
    autoregression = np.mean((design[test] @ coefficients - windows[test, 9]) ** 2)
    assert metrics["baselines"]["seasonal naive (11)"]["mse"] == pytest.approx(naive)
    assert metrics["baselines"]["autoregression (9)"]["mse"] == pytest.approx(autoregression, rel=1e-6)


def test_networks_learned_something(sunspots):
    """Wide bounds around what 16 seeds gave: no seed comes near the naive forecast."""
    _, _, metrics = sunspots
    for member in metrics["members"]:
        assert 200 < member["mse"] < 600
    assert 200 < metrics["ensemble"]["mse"] < 400
    below = metrics["ensemble"]["mse"] < min(member["mse"] for member in metrics["members"])
    assert metrics["seeds"]["below_every_member"] == int(below)


def test_what_is_printed_and_reported_agrees_with_the_metrics(sunspots):
    folder, output, metrics = sunspots
    report = (folder / "report.html").read_text()
    below = metrics["seeds"]["below_every_member"] == 1
    assert ("lies below that of every member" in output) == below
    assert str(folder / "report.html") in output
    for figure in [metrics["ensemble"], *metrics["members"]]:
        assert f"{figure['mse']:,.1f}" in report
    assert not re.search(r"(src|href)=\"https?:", report)


def test_everything_is_kept_and_whole(sunspots):
    folder, _, metrics = sunspots
    connector = enstorage.Connector.in_folder(folder / "store")
    try:
        assert enstorage.check(connector) == []
        (ensemble,) = enstorage.Ensemble.get_list(connector=connector)
        assert ensemble.mark() == "in-sample"
        assert list(ensemble.weights().values()) == [member["weight"] for member in metrics["members"]]
        kinds = [type(record).__name__ for record in ensemble.lineage().records]
        assert kinds[0] == "DataSource"
        assert kinds[-1] == "Ensemble"
        for model in ensemble.models():
            assert model.curves().height == model.meta("epochs") == 200
            output = model.load_object().predict(model.data_set().arrays("test")[1], verbose=0)[:, 0]
            kept = model.forecasts("test")["value"].to_numpy()
            assert model.data_set().invert(output, "test") == pytest.approx(kept, rel=1e-4)
    finally:
        connector.close()


def test_anyones_series_runs_the_same_way(tmp_path, test_data):
    folder = tmp_path / "report"
    airline = test_data / "airline" / "airline-passengers.csv"
    run_demo(folder, "--csv", str(airline), "--season", "12", "--seeds", "2")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["common_rows"] == 144 - 13
    assert metrics["seeds"]["count"] == 2
    assert "seasonal naive (12)" in metrics["baselines"]
    assert "airline-passengers" in (folder / "report.html").read_text()
