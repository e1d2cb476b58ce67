"""Exported models: what is written, that others read it, and that it comes back."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import FrozenInstanceError, replace
from textwrap import dedent

import keras
import numpy as np
import onnxruntime
import pytest
import safetensors.numpy
import skops.io
from cloudpickle import dumps
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from enstorage import Connector, DataSet, DataSource, Project
from enstorage.adapter import Window
from enstorage.errors import EnstorageError, InvalidInputError, NotFoundError, NotSupportedError, UntrustedError

X = np.random.default_rng(0).normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1


def refuse(_handle):
    raise OSError(28, "No space left on device")


def flip(path, known=True):
    """Change one bit in the middle; unknown to `model.json`, where there is none."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if known else 0] ^= 1
    path.write_bytes(content)
    if not known:
        remove(path.parent, "nothing")


def change(folder, **told):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | told))


def remove(folder, *names):
    """Remove files, and `model.json`, as in a folder that comes from elsewhere."""
    for name in (*names, "model.json"):
        (folder / name).unlink(missing_ok=True)


def truncate(folder):
    content = (folder / "model.safetensors").read_bytes()
    remove(folder, "model.weights.h5")
    (folder / "model.safetensors").write_bytes(content[:-5])


def other_weights(folder):
    arrays = safetensors.numpy.load_file(folder / "model.safetensors")
    arrays["left/kernel"] = np.zeros((4, 2), np.float32)
    remove(folder, "model.weights.h5")
    safetensors.numpy.save_file(arrays, folder / "model.safetensors")


def architecture(folder, text):
    remove(folder)
    (folder / "architecture.json").write_text(text)


@pytest.fixture
def research(sunspots):
    return Project(name="p", data_source=sunspots).save().create_research("r")


@pytest.fixture(scope="module")
def network():
    """Two branches, joined; weights of their own."""
    keras.utils.set_random_seed(1)
    given = keras.Input((3,), name="given")
    branches = [keras.layers.Dense(2, activation="tanh", name=name)(given) for name in ("left", "right")]
    return keras.Model(given, keras.layers.Dense(1, name="out")(keras.layers.Concatenate(name="both")(branches)))


def keep(research, obj, name="m", **facts):
    model = research.create_model(name, description="a test")
    model.save_object(obj)
    model.metas(facts)
    return model


def same(one, other):
    return np.array_equal(one.predict(X, verbose=0), other.predict(X, verbose=0))


