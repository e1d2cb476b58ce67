"""What TensorBoard is given: read back by its own library, and asked of a running TensorBoard."""

import json
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from socket import socket

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import StoreError
from entrainer.networks import LSTM, PaperLSTM


@pytest.fixture
def research(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.1, 0.3)
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("r", preparation)


def read(folder):
    """What TensorBoard's own library reads of a run."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return events


def curves_of(events):
    return {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def text_of(events):
    return events.Tensors("facts")[0].tensor_proto.string_val[0].decode()


def hyperparameters_of(events):
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in told.items()}


def test_curves_become_scalars_step_by_step(research, tmp_path):
    model = research.create_model("LSTM / lag 5 <b>")
    model.log(np.arange(1, 2001), loss=np.linspace(1, 0, 2000))
    model.log(7, val_loss=0.5)
    model.log(9, val_loss=np.nan)
    [run] = entrainer.write_tensorboard(model, tmp_path / "runs")
    assert run == tmp_path / "runs" / f"{model.id}_LSTM_lag_5_b"
    curves = curves_of(read(run))
    kept = model.curves()
    assert [step for step, _ in curves["loss"]] == kept["step"].to_list()
    assert [value for _, value in curves["loss"]] == pytest.approx(kept["loss"].to_list(), rel=1e-6)
    assert curves["val_loss"] == [(7, 0.5)]


def test_facts_become_hyperparameters_and_a_text(research, tmp_path):
    model = research.create_model("m", LSTM(units=(3,)), description="A | test")
    model.metas(
        {"rmse": 2.5, "seed": 7, "ok": True, "note": "short", "gone": np.nan, "log": "x" * 500, "parts": ["train"]}
    )
    events = read(entrainer.write_tensorboard([model], tmp_path)[0])
    told = hyperparameters_of(events)
    assert {name: told[name] for name in ("rmse", "seed", "ok", "note")} == {
        "rmse": 2.5,
        "seed": 7,
        "ok": True,
        "note": "short",
    }
    assert told["network.name"] == "lstm"
    assert not {"gone", "log", "parts"} & set(told)
    text = text_of(events)
    assert "A \\| test" in text
    for row in (
        "| rmse | 2.5 |",
        "| gone | NaN |",
        f"| log | {'x' * 500} |",
        '| parts | ["train"] |',
        "| network.units | [3] |",
    ):
        assert row in text


def test_an_estimator_has_no_graph(research, tmp_path):
    model = research.create_model("m")
    model.save_object(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]))
    assert not read(entrainer.write_tensorboard(model, tmp_path)[0]).Tags()["graph"]


def test_writing_again_replaces_a_run_and_leaves_the_others(research, tmp_path):
    models = [research.create_model(name) for name in "ab"]
    runs = entrainer.write_tensorboard(models, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    models[0].log(1, loss=0.5)
    models[0].log(2, loss=0.25)
    entrainer.write_tensorboard(models[0], tmp_path)
    assert curves_of(read(runs[0])) == {"loss": [(1, 0.5), (2, 0.25)]}
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "store") == ["1_a", "2_b", "notes.txt"]
    assert all(len(list(run.iterdir())) == 1 for run in runs)


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_trained(research, tmp_path):
    (tmp_path / "file").write_text("")
    model = research.create_model("m", PaperLSTM(units=(2, 2)))
    model.data_set(research.data_preparation.create_set(Window(3)))
    model.log(1, loss=0.5)
    with pytest.raises(StoreError, match="of TensorBoard could not be written"):
        entrainer.fit(model, entrainer.Training(epochs=1), progress=False, tensorboard=tmp_path / "file")
    assert model.curves()["loss"].to_list() == [0.5]


def test_a_missing_library_names_the_extra():
    code = (
        "import sys; sys.modules['tensorboard'] = None; from entrainer.tensorboard import records; records._library()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'Install it with: pip install "enstorage[tensorboard]"' in done.stderr


@pytest.fixture
def trained(research, tmp_path):
    """Two networks, trained together with TensorBoard, and what was readable while they were."""
    models = [research.create_model(f"lag {lag}", PaperLSTM(units=(2, 3))) for lag in (2, 4)]
    for model, lag in zip(models, (2, 4), strict=True):
        model.data_set(research.data_preparation.create_set(Window(lag)))
    folder, seen = tmp_path / "runs", []

    def look(_models, chunk):
        seen.append([(chunk.epochs, len(curves_of(read(run)).get("loss", ()))) for run in sorted(folder.iterdir())])

    entrainer.fit(models, entrainer.Training(epochs=6), progress=False, monitor=look, tensorboard=folder)
    return models, folder, seen


@pytest.mark.slow
def test_a_training_is_shown_while_it_runs(trained):
    models, folder, seen = trained
    assert len(seen) > 1
    for chunk in seen:
        assert [epochs for epochs, _ in chunk] == [rows for _, rows in chunk]
    for model, run in zip(models, sorted(folder.iterdir()), strict=True):
        events, kept = read(run), model.curves()
        curves = curves_of(events)
        assert set(curves) == {"loss", "valid_loss"}
        for name, points in curves.items():
            assert [step for step, _ in points] == kept["step"].to_list() == [1, 2, 3, 4, 5, 6]
            assert [value for _, value in points] == pytest.approx(kept[name].to_list(), rel=1e-6)
        assert hyperparameters_of(events)["training.epochs"] == 6
        layers = [layer.name for layer in model.load_object().layers]
        nodes = {node.name.rpartition("/")[2]: node for node in events.Graph().node}
        assert set(layers) <= set(nodes)
        for before, after in pairwise(layers):
            assert [name.rpartition("/")[2] for name in nodes[after].input] == [before]


@pytest.mark.slow
def test_the_graph_of_a_stored_model_is_that_of_its_training(trained, tmp_path):
    models, folder, _ = trained
    again = entrainer.write_tensorboard(models, tmp_path / "again")
    for run, other in zip(again, sorted(folder.iterdir()), strict=True):
        assert run.name == other.name
        assert read(run).Graph() == read(other).Graph()
        assert curves_of(read(run)) == curves_of(read(other))


@pytest.mark.long
def test_a_running_tensorboard_shows_it(trained, tmp_path):
    _, folder, _ = trained
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(folder),
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
    ]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        tags = ask(port, "scalars/tags", until=lambda told: len(told) == 2)
        assert {run: set(told) for run, told in tags.items()} == {
            "1_lag_2": {"loss", "valid_loss"},
            "2_lag_4": {"loss", "valid_loss"},
        }
        points = ask(port, "scalars/scalars?run=1_lag_2&tag=loss")
        assert [step for _, step, _ in points] == [1, 2, 3, 4, 5, 6]
        assert set(ask(port, "graphs/info")) == {"1_lag_2", "2_lag_4"}
        assert ask(port, "text/tags")["2_lag_4"] == ["facts"]
    finally:
        program.terminate()
        program.wait(20)


def ask(port, path, until=lambda told: True, seconds=60):
    """The answer of a TensorBoard, once it is what was waited for."""
    ends = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/data/plugin/{path}", timeout=10) as answer:
                told = json.load(answer)
            if until(told) or time.monotonic() > ends:
                return told
        except OSError:
            if time.monotonic() > ends:
                raise
        time.sleep(0.3)
