"""Linear stack: least-squares weights, by step where members forecast several."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import Ridge

import endirector
import enstorage
import entrainer
from endirector import Fitting, Rows
from endirector.methods.weighted.linear_stack import LinearStack, least_squares
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError

finite = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))


def test_weights_that_made_the_truth_are_found():
    forecasts = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, -1.0]])
    weights, rank = least_squares(forecasts, forecasts @ [2.0, -0.5])
    assert weights == pytest.approx([2, -0.5])
    assert rank == 2


def test_members_that_forecast_the_same_share_their_weight_and_the_rank_says_so():
    one = np.array([1.0, 2.0, 4.0])
    weights, rank = least_squares(np.column_stack([one, one, np.zeros(3)]), 3 * one)
    assert weights == pytest.approx([1.5, 1.5, 0])  # of all that are as good the shortest
    assert rank == 1


@settings(max_examples=50, deadline=None)
@given(arrays(float, (8, 3), elements=finite), arrays(float, 8, elements=finite))
def test_no_other_weights_are_better(forecasts, truth):
    weights, _ = least_squares(forecasts, truth)
    loss = np.sum((forecasts @ weights - truth) ** 2)
    best = np.sum((forecasts @ np.linalg.lstsq(forecasts, truth, rcond=None)[0] - truth) ** 2)
    assert loss == pytest.approx(best, rel=1e-6, abs=1e-4)


def test_each_step_has_weights_of_its_own():
    generator = np.random.default_rng(0)
    forecasts, step = generator.normal(size=(40, 2)), np.tile([1, 2], 20).astype(np.int32)
    truth = np.where(step == 1, forecasts @ [0.25, 0.75], forecasts @ [2.0, -1.0])
    told = Fitting(Rows(forecasts, step), truth)
    combination = LinearStack().fit(told)
    assert {at: weights.round(9).tolist() for at, weights in combination.step_weights.items()} == {
        1: [0.25, 0.75],
        2: [2.0, -1.0],
    }
    assert combination.facts == {"rank": {"1": 2, "2": 2}}
    assert combination.predict(Rows(forecasts, step)) == pytest.approx(truth)
    with pytest.raises(InvalidInputError, match="fitted on the steps 1, 2, but the members also forecast step 3"):
        combination.predict(Rows(forecasts[:1], np.array([3], dtype=np.int32)))


@pytest.fixture
def project(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0.0, 0.3)
    project = enstorage.Project(name="Sun", data_source=sunspots).save()
    research = project.create_research("Two years", preparation)
    for lag in (2, 3):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag, horizon=2)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(Ridge(0.01).fit(X, y))
    entrainer.backtest(project.models(), folds=2, progress=False)
    return project


def test_an_ensemble_tells_its_weights_by_step(project):
    ensemble = project.create_ensemble("linear_stack", models=project.models())
    endirector.Conductor(ensemble).render()
    fitted = ensemble.table().filter("fitted")
    for step in (1, 2):
        own = fitted.filter(fitted["step"] == step)
        forecasts = own.select([f"out_of_fold_{model.id}" for model in project.models()]).to_numpy()
        expected, _ = least_squares(forecasts, own["truth"].to_numpy())
        assert list(ensemble.weights(step=step).values()) == pytest.approx(expected)
    with pytest.raises(NotFoundError, match=r"differ by step; it has the steps 1, 2\. Read weights\(step=…\)"):
        ensemble.weights()


def test_or_one_weight_for_each_member_over_all_steps(project):
    told = {"weights_per": "member"}
    ensemble = project.create_ensemble("linear_stack", models=project.models(), parameters=told)
    endirector.Conductor(ensemble).render()
    assert list(ensemble.weights()) == ["lag 2", "lag 3"]
    with pytest.raises(NotFoundError, match=r"the same for all steps\. Read weights\(\)"):
        ensemble.weights(step=1)
