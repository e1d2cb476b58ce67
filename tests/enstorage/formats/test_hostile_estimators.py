"""Estimators from files: what would keep pickles, run code or read foreign memory is refused when it is opened."""

import os

import numpy as np
import pytest
import skops.io
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils._param_validation import HasMethods, StrOptions, make_constraint
from sklearn.utils.discovery import all_estimators

from enstorage.errors import UntrustedError
from enstorage.formats.fitted.parameters import bound_jobs, fault_of
from enstorage.formats.skops import SkopsFormat

X = np.random.default_rng(0).uniform(1, 2, (40, 4))
Y = X.sum(axis=1)
LABELS = np.arange(40) % 3


def opened(obj):
    """The object as it comes from a file that was written past our checks."""
    return SkopsFormat.load(skops.io.dumps(obj), allow_code=False)


def with_memory(folder):
    return make_pipeline(StandardScaler(), Ridge(), memory=str(folder)).fit(X, Y)


def test_a_cache_of_pickles_is_refused_wherever_it_stands(tmp_path):
    inside = make_pipeline(StandardScaler(), with_memory(tmp_path)).fit(X, Y)
    for obj in (with_memory(tmp_path), inside, BaggingRegressor(inside, n_estimators=2).fit(X, Y)):
        for call in (opened, lambda obj: SkopsFormat.dump(obj, allow_code=False)):
            with pytest.raises(UntrustedError, match=r"memory=.* would keep pickles in files"):
                call(obj)


#: Texts that scikit-learn takes without a list of what they may be, and that neither name a file nor are evaluated.
HARMLESS_TEXTS = {
    *("constant", "encoding", "importance_getter", "metric", "outlier_label", "pos_label", "refit", "scoring"),
    *("separator", "threshold", "token_pattern", "verbose_feature_names_out", "missing_values", "vocabulary"),
    "resource",  # of searches that halve, which other tests may have switched on
}


def test_every_parameter_of_scikit_learn_that_may_name_a_file_or_a_cache_is_known():
    free, caches = set(), set()
    for _, kind in all_estimators():
        for name, constraints in (getattr(kind, "_parameter_constraints", None) or {}).items():
            if constraints == "no_validation":
                continue
            made = [make_constraint(each) for each in constraints]
            if any(each.is_satisfied_by("some/folder") and not isinstance(each, StrOptions) for each in made):
                free.add(name)
            if any(isinstance(each, HasMethods) and "cache" in each.methods for each in made):
                caches.add(name)
    assert caches == {"memory"}
    assert free - HARMLESS_TEXTS == {"memory", "pre_dispatch"}
    assert all(fault_of(name, "some/folder") for name in ("memory", "pre_dispatch", "pipeline__memory"))
    assert fault_of("input", "filename")


@pytest.mark.parametrize("value", [np.add.reduce, os.getcwd, dict])
def test_code_in_place_of_a_value_is_refused(value):
    obj = Ridge().fit(X, Y)
    obj.alpha = value
    with pytest.raises(UntrustedError):
        opened(obj)


def test_an_attribute_in_place_of_a_method_is_refused():
    obj = Ridge().fit(X, Y)
    vars(obj)["predict"] = np.exp
    with pytest.raises(UntrustedError, match="stands in place of a method"):
        opened(obj)


def test_processes_and_threads_are_bounded():
    grid = GridSearchCV(RandomForestRegressor(3), {"n_jobs": [1, None]}, cv=2).fit(X, Y)
    grid.n_jobs = grid.estimator.n_jobs = grid.best_estimator_.n_jobs = 900
    grid.param_grid["n_jobs"] = [900, None]
    bound_jobs(grid)
    cores = os.cpu_count()
    assert (grid.n_jobs, grid.estimator.n_jobs, grid.best_estimator_.n_jobs) == (cores, cores, cores)
    assert grid.param_grid["n_jobs"] == [cores, None]
    means = KMeans(3, n_init=1).fit(X)
    means._n_threads = 10**6
    assert opened(means)._n_threads == cores


def boosting(kind=GradientBoostingRegressor, target=Y, columns=2):
    obj = kind(n_estimators=3).fit(X, target)
    obj.estimators_ = np.repeat(obj.estimators_, columns, axis=1)
    return obj


def changed(obj, **attributes):
    vars(obj).update(attributes)
    return obj


def binning():
    mapper = _BinMapper(n_bins=4).fit(X)
    return changed(mapper, bin_thresholds_=[])


def neighbours():
    return changed(KNeighborsClassifier(3).fit(X, LABELS), _y=np.full(40, 10**9), _tree=None, _fit_method="brute")


