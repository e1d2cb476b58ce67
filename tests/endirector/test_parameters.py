"""What methods are told: kept with the ensemble, and refused where it makes no sense, before anything is stored."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

import endirector
import enstorage
from enstorage.errors import ImmutableError, InvalidInputError

TRUTH = np.array([10.0, 20.0, 30.0, 40.0])
#: Errors of 1, −1 and 3 on the train part: the mean is 1 too high, the median 1.
MEMBERS = {"high": TRUTH + 1, "low": TRUTH - 1, "far": TRUTH + 3}


def make():
    """Three models of which the store knows nothing but their forecasts for four train and four test years."""
    source = enstorage.DataSource(name="Series", time_interval="1y").save()
    source.write([str(year) for year in range(2000, 2008)], np.tile(TRUTH, 2))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.0, 0.5)
    project = enstorage.Project(name="Parameters", data_source=source).save()
    research = project.create_research("Uploaded", preparation)
    for name, values in MEMBERS.items():
        model = research.create_model(name)
        model.save_forecasts("train", [str(year) for year in range(2000, 2004)], values)
        model.save_forecasts("test", [str(year) for year in range(2004, 2008)], values)


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return enstorage.Project.get(1)


def rendered(project, method, metamodel=None, **options):
    ensemble = project.create_ensemble(method, metamodel, models=project.models(), **options)
    return endirector.Conductor(ensemble).render()


def test_voting_takes_the_mean_or_the_median(project):
    errors = {}
    for average in ("mean", "median"):
        ensemble = rendered(project, "voting", parameters={"average": average})
        errors[average] = ensemble.forecasts("test")["value"].to_numpy() - TRUTH
    assert errors["mean"] == pytest.approx([1.0] * 4)
    assert errors["median"] == pytest.approx([1.0] * 4)
    far = project.models()[2]
    far.save_forecasts("test", [str(year) for year in range(2004, 2008)], TRUTH + 300)
    median = rendered(project, "voting", parameters={"average": "median"}).forecasts("test")["value"].to_numpy()
    assert median == pytest.approx(TRUTH + 1)


def test_an_ensemble_keeps_its_parameters_with_the_defaults_and_for_ever(project):
    ensemble = project.create_ensemble("voting", models=project.models())
    assert enstorage.Ensemble.get(ensemble.id).parameters == {"average": "mean"}
    ensemble.parameters = {"average": "median"}
    with pytest.raises(ImmutableError, match="cannot change its parameters"):
        ensemble.save()


def test_weights_by_the_inverse_of_the_squared_error(project):
    """Errors 1, −1 and 3 have the squares 1, 1 and 9: weights in proportion to 9, 9 and 1."""
    ensemble = rendered(project, "weighted_voting", parameters={"weights": "inverse_error"})
    assert ensemble.weights() == pytest.approx({"high": 9 / 19, "low": 9 / 19, "far": 1 / 19})
    assert ensemble.mark() == "in-sample"


@pytest.mark.parametrize(
    "weights",
    [
        [0.5, 0.25, 0.25],
        {"high": 0.5, "low": 0.25, "far": 0.25},
        {0: 0.5, 1: 0.25, 2: 0.25},
        {"far": 0.25, 1: 0.25, "high": 0.5},
        np.array([0.5, 0.25, 0.25]),
    ],
)
def test_weights_may_be_given_by_name_or_position(project, weights):
    ensemble = rendered(project, "weighted_voting", parameters={"weights": weights})
    assert ensemble.parameters == {"weights": [0.5, 0.25, 0.25]}
    assert ensemble.weights() == {"high": 0.5, "low": 0.25, "far": 0.25}
    assert ensemble.forecasts("test")["value"].to_numpy() == pytest.approx(TRUTH + 1)
    assert (ensemble.result["fit_on"], ensemble.mark()) == (None, "held-out")  # nothing was fitted


def test_members_that_forecast_the_same_share_any_weight_and_the_rank_says_so(project):
    research = project.researches()[0]
    twin = research.create_model("twin")
    for part, first in (("train", 2000), ("test", 2004)):
        twin.save_forecasts(part, [str(year) for year in range(first, first + 4)], TRUTH + 1)
    ensemble = rendered(project, "weighted_voting")
    assert ensemble.result["fit"]["rank"] == 1  # all errors are constant, so any two members have the same direction
    assert sum(ensemble.weights().values()) == pytest.approx(1)
    assert ensemble.forecasts("test")["value"].to_numpy() == pytest.approx(TRUTH)


def test_one_member_has_all_the_weight(project):
    (one,) = project.models()[:1]
    for weights in ("simplex", "inverse_error", [1.0]):
        ensemble = project.create_ensemble("weighted_voting", models=[one], parameters={"weights": weights})
        assert endirector.Conductor(ensemble).render().weights() == {"high": pytest.approx(1)}


@pytest.mark.parametrize("metamodel", ["Ridge", Ridge(alpha=0.5)])
def test_a_metamodel_is_a_class_name_with_parameters_or_an_estimator(project, metamodel):
    told = {"metamodel": {"alpha": 0.5}} if metamodel == "Ridge" else None
    ensemble = rendered(project, "blending", metamodel, parameters=told)
    assert (ensemble.metamodel, ensemble.parameters) == ("Ridge", {"metamodel": {"alpha": 0.5}})
    expected = Ridge(alpha=0.5).fit(np.column_stack(list(MEMBERS.values())), TRUTH)
    assert ensemble.load_metamodel().coef_ == pytest.approx(expected.coef_)


def test_of_an_estimator_only_what_differs_from_its_class_is_kept(project):
    ensemble = project.create_ensemble("blending", RandomForestRegressor(n_estimators=3, random_state=7))
    assert ensemble.parameters == {"metamodel": {"n_estimators": 3, "random_state": 7}}
    assert ensemble.name == "blending RandomForestRegressor"


BAD = {
    "unknown": ("voting", None, {"averag": "mean"}, "no parameter 'averag'; known are: average"),
    "none known": ("blending", "Ridge", {"alpha": 1}, "no parameter 'alpha'; known are: metamodel"),
    "wrong": ("voting", None, {"average": "mode"}, "Voting: average is 'mode'; expected one of: mean, median"),
    "no mapping": ("voting", None, ["median"], "a mapping from names to values"),
    "sum": ("weighted_voting", None, {"weights": [0.5, 0.5, 0.1]}, r"sum to 1; the sum of those received is 1\.1"),
    "close": ("weighted_voting", None, {"weights": [0.5, 0.5, 1e-8]}, r"sum of those received is 1\.00000001"),
    "negative": ("weighted_voting", None, {"weights": [1.5, -0.5, 0]}, r"is 1, and that of low is below 0"),
    "too few": ("weighted_voting", None, {"weights": [0.5, 0.5]}, "2 weights for 3 members"),
    "stranger": ("weighted_voting", None, {"weights": {"high": 1, "wide": 0}}, "by the names .*high, low, far"),
    "twice": ("weighted_voting", None, {"weights": {"high": 1, 0: 0, "low": 0, "far": 0}}, "Give one weight for each"),
    "a word": ("weighted_voting", None, {"weights": "equal"}, "'simplex', 'inverse_error', a list"),
    "not a number": ("weighted_voting", None, {"weights": [float("nan"), 0, 1]}, "a list of a weight for each"),
    "no JSON": ("voting", None, {"average": object()}, "cannot be kept as JSON"),
    "a classifier": ("blending", "LogisticRegression", {}, "not a regressor"),
    "a classifier object": ("blending", LogisticRegression(), {}, "not a regressor"),
    "no such": ("blending", "Ridge", {"metamodel": {"alfa": 1}}, "Ridge has no parameter 'alfa'. It takes: alpha,"),
    "bad value": ("blending", "Ridge", {"metamodel": {"alpha": -1}}, r"Ridge with .* cannot be a metamodel: .*'alpha'"),
    "both": ("blending", Ridge(), {"metamodel": {"alpha": 1}}, "already has its parameters"),
    "fitted": ("blending", LinearRegression().fit([[1], [2]], [1, 2]), {}, "was fitted already"),
    "code": ("blending", TransformedTargetRegressor(func=np.load), {}, "which is code"),
    "fitted inside": ("blending", make_pipeline(LinearRegression().fit([[1], [2]], [1, 2])), {}, "was fitted already"),
    "a class": ("blending", Ridge, {}, "is no estimator of scikit-learn"),
    "a metamodel": ("voting", Ridge(), {}, "has no metamodel"),
}


@pytest.mark.parametrize(("method", "metamodel", "parameters", "words"), BAD.values(), ids=BAD)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(
    project, store, census, method, metamodel, parameters, words
):
    before = census(store)
    with pytest.raises(InvalidInputError, match=words):
        project.create_ensemble(method, metamodel, models=project.models(), parameters=parameters)
    assert census(store) == before


def test_weights_for_members_that_left_are_refused(project):
    ensemble = project.create_ensemble(
        "weighted_voting", models=project.models(), parameters={"weights": [0.5, 0.5, 0]}
    )
    ensemble.items()[2].delete()
    with pytest.raises(InvalidInputError, match="given 3 weights and has 2 members"):
        endirector.Conductor(ensemble).render()
