"""Every kind of work calls its package's function, and its result is JSON."""

import inspect
import json

import numpy as np
import pytest

from enorchestrator.pipeline.check import check_pipeline
from enorchestrator.pipeline.definition import PipelineDefinition
from enorchestrator.policy.roles import ACTIONS
from enorchestrator.task.problem import as_plain_json
from enorchestrator.work.models.curves import MOST_POINTS, LiveCurves
from enorchestrator.work.registry import OURS, find_kind
from enorchestrator.work.stored_file import plain_name
from enstorage import Connector, DataSnapshot, DataSource, Ensemble, Model, Project, Research
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError
from entrainer.compiled.group import Chunk
from entrainer.networks import Estimator
from solar import yearly


def fill():
    source = DataSource(name="Sun", time_interval="1y").save()
    source.write(*yearly(80))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = Project(name="Sun", data_source=source).save()
    research = project.create_research("Members", preparation)
    for lag in (2, 3):
        research.create_model(f"lag {lag}", Estimator("Ridge")).data_set(preparation.create_set(Window(lag)))
    project.create_ensemble("voting", models=research.models(), name="Both")


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def call(store):
    """A function that does work of a kind as a child would; its partial results are `call.partials`."""

    def work(name, /, **arguments):
        kind = find_kind(name)
        checked = kind.read(arguments)
        kind.check(checked, store)
        outputs = kind.call(checked, store, lambda what, done, total: False, lambda *told: work.partials.append(told))
        return json.loads(json.dumps(as_plain_json(outputs), allow_nan=False))

    work.partials = []
    return work


def test_models_and_ensembles_are_worked_on_from_training_to_report(call, store):
    fitted = call("fit", models=[1, 2])
    assert [model["name"] for model in fitted["models"]] == ["lag 2", "lag 3"]
    backtested = call("backtest", models=[1, 2], folds=2)
    assert backtested["models"][0]["out_of_fold"] == Model.get(1).forecasts("out_of_fold").height
    formed = call("form", project=1, methods=[{"method": "voting"}], name="Formed")
    assert (formed["ensemble"], Ensemble.get(2).name) == (2, "Formed")
    rendered = call("render", ensemble=1, strict=True)
    assert rendered["metrics"] == as_plain_json(Ensemble.get(1).metrics())
    verified = call("verify", ensemble=1)
    assert (verified["demanded"], verified["largest_difference"]) == ("equal bits", 0)
    assert "test" in call("diagnose", ensemble=1)["diagnosis"]["parts"]
    calibrated = call("calibrate", ensemble=1, levels=[0.8])
    assert [row["level"] for row in calibrated["intervals"]] == [0.8]
    ahead = call("forecast", ensemble=1, horizon=2, levels=[])
    assert [(row["step"], row["time"][:4], row["name"]) for row in ahead["rows"]] == [
        (1, "1780", "Sun"),
        (2, "1781", "Sun"),
    ]
    assert store.objects.get(ahead["file"]["object"]).count(b"\n") == 3
    assert call("forecast", model=1, horizon=1, levels=[])["count"] == 1
    report = call("report", ensemble=1)["file"]
    assert store.objects.get(report["object"]).startswith(b"<!doctype html>")
    assert (report["name"], report["media_type"]) == ("report of Both.html", "text/html")


@pytest.mark.long
def test_a_search_tells_its_trials(call):
    found = call(
        "tune",
        research=1,
        data_sets=[1],
        network={"name": "tlfn", "hidden": [3]},
        training={"epochs": 2},
        space={"training.learning_rate": {"low": 0.001, "high": 0.1, "log": True}},
        trials=3,
        at_once=1,
    )
    assert len(found["trials"]) == 3
    assert found["best"]["id"] in [model.id for model in Research.get(1).models()]
    assert found["trials"][0]["loss"] == min(trial["loss"] for trial in found["trials"])
    assert [name for name, _ in call.partials] == ["trials"] * 3


def test_a_project_goes_into_a_bundle_and_into_another_store(call, store, tmp_path):
    exported = call("export_bundle", project=1)
    assert exported["file"]["name"] == "Sun.enz"
    content = store.objects.get(exported["file"]["object"])
    with Connector.aside(tmp_path / "other") as other:
        file = {"object": other.objects.put(content), "name": "Sun.enz"}
        kind = find_kind("import_bundle")
        imported = kind.call(kind.read({"file": file}), other, lambda *_: None, lambda *_: None)
        assert imported["project"]["name"] == Project.get(1).name == "Sun"
    other.close()


