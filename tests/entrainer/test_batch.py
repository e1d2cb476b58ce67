import signal
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from enstorage.errors import CancelledError, InvalidInputError, NotSupportedError
from entrainer.backend import load_keras
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.initial_weights import draw_weights
from entrainer.compiled.member import GroupMember, TrainedNetwork
from entrainer.compiled.outcome import Stop
from entrainer.compiled.program import member_keys, training_program
from entrainer.fitting.keras_fit import fit_keras
from entrainer.networks import PaperLSTM
from entrainer.networks.specification import NetworkSpec
from entrainer.settings.training import Training

pytestmark = pytest.mark.slow

PLAIN = PaperLSTM(units=(4, 6), dropout=0.0)
DROPPING = PaperLSTM(units=(4, 6), dropout=0.2)
SERIES = np.sin(np.arange(80) * 0.6) / 2 + 0.5


@dataclass(frozen=True)
class Convolution(NetworkSpec):
    """A network to which appended zero columns would be further steps in time."""

    name: ClassVar[str] = "convolution"
    normalised: bool = False

    def build(self, shape, outputs=1):
        layers = load_keras().layers
        return load_keras().Sequential(
            [
                load_keras().Input(shape),
                layers.Reshape((*shape, 1)),
                layers.Conv1D(3, 3),
                *([layers.BatchNormalization()] if self.normalised else []),
                layers.Flatten(),
                layers.Dense(outputs),
            ]
        )


def member(network, lag, seed, rows=None):
    windows = np.lib.stride_tricks.sliding_window_view(SERIES, lag + 1)[:rows]
    return GroupMember(network, windows[:, :-1], windows[:, -1], seed, f"lag {lag}")


def assert_same(first, second):
    assert len(first.obj.weights) == len(second.obj.weights)
    for mine, other in zip(first.obj.weights, second.obj.weights, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)
    np.testing.assert_allclose(first.loss, second.loss, atol=1e-5)


@pytest.mark.others_long
@pytest.mark.parametrize(
    ("network", "batch_size"),
    [(PLAIN, 16), (DROPPING, 64)],
    ids=["no dropout", "dropout, batch above two members' rows"],
)
def test_training_together_equals_training_each_alone(network, batch_size):
    # Different rows, so that the shorter members meet padded rows and wholly empty batches.
    members = [member(network, 5, 1), member(network, 7, 2, rows=20), member(network, 13, 3, rows=40)]
    training = Training(epochs=10, batch_size=batch_size)
    together = train_together(members, training)
    for one, in_group in zip(members, together, strict=True):
        [alone] = train_together([one], training)
        assert_same(alone, in_group)
        assert alone.loss[-1] < alone.loss[0]


