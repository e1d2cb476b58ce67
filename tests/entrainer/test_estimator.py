"""scikit-learn's estimators by name."""

import json

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from enstorage.errors import InvalidInputError
from entrainer.networks import Estimator, WidrowHoff
from entrainer.networks.specification import NetworkSpec, spec_from_json

X = np.random.default_rng(0).normal(size=(30, 3))
Y = X @ [1.0, -2.0, 0.5]


def test_an_estimator_is_made_with_its_parameters_and_the_seed():
    forest = Estimator("RandomForestRegressor", {"n_estimators": 7}).make(3)
    assert (type(forest).__name__, forest.n_estimators, forest.random_state) == ("RandomForestRegressor", 7, 3)
    again = Estimator("RandomForestRegressor", {"n_estimators": 7}).make(3)
    np.testing.assert_array_equal(forest.fit(X, Y).predict(X), again.fit(X, Y).predict(X))


def test_a_random_state_that_is_given_stays_and_one_that_is_not_there_is_not_set():
    assert Estimator("MLPClassifier", {"random_state": 0}).make(3).random_state == 0
    assert Estimator("MLPClassifier", {"random_state": None}).make(3).random_state == 3
    assert not hasattr(Estimator("LinearRegression").make(3), "random_state")


def test_classical_networks_can_be_named_too():
    assert (
        Estimator("WidrowHoff", {"max_epochs": 5}).make(3).get_params()
        == WidrowHoff(max_epochs=5, random_state=3).get_params()
    )


def test_it_is_stored_as_json_and_comes_back():
    spec = Estimator("MLPRegressor", {"hidden_layer_sizes": (5, 3), "solver": "lbfgs"})
    stored = json.loads(json.dumps(spec.to_json()))
    assert stored == {
        "name": "estimator",
        "estimator": "MLPRegressor",
        "parameters": {"hidden_layer_sizes": [5, 3], "solver": "lbfgs"},
    }
    assert spec_from_json(stored) == spec
    assert not isinstance(spec, NetworkSpec)
    assert spec.make(0).fit(X, Y).predict(X).shape == (30,)


def test_it_does_not_change_with_the_dictionary_it_was_made_from():
    parameters = {"alpha": 1.0}
    spec = Estimator("Ridge", parameters)
    parameters["alpha"] = 2.0
    assert spec.make(0).alpha == 1.0


def test_it_takes_an_estimator_or_a_nested_description():
    nested = {"estimator": "Ridge", "parameters": {"alpha": 2.0}}
    bagging = Estimator("BaggingRegressor", {"estimator": nested})
    for inside in (Ridge(alpha=2.0), Estimator("Ridge", {"alpha": np.float32(2.0)})):
        assert Estimator("BaggingRegressor", {"estimator": inside}) == bagging
    pipeline = Estimator(make_pipeline(StandardScaler(), Ridge(alpha=2.0)))
    assert spec_from_json(json.loads(json.dumps(pipeline.to_json()))) == pipeline
    assert pipeline.make(0)[-1].alpha == bagging.make(0).estimator.alpha == 2.0
    assert pipeline.make(5)[-1].random_state == 5


@pytest.mark.parametrize(
    ("estimator", "parameters", "message"),
    [
        (
            "RandomForrest",
            {},
            "no estimator 'RandomForrest'.* Did you mean .*RandomForest",
        ),
        ("KMeans", {}, "KMeans is neither a regressor nor a classifier"),
        ("os.system", {}, "no estimator 'os.system'"),
        (3, {}, "no estimator 3"),
        ("Ridge", {"beta": 1}, "Ridge has no parameter 'beta'. It takes: alpha, "),
        ("VotingRegressor", {}, "VotingRegressor needs the parameter 'estimators'. Give it."),
        ("Ridge", {"alpha": print}, "parameter alpha of Ridge has no description: .* which is code"),
        (Ridge(), {"alpha": 2.0}, "already has its parameters"),
        (make_pipeline(StandardScaler()), {}, "Pipeline is neither a regressor nor a classifier"),
        ("Ridge", [1], r"parameters are \[1\]; expected a dictionary"),
    ],
)
def test_what_cannot_be_made_is_refused_at_once(estimator, parameters, message):
    with pytest.raises(InvalidInputError, match=message):
        Estimator(estimator, parameters)
