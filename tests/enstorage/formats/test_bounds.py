"""Small files that would fill the memory or never end are refused with one message, before they are unpacked."""

import io
import time
import zipfile

import h5py
import numpy as np
import pytest
import skops.io
from onnx import TensorProto, helper
from sklearn.linear_model import Ridge

from enstorage import OnnxModel
from enstorage.errors import EnstorageError, InvalidInputError, UntrustedError
from enstorage.formats.keras import KerasFormat
from enstorage.formats.skops import SkopsFormat
from entrainer.backend import load_keras

X = np.arange(12.0).reshape(4, 3)


def repacked(content, change, compression=zipfile.ZIP_DEFLATED):
    """An archive whose members were changed by a function of name and bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return made.getvalue()


def estimator():
    return skops.io.dumps(Ridge().fit(X, X[:, 0]))


def _npy(shape):
    packed = io.BytesIO()
    np.lib.format.write_array_header_1_0(packed, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return packed.getvalue() + bytes(24)


def with_schema(change):
    return repacked(estimator(), lambda name, own: change(own) if name == "schema.json" else own)


def with_array(shape):
    return repacked(estimator(), lambda name, own: own if name == "schema.json" else _npy(shape))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            lambda: with_schema(lambda own: b"[" + b"[]," * 2_000_000 + b"[]]"),
            "has about .* values; expected at most 2",
        ),
        (lambda: with_array((10**12,)), "which hold another one"),
        (lambda: with_schema(lambda own: own + b" " * (80 << 20)), "unpacks to .* bytes; expected at most .*ratio"),
    ],
    ids=["values", "header", "packed"],
)
def test_a_small_skops_file_does_not_fill_the_memory(content, words):
    started = time.monotonic()
    with pytest.raises(UntrustedError, match=words):
        SkopsFormat.load(content(), allow_code=False)
    assert time.monotonic() - started < 10


def test_limits_are_settings(monkeypatch):
    monkeypatch.setenv("ENSTORAGE_MAX_OBJECT_PARTS", "10")
    with pytest.raises(UntrustedError, match="expected at most 10"):
        SkopsFormat.load(estimator(), allow_code=False)
    monkeypatch.setenv("ENSTORAGE_MAX_OBJECT_PARTS", "many")
    with pytest.raises(EnstorageError, match="ENSTORAGE_MAX_OBJECT_PARTS is 'many'; expected an integer"):
        SkopsFormat.load(estimator(), allow_code=False)


@pytest.fixture(scope="module")
def network():
    keras = load_keras()
    return KerasFormat.dump(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), allow_code=False)


def test_an_architecture_of_more_weights_than_the_file_has_is_refused(network):
    def change(name, content):
        return content.replace(b'"units": 2', b'"units": 20000000000') if name == "config.json" else content

    with pytest.raises(UntrustedError, match=r"has an architecture of 80000000000 weights, and .* bytes of them"):
        KerasFormat.load(repacked(network, change), allow_code=False)


def test_an_architecture_that_was_refused_does_not_hinder_the_next_training(network):
    test_an_architecture_of_more_weights_than_the_file_has_is_refused(network)
    keras = load_keras()
    model = keras.Sequential([keras.layers.Dense(1)])  # built, and its weights made, when it is trained
    model.compile(loss="mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)


def test_weights_that_unpack_to_more_are_refused(network):
    def change(name, content):
        if name != "model.weights.h5":
            return content
        made = io.BytesIO()
        with h5py.File(made, "w") as file:
            file.create_dataset("weights", (10**11,), "f4", chunks=(1000,))
        return made.getvalue()

    with pytest.raises(UntrustedError, match="unpacks to 400000000000 bytes; expected at most"):
        KerasFormat.load(repacked(network, change), allow_code=False)


def onnx_model(*nodes, initializers=()):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 3]) for name in ("X", "Y")]
    graph = helper.make_graph(list(nodes), "hostile", ends[:1], ends[1:], list(initializers))
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def endless():
    """A loop that adds to X and never ends."""
    names = ("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("x", TensorProto.FLOAT, None)
    outs = ("still", TensorProto.BOOL, []), ("more", TensorProto.FLOAT, None)
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["still"]), helper.make_node("Sin", ["x"], ["more"])],
        "body",
        [helper.make_tensor_value_info(*each) for each in names],
        [helper.make_tensor_value_info(*each) for each in outs],
    )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return onnx_model(helper.make_node("Loop", ["", "yes", "X"], ["Y"], body=body), initializers=[yes])


def enormous():
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [10**7, 10**5])
    return onnx_model(
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=1),
        helper.make_node("Add", ["X", "sum"], ["Y"]),
        initializers=[shape],
    )


@pytest.mark.slow
@pytest.mark.parametrize(("content", "words"), [(endless, "does not end within 1 s"), (enormous, "ONNX model")])
def test_an_onnx_model_without_end_or_measure_is_stopped(monkeypatch, content, words):
    monkeypatch.setenv("ENSTORAGE_MAX_ONNX_SECONDS", "1")
    with pytest.raises(InvalidInputError, match=words):
        OnnxModel(content()).predict(X.astype(np.float32))
    monkeypatch.delenv("ENSTORAGE_MAX_ONNX_SECONDS")
    sine = OnnxModel(onnx_model(helper.make_node("Sin", ["X"], ["Y"])))
    assert sine.predict(X) == pytest.approx(np.sin(X), abs=1e-5)