@pytest.mark.long
def test_result_does_not_depend_on_the_group_or_its_order():
    members = [member(DROPPING, lag, seed) for seed in range(5) for lag in (5, 7, 13)]  # more than one block
    training = Training(epochs=2)
    whole = train_together(members, training)
    some = train_together([members[14], members[0]], training)
    assert_same(whole[14], some[0])
    assert_same(whole[0], some[1])
    assert not np.allclose(whole[0].obj.weights[0], whole[3].obj.weights[0])


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_equals_a_plain_keras_loop_on_the_same_batches(optimizer):
    keras = load_keras()
    one = member(PLAIN, 5, 1, rows=40)
    training = Training(epochs=3, batch_size=16, optimizer=optimizer, learning_rate=0.01, shuffle=False)
    _, trained = train_together([member(PLAIN, 9, 4), one], training)

    model = untrained(one).to_keras()
    plain = keras.optimizers.get(optimizer)
    plain.learning_rate = 0.01
    model.compile(optimizer=plain, loss="mse")
    for _ in range(training.epochs):
        for start in range(0, 40, 16):
            model.train_on_batch(one.X[start : start + 16], one.y[start : start + 16])
    for mine, other in zip(trained.obj.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def initial_weights(one):
    keys = member_keys(np.array([one.seed], np.uint32))
    drawn = draw_weights(one.network, (one.shape,), one.targets, keys.weights)
    return [np.asarray(stack[0]) for stack in drawn]


def untrained(one):
    return TrainedNetwork(one.network, one.shape, 1, initial_weights(one))


@pytest.mark.others_long
@pytest.mark.parametrize("optimizer", ["rmsprop", "adamw"])
def test_network_that_sees_one_step_ends_as_with_keras_own_loop(optimizer, monkeypatch):
    """What is multiplied by zeros may be left out; weights that have no gradient shrink under weight decay alone."""
    training = Training(epochs=3, batch_size=16, optimizer=optimizer, learning_rate=0.01)
    members = [member(DROPPING, lag, seed) for seed, lag in enumerate((3, 5))]
    short = train_together(members, training)
    monkeypatch.setattr("entrainer.compiled.stateless.leave_out_zeros", lambda _model: set())
    training_program.cache_clear()
    whole = train_together(members, training)
    training_program.cache_clear()
    for mine, other in zip(short, whole, strict=True):
        assert_same(mine, other)
    keys = member_keys(np.array([0], np.uint32)).weights
    drawn = draw_weights(DROPPING, ((3,),), 1, keys)
    recurrent = [
        i for i, variable in enumerate(short[0].obj.to_keras().weights) if variable.path.endswith("recurrent_kernel")
    ]
    assert len(recurrent) == 2
    for index in recurrent:
        moved = not np.array_equal(short[0].obj.weights[index], drawn[index][0])
        assert moved == (optimizer == "adamw")


def test_initial_weights_have_the_distribution_of_the_own_lag():
    one = member(PaperLSTM(), 5, 0)
    kernel, recurrent, bias, *_ = initial_weights(one)
    limit = np.sqrt(6 / (5 + 200))  # Glorot's uniform distribution
    assert kernel.shape == (5, 200)
    assert 0.98 * limit < np.abs(kernel).max() <= limit
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(50), atol=1e-5)
    np.testing.assert_array_equal(bias, np.repeat([0, 1, 0, 0], 50))


def test_each_epoch_has_its_own_order_of_rows():
    shuffled, kept = (
        train_together([member(PLAIN, 5, 1)], Training(epochs=2, shuffle=shuffle))[0] for shuffle in (True, False)
    )
    assert not np.allclose(shuffled.obj.weights[0], kept.obj.weights[0], atol=1e-7)


def test_several_outputs_are_trained_and_predicted():
    one = member(PLAIN, 5, 1)
    wide = GroupMember(PLAIN, one.X[:-1], np.column_stack([one.y[:-1], one.y[1:]]), 1, "wide")
    [trained] = train_together([wide], Training(epochs=2))
    assert predict_together([trained.obj], [wide.X])[0].shape == (74, 2)


def test_predicting_together_equals_the_keras_models(tmp_path):
    members = [member(PLAIN, 5, 1), member(PLAIN, 7, 2, rows=20)]
    trained = [untrained(one) for one in members]
    predicted = predict_together(trained, [one.X for one in members])
    for one, network, values in zip(members, trained, predicted, strict=True):
        network.to_keras().save(tmp_path / "model.keras")
        model = load_keras().saving.load_model(tmp_path / "model.keras")
        assert values.shape == one.y.shape
        np.testing.assert_allclose(values, model.predict(one.X, verbose=0), atol=1e-5)


def test_trained_network_can_be_trained_on_by_keras():
    one = member(DROPPING, 5, 1)
    model = train_together([one], Training(epochs=2))[0].obj.to_keras()
    model.compile(optimizer="rmsprop", loss="mse")
    assert np.isfinite(model.fit(one.X, one.y, verbose=0).history["loss"][0])


def test_progress_is_told_in_steps_up_to_the_last_epoch():
    told = []
    training = Training(epochs=23)
    [trained] = train_together([member(PLAIN, 5, 1)], training, told.append)
    epochs = [chunk.epochs for chunk in told]
    assert epochs == sorted(set(epochs))
    assert len(epochs) > 1
    assert epochs[-1] == 23
    np.testing.assert_array_equal(np.concatenate([chunk.loss[0] for chunk in told]), trained.loss)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, CancelledError])
