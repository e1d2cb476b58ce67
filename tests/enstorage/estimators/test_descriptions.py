"""Estimators as JSON: what is described is made again, and what may not be described is refused."""

import json
import os

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, RandomForestRegressor, StackingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, TimeSeriesSplit
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from enstorage.errors import InvalidInputError
from enstorage.estimators.describe import describe, plain_parameters
from enstorage.estimators.make import make

X = np.random.default_rng(0).uniform(1, 2, (40, 3))
Y = X @ [1.0, -0.5, 2.0]


def again(estimator, **options):
    name, parameters = describe(estimator)
    return make(name, json.loads(json.dumps(parameters)), **options)


@pytest.mark.parametrize(
    "estimator",
    [
        Ridge(alpha=np.float64(0.5), max_iter=np.int64(50)),
        RidgeCV(alphas=np.logspace(-2, 1, 4)),
        make_pipeline(MinMaxScaler((-1, 1)), Ridge()),
        Pipeline([("columns", ColumnTransformer([("one", StandardScaler(), [0, 1])])), ("ridge", Ridge())]),
        BaggingRegressor(Ridge(alpha=0.1), n_estimators=3, random_state=1),
        StackingRegressor([("one", Ridge()), ("other", Lasso(0.1))], final_estimator=Ridge(2.0), cv=KFold(3)),
        TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
        GridSearchCV(
            make_pipeline(MinMaxScaler(), Ridge()),
            {"minmaxscaler__feature_range": [(0, 1), (-1, 1)], "ridge": [Ridge(), Lasso(0.01)]},
            cv=TimeSeriesSplit(3),
        ),
        GaussianProcessRegressor(RBF(0.5) + WhiteKernel(0.1)),
        MLPRegressor(hidden_layer_sizes=(4, 2), max_iter=20, random_state=0),
    ],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_described_is_made_again_and_forecasts_the_same(estimator):
    np.testing.assert_array_equal(again(estimator).fit(X, Y).predict(X), clone(estimator).fit(X, Y).predict(X))
    assert describe(again(estimator)) == describe(again(again(estimator)))


def test_only_what_differs_from_the_defaults_is_kept():
    assert describe(Ridge(alpha=1.0, solver="svd")) == ("Ridge", {"solver": "svd"})
    assert describe(make_pipeline(Ridge())) == (
        "Pipeline",
        {"steps": [["ridge", {"estimator": "Ridge", "parameters": {}}]]},
    )


def test_weights_of_classes_keep_their_numbers():
    weights = {0: 1.0, np.int64(1): 3.0}
    assert again(LogisticRegression(class_weight=weights)).class_weight == {0: 1.0, 1: 3.0}


def test_a_seed_that_is_not_given_is_set_everywhere_but_where_nothing_is_drawn():
    search = GridSearchCV(
        make_pipeline(RandomForestRegressor(3)), {"randomforestregressor": [RandomForestRegressor()]}, cv=KFold(3)
    )
    made = again(search, seed=7)
    assert made.estimator[-1].random_state == made.param_grid["randomforestregressor"][0].random_state == 7
    assert made.cv.random_state is None
    assert again(RandomForestRegressor(random_state=3), seed=7).random_state == 3


def test_no_more_processes_than_cores_are_asked_for():
    cores = os.cpu_count()
    grid = GridSearchCV(RandomForestRegressor(n_jobs=500), {"n_jobs": [500, None]}, n_jobs=500)
    made = again(grid)
    assert (made.n_jobs, made.estimator.n_jobs, made.param_grid["n_jobs"]) == (cores, cores, [cores, None])
    one = again(RandomForestRegressor(n_jobs=-1), most_jobs=1)
    assert one.n_jobs == 1


IN_PIPELINE = {"estimator": "Pipeline", "parameters": {"steps": [["one", {"estimator": "Ridge"}]]}}


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("Rigde", {}, "no estimator 'Rigde'.* Did you mean Ridge"),
        ("os.system", {}, "no estimator 'os.system'"),
        ("_BaseRidge", {}, "no estimator '_BaseRidge'"),
        ("BaseCrossValidator", {}, "no estimator"),
        ("Ridge", {"beta": 1}, "Ridge has no parameter 'beta'. It takes: alpha, "),
        ("VotingRegressor", {}, "needs the parameter 'estimators'"),
        ("Pipeline", {"steps": [["one", {"estimator": "Rigde"}]]}, "Did you mean Ridge"),
        ("Pipeline", {"steps": [["one", {"estimator": "Ridge", "parameters": [1]}]]}, "a mapping from names to values"),
        ("Pipeline", {**IN_PIPELINE["parameters"], "memory": "."}, "would keep pickles in files"),
        ("GridSearchCV", {"estimator": IN_PIPELINE, "param_grid": [{"a__memory": ["."]}]}, "would keep pickles"),
        ("GridSearchCV", {"estimator": IN_PIPELINE, "param_grid": {}, "pre_dispatch": "print(1)"}, "evaluated as code"),
        ("TfidfVectorizer", {"input": "filename"}, "would read files"),
        ("FunctionTransformer", {"func": {"function": "load"}}, "NumPy has no ufunc 'load'"),
        ("TimeSeriesSplit", {"n_splits": "x"}, "TimeSeriesSplit cannot be made with the parameters"),
    ],
)
def test_what_cannot_be_made_is_refused(name, parameters, words):
    with pytest.raises(InvalidInputError, match=words):
        make(name, parameters)


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (Ridge().fit(X, Y), "was fitted already"),
        (Ridge, "is no estimator of scikit-learn"),
        (42, "is no estimator of scikit-learn"),
        (TransformedTargetRegressor(Ridge(), func=lambda y: y), "parameter func .* which is code"),
        (FunctionTransformer(np.load), "which is code"),
        (RandomForestRegressor(random_state=np.random.RandomState(0)), "expected an integer as seed"),
        (RandomizedSearchCV(Ridge(), {"alpha": np.random.default_rng(0)}), "parameter param_distributions"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_has_no_description_is_refused(estimator, words):
    with pytest.raises(InvalidInputError, match=words):
        describe(estimator)


def test_a_description_that_contains_itself_is_refused():
    steps = []
    steps.append(("one", steps))
    with pytest.raises(InvalidInputError, match="The parameter steps of Pipeline has no description"):
        plain_parameters("Pipeline", {"steps": steps})
