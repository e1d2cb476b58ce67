"""The settings of a training: what they do, their JSON form, and what is refused."""

import numpy as np
import pytest

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember
from entrainer.networks import PaperLSTM
from entrainer.settings.schedule import Schedule
from entrainer.settings.training import EarlyStopping, Training

SMALL = PaperLSTM(units=(3, 4), dropout=0.0)
WINDOWS = np.lib.stride_tricks.sliding_window_view(np.sin(np.arange(60) * 0.6) / 2 + 0.5, 6)
MEMBER = GroupMember(SMALL, WINDOWS[:40, :-1], WINDOWS[:40, -1], 1, "one")


def trained(**settings):
    settings = {"epochs": 4, "batch_size": 16, "optimizer": "sgd", "learning_rate": 0.1, "shuffle": False} | settings
    return train_together([MEMBER], Training(**settings))[0]


def by_keras(initial, rates, **options):
    """The same batches by Keras, with a learning rate for each step."""
    keras = load_keras()
    model = SMALL.build((5,))
    model.set_weights(initial)
    model.compile(optimizer=keras.optimizers.SGD(**options), loss="mse")
    step = 0
    for _ in range(4):
        for start in range(0, 40, 16):
            model.optimizer.learning_rate = rates(step)
            model.train_on_batch(MEMBER.X[start : start + 16], MEMBER.y[start : start + 16])
            step += 1
    return model.get_weights()


@pytest.fixture(scope="module")
def initial():
    """The weights before any step."""
    return train_together([MEMBER], Training(epochs=1, optimizer="sgd", learning_rate=1e-30))[0].obj.weights


STEPS = 3  # an epoch of 40 rows in batches of 16


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        (Schedule(), lambda step: 1.0),
        (Schedule("time", 0.5), lambda step: 1 / (1 + 0.5 * step)),
        (Schedule("exponential", 0.5), lambda step: 0.5 ** (step // STEPS)),
        (Schedule("steps", 0.1, every=2), lambda step: 0.1 ** (step // STEPS // 2)),
        (Schedule("cosine", 0.2), lambda step: 0.2 + 0.8 * (1 + np.cos(np.pi * step / (STEPS * 4))) / 2),
        (Schedule(warmup=2), lambda step: min((step + 1) / (STEPS * 2), 1)),
    ],
    ids=["constant", "time", "exponential", "steps", "cosine", "warm-up"],
)
def test_learning_rates_follow_their_schedule(initial, schedule, factor):
    for mine, other in zip(
        trained(schedule=schedule).obj.weights, by_keras(initial, lambda step: 0.1 * factor(step)), strict=True
    ):
        np.testing.assert_allclose(mine, other, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"clip_norm": 0.01}, {"global_clipnorm": 0.01}),
        ({"clip_value": 0.001}, {"clipvalue": 0.001}),
        ({"optimizer_options": {"momentum": 0.9, "nesterov": True}}, {"momentum": 0.9, "nesterov": True}),
    ],
    ids=["norm", "value", "momentum"],
)
def test_gradients_are_clipped_and_optimisers_set_as_in_keras(initial, settings, options):
    for mine, other in zip(
        trained(**settings).obj.weights, by_keras(initial, lambda step: 0.1, **options), strict=True
    ):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def test_settings_come_back_from_json():
    training = Training(
        loss="pinball",
        quantiles=(0.1, 0.5, 0.9),
        schedule=Schedule("time", 1e-6),
        early_stopping=EarlyStopping(5),
        optimizer="sgd",
        optimizer_options={"momentum": 0.9},
    )
    assert Training.from_json(training.to_json()) == training
    assert Training.from_json({}) == Training()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0; expected an integer"),
        ({"loss": "hinge"}, "loss is 'hinge'; expected one of: mse, mae"),
        ({"optimizer": "sgdm"}, "optimizer is 'sgdm'; expected one of: rmsprop"),
        ({"optimizer_options": {"momentun": 0.9}}, "rmsprop takes rho, momentum.*Leave out momentun"),
        ({"optimizer_options": {"momentum": "much"}}, "momentum = 'much'; expected a finite number"),
        ({"learning_rate": -1}, "learning_rate is -1; expected a number above 0"),
        ({"clip_norm": 1, "clip_value": 1}, "a clip_norm and a clip_value; expected one"),
        ({"quantiles": (0.1, 0.9)}, "quantiles are .*among them 0.5"),
        ({"quantiles": (0.5, 0.1)}, "that ascend"),
        ({"quantiles": (0.1, 0.5)}, "loss 'mse' and the quantiles"),
        ({"loss": "pinball"}, "the loss 'pinball' needs quantiles"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        Training(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "linear"}, "kind is 'linear'; expected one of: constant"),
        ({"kind": "time", "rate": -1}, "rate is -1; expected a number of at least 0"),
        ({"every": 0}, "every is 0; expected an integer of at least 1"),
        ({"warmup": 0.5}, "warmup is 0.5; expected an integer of at least 0"),
    ],
)
def test_bad_schedules_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        Schedule(**settings)
