"""Checkpoints: a training that was killed goes on, with the result of one that was not."""

import numpy as np
import pytest

import entrainer
from enstorage import DataSource, Model, Project
from enstorage.adapter import Window
from entrainer.fitting.checkpoints import FACT
from entrainer.networks import TLFN

TRAINING = entrainer.Training(epochs=60, metrics=("mae",), early_stopping=entrainer.EarlyStopping(patience=50))


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


def make():
    source = DataSource(name="Sun", time_interval="1y").save()
    years = np.arange(80)
    times = (years - 270).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
    source.write(times, 50 + 40 * np.sin(years * 2 * np.pi / 11))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    research = Project(name="Sun", data_source=source).save().create_research("R", preparation)
    for lag in (2, 3):
        model = research.create_model(f"lag {lag}", TLFN(hidden=(4,)))
        model.data_set(preparation.create_set(Window(lag)))


@pytest.fixture
def filled_with():
    return make


def trained(kill_after=None, damage=(), **given):
    """What a training gave: the epochs at which chunks came, and of each model its forecasts and curve."""
    chunks = []

    def monitor(_models, chunk):
        chunks.append(chunk.epochs)
        if kill_after is not None and chunk.epochs >= kill_after:
            raise KilledError

    models = Model.get_list()
    options = {"training": TRAINING, "seeds": 3, "checkpoint_seconds": 0, "progress": False, "monitor": monitor}
    entrainer.fit(models, **(options | given))
    found = [
        (model.forecasts("test")["value"].to_numpy(), model.curves().sort("step").to_numpy())
        for model in Model.get_list()
    ]
    return chunks, found


def same(one, other):
    for (forecasts, curve), (others, other_curve) in zip(one, other, strict=True):
        assert forecasts.tobytes() == others.tobytes()
        np.testing.assert_array_equal(curve, other_curve)


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_from_its_last_checkpoint_with_the_same_result(store, damage):
    _, whole = trained()
    with pytest.raises(KilledError):
        trained(kill_after=30)
    told = Model.get(1).meta(FACT)
    assert len(told["objects"]) == 2
    chunks, resumed = trained()
    assert 0 < chunks[0] < 60
    assert chunks[0] > 1
    same(whole, resumed)
    # It is over: nothing is left of the checkpoints.
    assert FACT not in Model.get(1).metas()
    assert not any(store.objects.has(each) for each in told["objects"])


@pytest.mark.slow
def test_a_damaged_checkpoint_is_left_out_for_the_one_before(store, damage):
    _, whole = trained()
    with pytest.raises(KilledError):
        trained(kill_after=30)
    damage(Model.get(1).meta(FACT)["objects"][-1])
    with pytest.warns(UserWarning, match="checkpoint of .* is damaged"):
        chunks, resumed = trained()
    assert 1 < chunks[0] < 60
    same(whole, resumed)
    with pytest.raises(KilledError):
        trained(kill_after=30)
    for each in Model.get(1).meta(FACT)["objects"]:
        damage(each, remove=True)
    with pytest.warns(UserWarning, match="damaged or gone"):
        chunks, anew = trained()
    assert chunks[0] == 1
    same(whole, anew)


@pytest.mark.slow
@pytest.mark.parametrize(
    "other", [{"seeds": 4}, {"training": entrainer.Training(epochs=50)}, {"checkpoint_seconds": None}]
)
def test_another_training_begins_anew(store, other):
    with pytest.raises(KilledError):
        trained(kill_after=30)
    assert trained(**other)[0][0] == 1
