"""Parameters and single values of kept estimators that are lacking or of another kind: one message, or a model as good."""

import copy
import os
import random

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingRegressor,
)
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVR

from enstorage.errors import EnstorageError, UntrustedError
from enstorage.estimators.fitting import estimator_output
from enstorage.formats.fitted.check import check_fitted
from enstorage.formats.fitted.neighbours import build_search_trees, without_search_trees
from enstorage.formats.fitted.walking import owners

X = np.random.default_rng(0).uniform(1, 2, (30, 4))
VALUES, LABELS = X.sum(axis=1), np.arange(30) % 3
ESTIMATORS = [
    *(
        ElasticNet(),
        Ridge(),
        SVR(),
        MLPRegressor(hidden_layer_sizes=(3,), max_iter=5),
        KNeighborsRegressor(),
        LinearRegression(),
    ),
    *(GradientBoostingRegressor(n_estimators=2), HistGradientBoostingRegressor(max_iter=2)),
    *(VotingRegressor([("one", Ridge()), ("two", LinearRegression())]), make_pipeline(StandardScaler(), Ridge())),
    *(make_pipeline(PolynomialFeatures(), SVR()), NearestCentroid(), LogisticRegression()),
    RandomForestClassifier(2),
]
KINDS = (
    *(None, -1, 0, 3, 2**31, 2**63, 1.5, float("nan"), float("inf"), True, "", "rbf", "precomputed", b"x", 1j),
    *([], [1], {}, {"a": 1}, (1, 2), np.float64("nan"), np.int64(-5), np.array("x"), np.array(3), np.array([])),
    *(np.array(["a", "b"]), np.arange(3), np.zeros((2, 2))),
)
CASES = int(os.environ.get("TORTURE_ARRAYS", "400"))


def parts(obj):
    """All that is no array and no tree: the owner and its name."""
    arrays = (np.ndarray, type(None))
    return [
        (owner, name) for owner in owners(obj) for name, value in vars(owner).items() if not isinstance(value, arrays)
    ]


@pytest.fixture(scope="module")
def fitted():
    return [
        without_search_trees(copy.deepcopy(each).fit(X, LABELS if _is_classifier(each) else VALUES))
        for each in ESTIMATORS
    ]


def _is_classifier(estimator):
    return isinstance(estimator, NearestCentroid | LogisticRegression | RandomForestClassifier)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(CASES // 200))
def test_no_other_kind_of_a_part_ends_in_a_foreign_error_or_a_wrong_size(fitted, seed):
    chance, outcomes = random.Random(seed), set()
    for _ in range(200):
        estimator = copy.deepcopy(chance.choice(fitted))
        owner, name = chance.choice(parts(estimator))
        if chance.random() < 0.2:
            vars(owner).pop(name)
        else:
            vars(owner)[name] = chance.choice(KINDS)
        outcomes.add(outcome_of(estimator, 3 if _is_classifier(estimator) else 1))
    assert {"refused", "used"} <= outcomes


def outcome_of(estimator, targets):
    try:
        check_fitted(estimator)
        build_search_trees(estimator)
        output = estimator_output(estimator, X, targets)
    except UntrustedError:
        return "refused"
    except EnstorageError:
        return "error"
    assert output.shape == ((30, 3) if targets == 3 else (30,))
    assert np.isfinite(output).all()
    return "used"