def test_the_store_is_checked_and_swept(call, store):
    store.objects.put(b"nothing refers to this")
    assert call("check")["damaged"] is False
    looked = call("gc", grace_hours=0)
    assert (looked["freed"], looked["bytes"] > 0) == (False, True)
    assert call("gc", grace_hours=0, delete=True)["freed"]
    assert call("gc", grace_hours=0)["bytes"] == 0


def test_what_is_wrong_with_a_training_is_said_at_its_field(call):
    with pytest.raises(InvalidInputError) as error:
        call("fit", models=[1], training={"epochs": -1})
    assert error.value.field == "training"
    with pytest.raises(NotFoundError, match="7"):
        call("fit", models=[1, 7])
    with pytest.raises(InvalidInputError, match="should match pattern"):
        call("autoforecast", file={"object": "x", "name": "a.csv"}, horizon=1)
    with pytest.raises(InvalidInputError, match="'mlpp'"):
        call("autoforecast", source=1, horizon=1, networks=["mlpp"])


@pytest.mark.parametrize("name", OURS)
def test_a_kind_describes_itself(name):
    kind = find_kind(name)
    described = json.loads(json.dumps(kind.describe()))
    assert described["name"] == name
    assert kind.action in ACTIONS
    for each, argument in described["arguments"]["properties"].items():
        assert argument.get("description") or each in ("seed", "seeds"), each
    assert list(inspect.signature(kind.call).parameters)[1:3] == ["connector", "progress"]


def test_curves_stay_small_and_keep_their_last_point():
    class Named:
        id, name = 1, "a model"

    told = []
    curves = LiveCurves(lambda name, data: told.append((name, data)))
    for epochs in range(1, 1001):
        curves([Named], Chunk(epochs, np.array([[1 / epochs]]), np.array([[np.nan]]), [None]))
    name, data = told[-1]
    (curve,) = data["models"]
    assert name == "curves"
    assert len(curve["epochs"]) == len(curve["loss"]) <= MOST_POINTS
    assert (curve["epochs"][-1], curve["loss"][-1]) == (1000, 0.001)
    assert curve["epochs"] == sorted(set(curve["epochs"]))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\tables\\sales.csv", "sales.csv"),
        ("a\nb\x00.csv", "a_b_.csv"),
        ("...", "file"),
        ("Übung 1.csv", "Übung 1.csv"),
        ("x" * 300 + ".csv", "x" * 56 + ".csv"),
    ],
)
def test_a_name_of_an_upload_is_safe_as_the_name_of_a_file(name, safe):
    assert plain_name(name) == safe


def test_records_are_created_by_the_fields_of_create(store):
    source = DataSource(name="s", time_interval="1d")
    source.write([f"2024-01-{day:02}" for day in range(1, 31)], range(30))
    kind = find_kind("create_data_snapshot")
    assert kind.outputs == {"data_snapshot": "data_snapshot"}
    arguments = kind.read({"data_source_id": source.id, "name": "first"})
    kind.check(arguments, store)
    made = kind.call(arguments, store, lambda what, done, total: False, None)
    snapshot = DataSnapshot.get(made["data_snapshot"]["id"])
    assert (snapshot.data_source, snapshot.name, snapshot.rows) == (source, "first", 30)
    for given, message, field in (
        ({"data_source_id": "1"}, "Input should be a valid integer", "data_source_id"),
        ({"data_source_id": source.id, "colour": "red"}, "Extra inputs are not permitted", "colour"),
        ({}, "Field required", "data_source_id"),
    ):
        with pytest.raises(InvalidInputError, match=message) as caught:
            kind.read(given)
        assert caught.value.field == field
    with pytest.raises(NotFoundError, match="7") as missing:
        kind.check(kind.read({"data_source_id": 7}), store)
    assert missing.value.field == "data_source_id"


def test_steps_that_create_are_joined_by_the_kinds_of_their_records():
    steps = {
        "snapshot": {"kind": "create_data_snapshot", "with": {"data_source_id": "${source}"}},
        "set": {
            "kind": "create_data_set",
            "with": {"data_preparation_id": "${snapshot.data_snapshot}", "adapter": {"name": "window", "lag": 2}},
        },
    }
    with pytest.raises(InvalidInputError, match=r"takes data_preparation, and .* gives data_snapshot") as caught:
        check_pipeline(
            PipelineDefinition.read({"name": "p", "parameters": {"source": {"type": "data_source"}}, "steps": steps})
        )
    assert caught.value.field == "steps.set.with.data_preparation_id"
