"""Training stored models: what is stored, and what is refused."""

import numpy as np
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError
from entrainer.networks import PaperLSTM

SMALL = PaperLSTM(units=(4, 5), dropout=0.1)
QUICK = entrainer.Training(epochs=3)


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.1, 0.3)


@pytest.fixture
def research(sunspots, preparation):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("LSTM", preparation)


def make(research, preparation, lag, network=SMALL):
    model = research.create_model(f"lag {lag}", network)
    model.data_set(preparation.create_set(Window(lag)))
    return model


def test_everything_that_comes_of_a_training_is_stored(research, preparation):
    models = [make(research, preparation, lag) for lag in (2, 4)]
    entrainer.fit(models, QUICK, seeds=[7, 8], progress=False)

    for model, seed in zip(enstorage.Model.get_list(), (7, 8), strict=True):
        facts = model.metas()
        assert facts["seed"] == seed
        assert facts["training"] == QUICK.to_json()
        assert facts["trained_on"] == ["train"]
        assert len(facts["history"]["loss"]) == 3
        assert facts["loss"] == facts["history"]["loss"][-1]
        assert facts["seconds"] > 0
        assert set(facts["versions"]) == {"enstorage", "keras", "jax", "numpy"}
        assert sorted(model.forecasts()["part"].unique()) == ["test", "train", "valid"]


def test_forecasts_are_those_of_the_stored_object_in_source_units(research, preparation):
    model = make(research, preparation, 3)
    entrainer.fit([model], QUICK, progress=False)
    for part in ("train", "valid", "test"):
        id, X, _ = model.data_set().arrays(part)
        kept = model.forecasts(part)
        output = model.load_object().predict(X, verbose=0)[:, 0]
        assert kept["id"].to_list() == id.tolist()
        assert kept["value"].to_numpy() == pytest.approx(model.data_set().invert(output, part), rel=1e-5)


def test_predicting_again_from_the_object_gives_the_same_forecasts(research, preparation):
    model = make(research, preparation, 3)
    entrainer.fit([model], QUICK, progress=False)
    before = model.forecasts()["value"].to_numpy()
    assert entrainer.predict(model)["value"].to_numpy() == pytest.approx(before, rel=1e-5)


def test_the_same_seed_gives_the_same_model_whoever_is_beside_it(research, preparation):
    alone, together, beside = (make(research, preparation, lag) for lag in (3, 3, 5))
    entrainer.fit([alone], QUICK, seeds=1, progress=False)
    entrainer.fit([beside, together], QUICK, seeds=[2, 1], progress=False)
    for mine, theirs in zip(alone.load_object().get_weights(), together.load_object().get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


def test_networks_of_different_shape_are_trained_in_one_call(research, preparation):
    models = [make(research, preparation, 3), make(research, preparation, 3, PaperLSTM(units=(3, 3), dropout=0.0))]
    entrainer.fit(models, QUICK, progress=False)
    assert [model.load_object().count_params() for model in models] == [
        PaperLSTM(units=units).build((3,)).count_params() for units in ((4, 5), (3, 3))
    ]


def test_a_progress_bar_is_shown_when_asked(research, preparation, capsys):
    entrainer.fit([make(research, preparation, 3)], QUICK)
    assert "Training 1 network" in capsys.readouterr().out


def test_a_function_is_told_of_the_progress_instead(research, preparation, capsys):
    told = []
    entrainer.fit(make(research, preparation, 3), QUICK, progress=lambda done, loss: told.append((done, loss.shape)))
    assert told == [(3, (1,))]
    assert capsys.readouterr().out == ""


def test_what_cannot_be_trained_is_refused_and_nothing_is_stored(research, preparation, store, census):
    good, bare = make(research, preparation, 3), research.create_model("no network")
    bare.data_set(good.data_set())
    without_set = research.create_model("no data set", SMALL)
    odd = research.create_model("odd", {"name": "paper-lstm", "layers": 3})
    odd.data_set(good.data_set())
    before = census(store)
    for models, seeds, kind, words in [
        ([good, bare], 0, InvalidInputError, "has no network to train"),
        ([good, without_set], 0, NotFoundError, "has no data set"),
        ([good, odd], 0, InvalidInputError, "no parameter 'layers'"),
        ([good], [1, 2], InvalidInputError, "1 models need 1 seeds"),
        ([good], -1, InvalidInputError, "seed"),
    ]:
        with pytest.raises(kind, match=words):
            entrainer.fit(models, QUICK, seeds=seeds, progress=False)
    assert census(store) == before


def test_a_model_that_gives_too_many_values_is_refused(research, preparation, store, census):
    from sklearn.linear_model import LinearRegression

    model = make(research, preparation, 3)
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, np.column_stack([y, y])))
    before = census(store)
    with pytest.raises(InvalidInputError, match="output of shape"):
        entrainer.predict(model)
    assert census(store) == before