def test_an_interrupted_training_keeps_what_it_has(interrupt):
    def stop(chunk):
        raise interrupt

    interrupts = []
    [trained] = train_together([member(PLAIN, 5, 1)], Training(epochs=1000), stop, interrupts.append)
    assert trained.stopped is Stop.INTERRUPTED
    assert [type(each) for each in interrupts] == [interrupt]
    [again] = train_together([member(PLAIN, 5, 1)], Training(epochs=len(trained.loss)))
    assert_same(trained, again)
    with pytest.raises(interrupt):
        train_together([member(PLAIN, 5, 1)], Training(epochs=1000), stop)


class _Interrupting:
    """Presses Ctrl-C where Python suppresses what is raised."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("train", [lambda one, *rest: train_together([one], *rest)[0], fit_keras])
def test_ctrl_c_at_any_moment_ends_a_training_and_keeps_it(train):
    def stop(chunk):
        _Interrupting()

    before, interrupts = signal.signal(signal.SIGINT, signal.default_int_handler), []
    try:
        trained = train(member(PLAIN, 5, 1), Training(epochs=1000), stop, interrupts.append)
        assert [type(each) for each in interrupts] == [KeyboardInterrupt]
        assert (trained.stopped, len(trained.loss) < 1000) == (Stop.INTERRUPTED, True)
        with pytest.raises(KeyboardInterrupt):
            train(member(PLAIN, 5, 1), Training(epochs=1000), stop)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_nan_is_refused_with_the_place_and_the_remedy():
    one = member(PLAIN, 5, 1)
    for X, y, name in ((one.X * np.nan, one.y, "X"), (one.X, one.y + np.inf, "y")):
        with pytest.raises(InvalidInputError, match=rf"'gap' has \d+ values in {name} that are NaN.*Clean the series"):
            GroupMember(PLAIN, X, y, 1, "gap")


@pytest.mark.parametrize(
    ("X", "y", "seed", "message"),
    [
        (np.ones((3, 2)), np.ones(4), 1, r"X of shape \(3, 2\) and y of shape \(4,\)"),
        (np.ones((0, 2)), np.ones(0), 1, "at least one"),
        (np.ones(3), np.ones(3), 1, r"expected \(rows, …\)"),
        (np.ones((3, 2)), np.ones(3), -1, "seed -1; expected an integer"),
        (np.ones((3, 2)), np.ones(3), 1.5, "seed 1.5"),
    ],
)
def test_bad_members_are_refused(X, y, seed, message):
    with pytest.raises(InvalidInputError, match=message):
        GroupMember(PLAIN, X, y, seed, "bad")


def test_what_is_not_one_group_is_refused():
    convolution = Convolution()
    for members, message in (
        ([], "group is empty"),
        ([member(PLAIN, 5, 1), member(DROPPING, 5, 1)], "one group has one architecture"),
        ([member(convolution, 5, 1), member(convolution, 7, 1)], "for different samples cannot be one group"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            train_together(members, Training(epochs=1))


def test_network_that_does_not_mix_lags_trains_at_one_lag():
    trained = train_together([member(Convolution(), 5, seed) for seed in (1, 2)], Training(epochs=10))
    assert all(one.loss[-1] < one.loss[0] for one in trained)


def test_network_with_moving_averages_is_refused():
    with pytest.raises(NotSupportedError, match="BatchNormalization"):
        train_together([member(Convolution(normalised=True), 5, 1)], Training(epochs=1))


def test_windows_of_another_lag_are_refused_when_predicting():
    [trained] = train_together([member(PLAIN, 5, 1)], Training(epochs=1))
    with pytest.raises(InvalidInputError, match=r"expected one \(rows, …\) per network, with samples of \[\(5,\)\]"):
        predict_together([trained.obj], [np.ones((3, 6))])