def shifted_tree(value=None, threshold=None):
    """A forest whose first tree reads a feature that it does not have; or has another value, or another threshold."""
    forest = RandomForestRegressor(3, max_depth=3).fit(X, Y)
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    features = 4
    if value is not None:
        state["values"][0] = value
    elif threshold is not None:
        state["nodes"]["threshold"][0] = threshold
    else:
        state["nodes"]["feature"], features = np.where(state["nodes"]["feature"] >= 0, 3, -2), 40
    forest.estimators_[0].tree_ = type(tree)(features, np.array([1]), 1)
    forest.estimators_[0].tree_.__setstate__(state)
    return forest


def fewer_classes(obj, part=lambda obj: obj):
    part(obj).classes_ = part(obj).classes_[:-1]
    return obj


def generator():
    # A state of its own: without a seed it would be that of NumPy, which all share.
    obj = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(X, Y)
    _, keys, *_ = obj._random_state.get_state()
    obj._random_state.set_state(("MT19937", keys, 624, 0, 0.0))
    state = obj._random_state.get_state(legacy=False)
    state["state"]["pos"] = 10**6
    obj._random_state.set_state(state)
    return obj


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "make",
    [
        boosting,
        lambda: boosting(GradientBoostingClassifier, LABELS),
        lambda: changed(SVR().fit(X, Y), support_=np.arange(4000, dtype=np.int32)),
        lambda: changed(SVC().fit(X, LABELS), _n_support=np.array([9, 900, 9], np.int32)),
        lambda: changed(KMeans(3, n_init=1).fit(X), cluster_centers_=np.zeros((3, 2))),
        lambda: changed(StandardScaler().fit(X), scale_=np.ones(1)),
        lambda: changed(Ridge().fit(X, Y), coef_=np.full(4, np.nan)),
        binning,
        neighbours,
        shifted_tree,
        generator,
        lambda: fewer_classes(OneVsOneClassifier(LogisticRegression()).fit(X, LABELS)),
        lambda: fewer_classes(
            OneVsRestClassifier(LogisticRegression()).fit(X, LABELS), lambda obj: obj.label_binarizer_
        ),
        lambda: fewer_classes(
            BaggingClassifier(LogisticRegression(), 2).fit(X, LABELS % 2), lambda obj: obj.estimators_[0]
        ),
    ],
)
def test_fitted_attributes_that_disagree_are_refused(make):
    with pytest.raises(UntrustedError, match="do not use it"):
        opened(make())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: changed(Ridge().fit(X, Y), coef_=np.array([1.0, np.nan, 1.0, 1.0])),
            r"The Ridge is not sound: its attribute coef_ holds nan \(an array of float64, shape \(4,\)\); expected finite",
        ),
        (
            lambda: changed(Ridge().fit(X, Y), intercept_=-np.inf),
            r"its attribute intercept_ holds -inf \(-inf\); expected finite numbers",
        ),
        (
            lambda: changed(LogisticRegression().fit(X, LABELS), coef_=np.full((3, 4), np.inf)),
            r"The LogisticRegression is not sound: its attribute coef_ holds inf \(an array of float64, shape \(3, 4\)\)",
        ),
        (
            lambda: make_pipeline(StandardScaler(), changed(Ridge().fit(X, Y), coef_=np.full(4, np.nan))),
            r"The Pipeline cannot be kept as data\. The Ridge is not sound: its attribute coef_ holds nan",
        ),
        (
            lambda: changed(Ridge().fit(X, Y), coef_=np.ones(3)),
            r"coef_ holds an array of float64, shape \(3,\), which does",
        ),
        (lambda: changed(Ridge().fit(X, Y), coef_=None), "its attribute coef_ is missing, which does not agree with"),
        (
            lambda: not_finite(MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(X, Y)),
            "coefs_ holds nan .a list of 2.; expected finite",
        ),
        (lambda: shifted_tree(value=np.inf), "A decision tree has the value inf; expected finite numbers"),
        (lambda: shifted_tree(threshold=np.nan), "A decision tree has the threshold nan; expected numbers"),
        (
            lambda: changed(SVC().fit(X, LABELS), classes_=np.array([0, 0, 1])),
            r"classes_ holds an array of int64, shape",
        ),
    ],
)
def test_what_is_not_kept_is_told_with_the_reason(make, words):
    with pytest.raises(UntrustedError, match=words) as caught:
        SkopsFormat.dump(make(), allow_code=False)
    assert "do not use it" not in str(caught.value)


def not_finite(obj):
    obj.coefs_[1][0, 0] = np.nan
    return obj
