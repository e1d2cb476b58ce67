"""Searching for networks: trials are models, the store is the memory, valid rows choose."""

import optuna
import polars as pl
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer import Proposal, Training
from entrainer.networks import PaperLSTM

pytestmark = pytest.mark.slow


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)


@pytest.fixture
def research(sunspots, preparation):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("LSTM", preparation)


@pytest.fixture
def propose(preparation):
    sets = {lag: preparation.create_set(Window(lag)) for lag in (3, 5)}

    def proposed(trial):
        return Proposal(
            PaperLSTM(units=(4, 4), dropout=trial.suggest_float("dropout", 0.05, 0.5)),
            sets[trial.suggest_categorical("lag", [3, 5])],
            Training(epochs=6, learning_rate=trial.suggest_float("rate", 1e-4, 1e-1, log=True)),
        )

    return proposed


def test_trials_are_models_and_the_best_has_the_lowest_loss_on_valid_rows(research, propose):
    tuning = entrainer.tune(research, propose, 6, at_once=3, progress=False)
    assert [model.name for model in tuning.models] == [f"tuning {number}" for number in range(6)]
    values = [model.meta("trial")["value"] for model in tuning.models]
    assert values == [model.meta("valid_loss") for model in tuning.models]
    assert tuning.best.meta("valid_loss") == min(values)
    assert [trial.value for trial in tuning.study.get_trials()] == values
    assert tuning.study.best_params == tuning.best.meta("trial")["parameters"]
    assert len({tuple(model.meta("trial")["parameters"].values()) for model in tuning.models}) == 6
    for model in tuning.models:
        assert model.meta("trained_on") == ["train", "valid"]
        assert model.has_forecasts()
        assert model.meta("training")["learning_rate"] == model.meta("trial")["parameters"]["rate"]


@pytest.mark.long
def test_a_study_goes_on_where_it_was_interrupted(research, propose, monkeypatch):
    whole = entrainer.tune(research, propose, 4, name="whole", at_once=2, progress=False)
    calls = []

    def killed(*arguments, **settings):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return entrainer.fit(*arguments, **settings)

    monkeypatch.setattr("entrainer.experiments.tune.fit", killed)
    with pytest.raises(KeyboardInterrupt):
        entrainer.tune(research, propose, 4, name="cut", at_once=2, progress=False)
    assert len([model for model in research.models() if model.name.startswith("cut")]) == 4
    monkeypatch.undo()
    again = entrainer.tune(research, propose, 4, name="cut", at_once=2, progress=False)
    assert [model.meta("trial")["parameters"] for model in again.models] == [
        model.meta("trial")["parameters"] for model in whole.models
    ]
    assert [model.meta("trial")["value"] for model in again.models] == pytest.approx(
        [model.meta("trial")["value"] for model in whole.models], rel=1e-4
    )
    assert len(entrainer.tune(research, propose, 4, name="cut", progress=False).models) == 4


def test_a_pruner_stops_trials_between_chunks(research, preparation):
    data_set = preparation.create_set(Window(3))

    def propose(trial):
        return Proposal(
            PaperLSTM(units=(4, 4), dropout=0.0),
            data_set,
            Training(epochs=400, learning_rate=trial.suggest_float("rate", 1e-6, 1e-2, log=True)),
        )

    pruner = optuna.pruners.ThresholdPruner(upper=1e-9)  # no loss is that low
    tuning = entrainer.tune(research, propose, 2, pruner=pruner, progress=False)
    assert {model.meta("stopped") for model in tuning.models} == {"pruned"}
    assert {trial.state.name for trial in tuning.study.get_trials()} == {"PRUNED"}
    assert all(model.curves().filter(pl.col("loss").is_not_null()).height < 400 for model in tuning.models)
    with pytest.raises(InvalidInputError, match="No trial was completed"):
        _ = tuning.best


def test_proposals_that_cannot_be_compared_are_refused_and_nothing_is_kept(
    research, preparation, propose, store, census, sunspots
):
    no_valid = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0, 0.3).create_set(Window(3))
    whole = preparation.create_set(Window(3))
    small = PaperLSTM(units=(4, 4))
    before = census(store)
    losses = iter(("mse", "mae"))
    for proposed, message in (
        (lambda trial: small, "propose gave PaperLSTM.*expected a Proposal"),
        (
            lambda trial: Proposal(small, no_valid, Training()),
            "has no valid rows with a target that was measured, and test rows choose nothing",
        ),
        (
            lambda trial: Proposal(small, whole, Training(loss=next(losses))),
            "losses mae, mse, which cannot be compared",
        ),
    ):
        with pytest.raises(InvalidInputError, match=message):
            entrainer.tune(research, proposed, 2, progress=False)
    with pytest.raises(InvalidInputError, match="trials is 0"):
        entrainer.tune(research, propose, 0)
    assert census(store) == before
