"""ONNX models: what they take, what they give, and what is refused."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from enstorage import Model, OnnxModel, Project
from enstorage.errors import CorruptError, InvalidInputError

WEIGHTS = np.array([[2.0], [-1.0], [0.5]], np.float32)


def linear(shape=("rows", 3), kind=TensorProto.FLOAT, weights=WEIGHTS, outputs=1):
    """An ONNX model that multiplies by WEIGHTS, made by hand."""
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    rows, *_ = shape
    nodes = [
        helper.make_node("Reshape", ["X", "flat"], ["R"]),
        helper.make_node("MatMul", ["R", "W"], ["y"]),
        *(helper.make_node("Identity", ["y"], [f"y{number}"]) for number in range(1, outputs)),
    ]
    constants = [
        numpy_helper.from_array(weights.astype(dtype), "W"),
        numpy_helper.from_array(np.array([-1, len(weights)]), "flat"),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("X", kind, shape)],
        [helper.make_tensor_value_info(name, kind, [rows, 1]) for name in ["y", "y1", "y2"][:outputs]],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


X = np.random.default_rng(0).normal(size=(10, 3))


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_samples_are_given_in_the_type_that_the_model_takes(kind):
    model = OnnxModel(linear(kind=kind).SerializeToString())
    assert model.predict(X) == pytest.approx(X @ WEIGHTS, rel=1e-4 if kind == TensorProto.FLOAT else 1e-12)


def test_whole_numbers_are_not_lost_on_the_way():
    model = OnnxModel(linear(kind=TensorProto.INT64, weights=np.array([[1], [10], [100]])).SerializeToString())
    assert model.predict(np.array([[1.0, 2.0, 3.0]])).tolist() == [[321]]
    with pytest.raises(
        InvalidInputError, match=r"takes numbers of type int64; X has values that are none, such as .*2\.5"
    ):
        model.predict(np.array([[1.0, 2.5, 3.0]]))


@pytest.mark.parametrize("shape", [("rows", 3), ("rows", 3, 1), ("rows", 1, 3), (1, 3)])
def test_a_window_fits_an_input_with_axes_of_length_one_besides(shape):
    model = OnnxModel(linear(shape).SerializeToString())
    assert model.shape == (None if shape[0] == "rows" else 1, *shape[1:])
    assert model.predict(X) == pytest.approx(X @ WEIGHTS, rel=1e-4)
    assert model.predict(X[:0]).shape == (0, 1)


def test_several_series_are_laid_out_as_one_row_as_for_an_estimator():
    weights = np.arange(6.0).reshape(6, 1)
    model = OnnxModel(linear(("rows", 6), weights=weights).SerializeToString())
    several = np.random.default_rng(1).normal(size=(4, 3, 2))
    assert model.predict(several) == pytest.approx(several.reshape(4, 6) @ weights, rel=1e-4)


@pytest.mark.parametrize("given", [(10, 4), (10,), (10, 2, 3)])
def test_samples_of_another_shape_are_refused_by_name(given):
    model = OnnxModel(linear(("rows", 3, 2), weights=np.ones((6, 1))).SerializeToString())
    with pytest.raises(InvalidInputError, match=r"takes samples of shape \(rows, 3, 2\); X has shape") as told:
        model.predict(np.zeros(given))
    assert str(given) in str(told.value)


def test_a_fixed_number_of_samples_is_refused():
    with pytest.raises(InvalidInputError, match=r"takes 8 samples at once, neither more nor fewer"):
        OnnxModel(linear((8, 3)).SerializeToString()).predict(X)


def test_texts_are_no_samples():
    with pytest.raises(InvalidInputError, match=r"X is an array of <U1; expected numbers"):
        OnnxModel(linear().SerializeToString()).predict(np.array([["a", "b", "c"]]))


def test_a_model_of_two_outputs_is_refused():
    with pytest.raises(
        InvalidInputError, match=r"has 2 outputs \(y tensor\(float\), y1 tensor\(float\)\); expected one"
    ):
        OnnxModel(linear(outputs=2).SerializeToString())


@pytest.mark.parametrize("content", [b"", b"no model", linear().SerializeToString()[:-40]])
def test_bytes_that_are_no_model_are_refused(content):
    with pytest.raises(InvalidInputError, match="The bytes are no whole ONNX model: "):
        OnnxModel(content)


@pytest.mark.parametrize("place", ["../secret.bin", "/etc/passwd", "weights.bin"])
def test_weights_in_another_file_are_refused_wherever_they_stand(place):
    outside = onnx.TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[3, 1])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value=place)
    plain = linear()
    plain.graph.initializer[0].CopyFrom(outside)
    plain.graph.initializer[0].name = "W"
    inside = linear()
    inside.graph.node.append(helper.make_node("Constant", [], ["c"], value=outside))
    for model in (plain, inside):
        with pytest.raises(InvalidInputError, match="lie in another file; expected one file with everything"):
            OnnxModel(model.SerializeToString())


def test_an_unknown_operator_is_refused():
    model = linear()
    model.graph.node[1].domain = "org.example.code"
    model.opset_import.append(helper.make_opsetid("org.example.code", 1))
    with pytest.raises(InvalidInputError, match="cannot be run by onnxruntime"):
        OnnxModel(model.SerializeToString())


class TestStored:
    @pytest.fixture
    def model(self, sunspots):
        return Project(name="p", data_source=sunspots).create_research("r").create_model("m")

    def test_it_comes_back_as_it_was(self, model):
        obj = OnnxModel(linear().SerializeToString())
        model.save_object(obj)
        back = Model.get(model.id)
        assert back.object_format == "onnx"
        assert back.load_object() == obj
        assert back.load_object().predict(X) == pytest.approx(X @ WEIGHTS, rel=1e-4)

    def test_damaged_bytes_are_told_as_such(self, model):
        model.object_sha256 = model.connector.objects.put(b"damaged")
        model.object_format, model.object_bytes = "onnx", 7
        model.save()
        with pytest.raises(CorruptError, match="stored ONNX model cannot be opened"):
            model.load_object()


def test_a_missing_library_names_the_extra():
    code = "import sys; sys.modules['onnx'] = None; from enstorage import OnnxModel; OnnxModel(b'')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (
        "An ONNX model needs the library 'onnx', which is not installed. Install it with: pip install \"enstorage[onnx]\""
        in (done.stderr)
    )