@pytest.fixture(scope="module")
def written(network, empty_store, tmp_path_factory):
    """Exported once, since writing ONNX takes a second."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(empty_store, folder / "store")
    with Connector.in_folder(folder / "store") as store:
        source = DataSource(name="s").save()
        research = Project(name="p", data_source=source).save().create_research("r")
        exported = keep(research, network, "net", loss=0.25, bad=float("nan"), epochs=3).export(folder / "net")
    store.close()
    return exported


class TestKeras:
    @pytest.fixture
    def exported(self, written, tmp_path):
        return replace(written, folder=shutil.copytree(written.folder, tmp_path / "net"))

    def test_keras_alone_reads_architecture_and_weights(self, exported, network):
        model = keras.models.model_from_json((exported.folder / "architecture.json").read_text())
        model.load_weights(exported.folder / "model.weights.h5")
        assert same(model, network)

    def test_safetensors_has_the_weights_by_path(self, exported, network):
        arrays = safetensors.numpy.load_file(exported.folder / "model.safetensors")
        assert set(arrays) == {f"{layer}/{kind}" for layer in ("left", "right", "out") for kind in ("kernel", "bias")}
        for weight in network.weights:
            assert np.array_equal(arrays[weight.path], weight)

    def test_the_description_says_what_it_is(self, exported):
        told = json.loads((exported.folder / "model.json").read_text())
        assert (told["kind"], told["version"], told["name"], told["description"]) == (
            *("enstorage model", 1),
            *("net", "a test"),
        )
        assert told["object"] == {"format": "keras", "class": "keras.src.models.functional.Functional"}
        assert told["shapes"] == {"input": [None, 3], "output": [None, 1]}
        assert (told["facts"]["loss"], told["facts"]["epochs"]) == (0.25, 3)
        assert told["versions"]["keras"] == keras.__version__
        for name, digest in told["files"].items():
            content = (exported.folder / name).read_bytes()
            assert digest == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def test_what_was_written_is_told(self, exported):
        there = {path.name: path.stat().st_size for path in exported.folder.iterdir()}
        assert exported.files == there
        assert {"architecture.json", "model.weights.h5", "model.safetensors", "model.json"} <= set(there)
        assert set(exported.left_out) | set(there) == {
            *("architecture.json", "model.weights.h5", "model.safetensors", "model.json", "model.onnx")
        }
        with pytest.raises(FrozenInstanceError):
            exported.folder = None

    def test_it_comes_back_with_name_description_and_facts(self, research, exported, network):
        back = research.import_model(exported.folder)
        assert (back.name, back.description, back.object_format) == ("net", "a test", "keras")
        assert back.meta("loss") == 0.25
        assert np.isnan(back.meta("bad"))
        assert same(back.load_object(), network)
        assert research.import_model(exported.folder, "other").name == "other"

    def test_architecture_with_safetensors_alone_is_enough(self, research, exported, network):
        for name in ("model.json", "model.weights.h5"):
            (exported.folder / name).unlink()
        back = research.import_model(exported.folder)
        assert back.name == "net"
        assert same(back.load_object(), network)

    def test_a_keras_file_comes_in(self, research, network, tmp_path):
        network.save(tmp_path / "mine.keras")
        back = research.import_model(tmp_path / "mine.keras")
        assert back.name == "mine"
        assert same(back.load_object(), network)

    @pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
    def test_a_part_of_a_keras_file_is_refused(self, research, network, tmp_path, kept, census):
        network.save(tmp_path / "part.keras")
        content = (tmp_path / "part.keras").read_bytes()
        (tmp_path / "part.keras").write_bytes(content[: int(len(content) * kept)])
        before = census(research.connector)
        with pytest.raises(InvalidInputError, match=r"it is not a complete \.keras file"):
            research.import_model(tmp_path / "part.keras")
        assert census(research.connector) == before

    def test_a_keras_file_that_unpacks_to_very_much_is_refused(self, research, tmp_path):
        with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("config.json", b" " * (2**26 + 1))
        with pytest.raises(InvalidInputError, match=r"config\.json unpacks to 67108865 bytes"):
            research.import_model(tmp_path / "bomb.keras")

    @pytest.mark.parametrize("where", ["deep.keras", "deep"])
    def test_an_architecture_nested_without_end_is_refused(self, research, exported, where, tmp_path):
        deep = "[" * 100_000 + "]" * 100_000
        if where == "deep":
            architecture(exported.folder, deep)
        with zipfile.ZipFile(tmp_path / "deep.keras", "w") as archive:
            archive.writestr("config.json", deep)
        with pytest.raises(InvalidInputError, match="cannot be imported"):
            research.import_model(exported.folder if where == "deep" else tmp_path / where)

    def test_layers_of_our_own_come_back(self, research, tmp_path):
        from entrainer.networks import Jordan

        built = Jordan(units=(4,)).build((3,))
        back = research.import_model(keep(research, built).export(tmp_path / "own").folder)
        assert back.load_object().predict(X, verbose=0) == pytest.approx(built.predict(X, verbose=0), abs=1e-6)

    @pytest.mark.parametrize(
        ("harm", "message"),
        [
            (
                lambda folder: (folder / "model.weights.h5").unlink(),
                "model.weights.h5 is missing, which model.json names",
            ),
            (lambda folder: flip(folder / "model.weights.h5"), "model.weights.h5 is not the file that was written"),
            (lambda folder: flip(folder / "architecture.json"), "architecture.json is not the file that was written"),
            (lambda folder: (folder / "model.json").write_text("{"), "model.json is not JSON"),
            (lambda folder: (folder / "model.json").write_text("[]"), "is not of the kind 'enstorage model'"),
            (lambda folder: change(folder, version=2), "has version 2; expected 1"),
            (lambda folder: change(folder, facts=[]), "has no valid 'facts'"),
            (lambda folder: change(folder, files={"../../etc/passwd": {}}), "names the file '../../etc/passwd'"),
            (lambda folder: change(folder, network={"units": 3}), "is not a network"),
            (
                lambda folder: remove(folder, "architecture.json", "model.onnx"),
                "has none of architecture.json, model.skops and",
            ),
            (
                lambda folder: remove(folder, "model.weights.h5", "model.safetensors"),
                "architecture.json without weights",
            ),
            (
                lambda folder: flip(folder / "model.weights.h5", known=False),
                "weights in model.weights.h5 do not fit",
            ),
            (truncate, "The safetensors file is damaged"),
            (other_weights, "left/kernel has shape \\(4, 2\\) there and \\(3, 2\\) in the arch"),
            (lambda folder: architecture(folder, "{"), "The architecture is not JSON"),
            (lambda folder: architecture(folder, "[1]"), "Keras cannot build the architecture|that of a list"),
            (lambda folder: architecture(folder, '{"class_name": "Dense", "config": {}}'), "Keras cannot build"),
        ],
    )
    def test_files_that_are_missing_damaged_or_do_not_belong_together(self, research, exported, harm, message, census):
        before = census(research.connector)
        harm(exported.folder)
        with pytest.raises(InvalidInputError, match=message):
            research.import_model(exported.folder)
        assert census(research.connector) == before

    @pytest.mark.parametrize("change", ["Lambda", "foreign", "lookalike"])
    def test_an_architecture_with_code_or_foreign_layers_is_refused(self, research, exported, change, tmp_path):
        config = json.loads((exported.folder / "architecture.json").read_text())
        layer = config["config"]["layers"][1]
        if change == "Lambda":
            layer["class_name"] = "Lambda"
        else:
            layer |= {"module": {"foreign": "os", "lookalike": "keras_evil"}[change], "class_name": "system"}
        remove(exported.folder, "nothing")
        (exported.folder / "architecture.json").write_text(json.dumps(config))
        with pytest.raises(
            UntrustedError, match="has a Lambda layer" if change == "Lambda" else r"has the layer .*\.system"
        ):
            research.import_model(exported.folder)
        with zipfile.ZipFile(tmp_path / "evil.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(config))
        with pytest.raises(UntrustedError):
            research.import_model(tmp_path / "evil.keras")

    def test_onnx_says_why_it_is_not_there(self, research, tmp_path):
        first, second = keras.Input((2,)), keras.Input((2,))
        two = keras.Model([first, second], keras.layers.Add()([first, second]))
        exported = keep(research, two).export(tmp_path / "two")
        assert "has 2 inputs and 1 outputs" in exported.left_out["model.onnx"]

    @pytest.mark.long
    @pytest.mark.slow
    def test_without_the_library_of_keras_the_reason_is_told(self):
        code = """
            import sys
            sys.modules["jax2onnx"] = None
            import keras
            from enstorage.exchange.to_onnx import onnx_bytes
            onnx_bytes(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), None)
        """
        done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=False)
        assert "Keras needs another library to write ONNX. " in done.stderr
        assert 'jax2onnx module. Install it with: pip install "enstorage[onnx-keras]"' in done.stderr

    @pytest.mark.slow
    def test_keras_writes_onnx_that_gives_the_same(self, exported, network):
        pytest.importorskip("jax2onnx")
        session = onnxruntime.InferenceSession(exported.folder / "model.onnx")
        [given] = session.get_inputs()
        [output] = session.run(None, {given.name: X.astype(np.float32)})
        assert output == pytest.approx(network.predict(X, verbose=0), abs=1e-5)


class TestEstimators:
    @pytest.mark.parametrize(
        "estimator",
        [
            LinearRegression(),
            RandomForestRegressor(5, random_state=0),
            make_pipeline(StandardScaler(), LinearRegression()),
        ],
        ids=lambda each: type(each).__name__,
    )
    def test_an_estimator_becomes_skops_and_onnx(self, research, tmp_path, estimator):
        exported = keep(research, estimator.fit(X, Y)).export(tmp_path / "out")
        assert set(exported.files) == {"model.json", "model.onnx", "model.skops"}
        assert exported.left_out == {}
        trusted = skops.io.get_untrusted_types(file=exported.folder / "model.skops")
        assert np.array_equal(
            skops.io.load(exported.folder / "model.skops", trusted=trusted).predict(X), estimator.predict(X)
        )
        session = onnxruntime.InferenceSession(exported.folder / "model.onnx")
        kind = np.float64 if session.get_inputs()[0].type == "tensor(double)" else np.float32
        [output] = session.run(None, {"X": X.astype(kind)})
        assert output[:, 0] == pytest.approx(estimator.predict(X), rel=1e-4, abs=1e-5)
        assert np.array_equal(research.import_model(exported.folder).load_object().predict(X), estimator.predict(X))
        member = research.import_model(exported.folder / "model.onnx")
        assert member.load_object().predict(X)[:, 0] == pytest.approx(estimator.predict(X), rel=1e-4, abs=1e-5)
        assert set(member.export(tmp_path / "again").files) == {"model.json", "model.onnx"}

    def test_a_classifier_keeps_classes_and_probabilities(self, research, tmp_path):
        classifier = LogisticRegression().fit(X, Y > 0)
        exported = keep(research, classifier).export(tmp_path / "out")
        labels, shares = onnxruntime.InferenceSession(exported.folder / "model.onnx").run(None, {"X": X})
        assert np.array_equal(labels.astype(bool), classifier.predict(X))
        assert shares == pytest.approx(classifier.predict_proba(X), abs=1e-5)
        with pytest.raises(InvalidInputError, match="has 2 outputs"):
            research.import_model(exported.folder / "model.onnx")

    def test_what_skl2onnx_does_not_know_goes_without_onnx(self, research, tmp_path):
        from entrainer.networks import Estimator

        own = Estimator("WidrowHoff").make(0).fit(X, np.sign(Y))
        exported = keep(research, own).export(tmp_path / "own")
        assert set(exported.files) == {"model.json", "model.skops"}
        assert "skl2onnx cannot write this estimator as ONNX" in exported.left_out["model.onnx"]

    def test_shapes_of_the_data_set_are_told(self, sunspots, tmp_path):
        preparation = sunspots.create_snapshot().create_preparation()
        model = Project(name="p", data_source=sunspots).save().create_research("r", preparation).create_model("m")
        model.data_set(preparation.create_set(Window(3)))
        _, features, targets = model.data_set().arrays()
        model.save_object(LinearRegression().fit(features, targets))
        told = json.loads((model.export(tmp_path / "m").folder / "model.json").read_text())
        assert told["shapes"] == {"input": [None, 3], "X": [37, 3], "y": [37]}


class TestFolder:
    @pytest.fixture
    def model(self, research):
        return keep(research, LinearRegression().fit(X, Y))

    def test_it_is_replaced_only_where_that_was_asked_for(self, model, tmp_path):
        model.export(tmp_path / "out")
        with pytest.raises(InvalidInputError, match="exists; expected a new name"):
            model.export(tmp_path / "out")
        model.save_object(LinearRegression().fit(X, -Y))
        model.export(tmp_path / "out", overwrite=True)
        [output] = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx").run(None, {"X": X})
        assert output[:, 0] == pytest.approx(-Y)
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    def test_files_of_other_origin_are_never_removed(self, model, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.tex").write_text("years of work")
        with pytest.raises(InvalidInputError, match=r"has other files, such as thesis\.tex"):
            model.export(tmp_path / "out", overwrite=True)
        assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"

    def test_an_empty_folder_is_taken(self, model, tmp_path):
        (tmp_path / "out").mkdir()
        assert "model.skops" in model.export(tmp_path / "out").files

    @pytest.mark.parametrize(("where", "message"), [("a/b", "Make it first"), ("file", "is not a folder")])
    def test_a_place_that_cannot_be_taken_is_told(self, model, tmp_path, where, message):
        (tmp_path / "file").write_text("")
        with pytest.raises(InvalidInputError, match=message):
            model.export(tmp_path / where)

    def test_nothing_is_left_of_an_export_that_failed(self, model, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(EnstorageError, match="No space left on device"):
            model.export(tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir() if path.name != "store"] == []

    def test_a_model_without_object_is_told(self, research, tmp_path):
        with pytest.raises(NotFoundError, match="has no object to export"):
            research.create_model("empty").export(tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_pickle_is_not_exported(self, model, tmp_path):
        model.object_sha256, model.object_format = model.connector.objects.put(dumps(print)), "pickle"
        model.save()
        with pytest.raises(NotSupportedError, match="has the format pickle, which no other program reads"):
            model.export(tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.keras", None, "it does not exist"),
        ("model.pkl", b"", r"its name ends in '\.pkl'; expected \.keras, \.skops or \.onnx"),
        ("model", b"", r"its name ends in 'nothing'"),
        ("bad.keras", b"no zip", "it is not a complete .keras file"),
        ("bad.skops", b"no zip", "cannot be opened"),
        ("bad.onnx", b"no model", "no whole ONNX model"),
    ],
)
def test_files_that_are_no_models_are_refused_and_nothing_is_stored(research, tmp_path, census, name, content, message):
    before = census(research.connector)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match=message) as told:
        research.import_model(tmp_path / name)
    assert str(tmp_path / name) in str(told.value)
    assert census(research.connector) == before


def test_a_store_that_allows_pickle_takes_lambdas(tmp_path, research):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(UntrustedError, match="Lambda"):
        research.import_model(tmp_path / "lambda.keras")
    with Connector(*research.connector.settings, allow_pickle=True) as open_store:
        trusting = type(research).get(research.id, connector=open_store)
        back = trusting.import_model(tmp_path / "lambda.keras").load_object()
        assert back.predict(X, verbose=0) == pytest.approx(2 * X, rel=1e-5)
    open_store.close()


def test_a_data_set_is_read_once(sunspots, tmp_path, monkeypatch):
    preparation = sunspots.create_snapshot().create_preparation()
    research = Project(name="p", data_source=sunspots).save().create_research("r", preparation)
    data_set = preparation.create_set(Window(3))
    _, X, y = data_set.arrays("train")
    model = keep(research, LinearRegression().fit(X, y))
    model.data_set(data_set)
    reads, arrays = [], DataSet.arrays
    monkeypatch.setattr(DataSet, "arrays", lambda *given: reads.append(given) or arrays(*given))
    exported = model.export(tmp_path / "out")
    assert len(reads) == 1
    assert json.loads((exported.folder / "model.json").read_text())["shapes"]["X"] == [37, 3]
    assert "model.onnx" in exported.files
