"""The recurrent cells of our own, against their equations written down in NumPy."""

import io
import subprocess
import sys
import zipfile
from functools import partial
from textwrap import dedent

import jax
import numpy as np
import pytest
from building import build
from scipy.special import expit as sigmoid

from enstorage import Project
from enstorage.formats.keras import KerasFormat
from entrainer.backend import load_keras
from entrainer.networks.layers import CoupledLSTMCell, JordanCell, PeepholeLSTMCell

ROWS = np.random.default_rng(1).normal(size=(3, 6, 2)).astype(np.float32)  # 3 samples, 6 steps, 2 series


def network(cell, sequences=True):
    keras = load_keras()
    return lambda: keras.Sequential([keras.Input((6, 2)), keras.layers.RNN(cell(), return_sequences=sequences)])


def peephole(rows, kernel, recurrent, bias, peephole):
    """Gers & Schmidhuber (2000)."""
    units = len(recurrent)
    output = cell = np.zeros((len(rows), units))
    told = []
    for step in range(rows.shape[1]):
        i, f, c, o = np.split(rows[:, step] @ kernel + output @ recurrent + bias, 4, axis=1)
        before = cell
        cell = sigmoid(f + peephole[1] * before) * before + sigmoid(i + peephole[0] * before) * np.tanh(c)
        output = sigmoid(o + peephole[2] * cell) * np.tanh(cell)
        told.append(output)
    return np.stack(told, axis=1)


def coupled(rows, kernel, recurrent, bias):
    """The variant CIFG of Greff et al. (2017)."""
    output = cell = np.zeros((len(rows), len(recurrent)))
    told = []
    for step in range(rows.shape[1]):
        i, c, o = np.split(rows[:, step] @ kernel + output @ recurrent + bias, 3, axis=1)
        cell = (1 - sigmoid(i)) * cell + sigmoid(i) * np.tanh(c)
        output = sigmoid(o) * np.tanh(cell)
        told.append(output)
    return np.stack(told, axis=1)


def jordan(rows, entry, bias, context, second, second_bias, readout, readout_bias, decay=0.25):
    """Jordan (1986), with a second hidden layer."""
    state = np.zeros((len(rows), len(context)))
    told = []
    for step in range(rows.shape[1]):
        hidden = np.tanh(rows[:, step] @ entry + bias + state @ context)
        hidden = np.tanh(hidden @ second + second_bias)
        output = sigmoid(hidden @ readout + readout_bias)
        state = decay * state + output
        told.append(output)
    return np.stack(told, axis=1)


CELLS = [
    pytest.param(partial(PeepholeLSTMCell, 4), peephole, id="peephole"),
    pytest.param(partial(CoupledLSTMCell, 4), coupled, id="coupled"),
    pytest.param(partial(JordanCell, (5, 3), 2, last_activation="sigmoid", decay=0.25), jordan, id="jordan"),
]


@pytest.mark.parametrize(("cell", "reference"), CELLS)
def test_cell_follows_its_equations(cell, reference):
    model = build(network(cell), None)
    expected = reference(ROWS, *model.get_weights())
    np.testing.assert_allclose(model(ROWS), expected, atol=1e-5)


@pytest.mark.parametrize(("cell", "reference"), CELLS)
def test_cells_of_several_members_run_as_one_with_gradients(cell, reference):
    models = [build(network(cell, sequences=False), None, seed=seed) for seed in range(3)]
    first = models[0]
    weights = [np.stack(each) for each in zip(*(model.get_weights() for model in models), strict=True)]

    def squares(own):
        return (first.stateless_call(own, [], ROWS, training=True)[0] ** 2).sum()

    together, slopes = jax.jit(jax.vmap(jax.value_and_grad(squares)))(weights)
    for member, model in enumerate(models):
        expected = reference(ROWS, *model.get_weights())[:, -1]
        assert together[member] == pytest.approx((expected**2).sum(), rel=1e-4)
        assert all(np.abs(slope[member]).max() > 0 for slope in slopes)


def test_a_peephole_cell_without_peepholes_is_the_lstm_of_keras():
    keras = load_keras()
    ours = build(network(partial(PeepholeLSTMCell, 4)), None)
    *weights, peepholes = ours.get_weights()
    ours.set_weights([*weights, 0 * peepholes])
    theirs = build(lambda: keras.Sequential([keras.Input((6, 2)), keras.layers.LSTM(4, return_sequences=True)]), None)
    theirs.set_weights(weights)
    np.testing.assert_allclose(ours(ROWS), theirs(ROWS), atol=1e-6)


def test_fresh_cells_remember():
    bias = {}
    for kind in (PeepholeLSTMCell, CoupledLSTMCell):
        cell = kind(2, kernel_initializer="zeros", recurrent_initializer="zeros")
        cell.build((None, 1))
        bias[type(cell)] = np.asarray(cell.bias)
    np.testing.assert_array_equal(bias[PeepholeLSTMCell], [0, 0, 1, 1, 0, 0, 0, 0])  # i, f, c, o
    np.testing.assert_array_equal(bias[CoupledLSTMCell], [-1, -1, 0, 0, 0, 0])  # i, c, o


@pytest.mark.parametrize(("cell", "reference"), CELLS)
def test_cell_comes_back_from_its_configuration(cell, reference):
    keras = load_keras()
    made = cell()
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    assert type(back) is type(made)
    assert back.get_config() == made.get_config()


@pytest.mark.parametrize(("cell", "reference"), CELLS)
def test_a_model_kept_when_the_layers_lived_elsewhere_opens(cell, reference):
    """A `.keras` file names the module of each layer; the class is found by its registered name, wherever it lives now."""
    model = build(network(cell), None)
    before, after = io.BytesIO(KerasFormat.dump(model, allow_code=False)), io.BytesIO()
    with zipfile.ZipFile(before) as kept, zipfile.ZipFile(after, "w") as older:
        for name in kept.namelist():
            content = kept.read(name)
            assert name != "config.json" or b"entrainer.networks.layers." in content
            older.writestr(name, content.replace(b"entrainer.networks.layers.", b"entrainer.layers."))
    opened = KerasFormat.load(after.getvalue(), allow_code=False)
    np.testing.assert_array_equal(opened(ROWS), model(ROWS))


@pytest.mark.long
def test_stored_model_opens_where_entrainer_was_not_imported(store, sunspots, tmp_path):
    keras = load_keras()
    cells = [case.values[0] for case in CELLS]
    layers = [keras.layers.RNN(cell(), return_sequences=True) for cell in cells]
    model = build(lambda: keras.Sequential([keras.Input((6, 2)), *layers]), None)
    Project(name="p", data_source=sunspots).create_research("r").create_model("all cells").save_object(model)
    np.savez(tmp_path / "expected.npz", rows=ROWS, output=model(ROWS))
    opening = dedent(
        """
        import sys
        import numpy as np
        from enstorage import Connector, Model
        Connector.in_folder("store")
        assert "entrainer" not in sys.modules
        kept = np.load("expected.npz")
        np.testing.assert_allclose(Model.get(1).load_object()(kept["rows"]), kept["output"], atol=1e-5)
        print("opened")
        """
    )
    done = subprocess.run([sys.executable, "-c", opening], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "opened\n", done.stderr
