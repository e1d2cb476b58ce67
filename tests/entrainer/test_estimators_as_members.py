"""Any regressor and classifier is a member: kept as data, or fitted again when needed; else refused before training."""

from collections import defaultdict
from inspect import signature

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, HistGradientBoostingRegressor, RandomForestRegressor, StackingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, TweedieRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.discovery import all_estimators
from threadpoolctl import threadpool_limits

import endirector
import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import CorruptError, InvalidInputError, UntrustedError
from enstorage.estimators import fitting
from entrainer.fitting.job import jobs_of
from entrainer.networks import Estimator

X = np.random.default_rng(0).uniform(1, 2, (60, 3))
Y = X.sum(axis=1)
PARTS = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
#: That forecast several targets at once, take one feature only, or are made of others that have to be given.
NOT_BY_NAME = {
    "regressor": {
        *("CCA", "IsotonicRegression", "MultiOutputRegressor", "MultiTaskElasticNet", "MultiTaskElasticNetCV"),
        *(
            "MultiTaskLasso",
            "MultiTaskLassoCV",
            "PLSCanonical",
            "RegressorChain",
            "StackingRegressor",
            "VotingRegressor",
        ),
    },
    "classifier": {
        *("ClassifierChain", "FixedThresholdClassifier", "MultiOutputClassifier", "OneVsOneClassifier"),
        *("OneVsRestClassifier", "OutputCodeClassifier", "SelfTrainingClassifier", "StackingClassifier"),
        *("TunedThresholdClassifierCV", "VotingClassifier"),
        # They forecast no probabilities.
        *("LinearSVC", "NuSVC", "PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier", "RidgeClassifierCV"),
        *("SGDClassifier", "SVC"),
    },
}
FITTED_AGAIN = {
    "regressor": {"HistGradientBoostingRegressor", "TweedieRegressor"},
    "classifier": {"CalibratedClassifierCV", "GaussianProcessClassifier", "HistGradientBoostingClassifier"},
}
NESTED = [
    make_pipeline(StandardScaler(), KNeighborsRegressor(3)),
    BaggingRegressor(Ridge(alpha=0.1), n_estimators=3),
    StackingRegressor([("one", Ridge()), ("other", RandomForestRegressor(3))], final_estimator=LinearRegression()),
    TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}),
    HistGradientBoostingRegressor(max_iter=5),
]


@pytest.fixture(autouse=True)
def _one_thread():
    """On few rows threads would wait for each other most of the time."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def project(store):
    source = enstorage.DataSource(name="Load", time_interval="1d").save()
    source.write(np.arange(90).astype("datetime64[D]"), 60 + 30 * np.sin(np.arange(90) * 0.4))
    return enstorage.Project(name="Load", data_source=source).save()


@pytest.fixture
def windows(project):
    """A research, and a set of windows for its models."""
    preparation = project.data_source.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    return project.create_research("Windows", preparation), preparation.create_set(Window(4))


def member(windows, estimator, name=None):
    research, data_set = windows
    model = research.create_model(name or type(estimator).__name__, estimator)
    model.data_set(data_set)
    return model


def forecasts_of(model, part="test"):
    return model.forecasts(part)["value"].to_numpy()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["regressor", "classifier"])
def test_every_estimator_of_scikit_learn_is_kept_fitted_again_or_refused_before_training(project, kind):
    y = Y if kind == "regressor" else np.eye(3)[np.arange(60) % 3]
    data_set = enstorage.DataSet.from_arrays(range(60), X, y, PARTS, kind)
    research = project.create_research(kind)
    models, refused = [], set()
    for name, estimator in all_estimators(type_filter=kind):
        try:
            few = {"n_estimators": 3} if "n_estimators" in signature(estimator).parameters else {}
            model = research.create_model(name, Estimator(name, few))
            model.data_set(data_set)
            jobs_of([model], entrainer.Training(), 0, None)
            models.append(model)
        except InvalidInputError:
            refused.add(name)
    entrainer.fit(models, progress=False)
    formats = defaultdict(set)
    for model in models:
        formats[model.object_format].add(model.name)
        stored = forecasts_of(model)
        again = entrainer.predict(model).filter(pl.col("part") == "test")["value"].to_numpy()
        np.testing.assert_allclose(again, stored, rtol=1e-9, err_msg=model.name)
    assert refused == NOT_BY_NAME[kind]
    assert formats["refit"] == FITTED_AGAIN[kind]
    assert formats.keys() == {"skops", "refit"}


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_estimators_of_every_build_are_trained_forecast_backtested_remade_and_combined(windows, project, tmp_path):
    models = [member(windows, estimator) for estimator in NESTED]
    entrainer.fit(models, progress=False)
    entrainer.backtest(models, folds=2, progress=False)
    for model in models:
        first = model.forecasts("test").row(0, named=True)
        ahead = entrainer.forecast(model, 1, time_from=first["id"])
        assert ahead["value"][0] == pytest.approx(first["value"], rel=1e-9)
    for remade in entrainer.remake(models, progress=False):
        stored = forecasts_of(remade.model)
        again = remade.forecasts.filter(pl.col("part") == "test")["value"].to_numpy()
        np.testing.assert_allclose(again, stored, rtol=1e-9)
    ensemble = endirector.Conductor(project.create_ensemble("stacking", NESTED[0], models=models)).render()
    endirector.Conductor(ensemble).verify()
    said = endirector.forecast(ensemble, 2, levels=())
    enstorage.export_project(project, tmp_path / "one.enz")
    with enstorage.Connector.in_folder(tmp_path / "other") as other:
        arrived = enstorage.import_bundle(tmp_path / "one.enz", other).project
        assert arrived.ensembles()[0].forecasts().height
        assert endirector.forecast(arrived.ensembles()[0], 2, levels=())["value"].to_list() == pytest.approx(
            said["value"].to_list(), rel=1e-9
        )


def test_an_estimator_of_a_bundle_asks_for_one_process(windows, project, tmp_path):
    entrainer.fit(member(windows, RandomForestRegressor(3, n_jobs=2), "forest"), progress=False)
    entrainer.fit(member(windows, make_pipeline(TweedieRegressor()), "tweedie"), progress=False)
    enstorage.export_project(project, tmp_path / "one.enz")
    with enstorage.Connector.in_folder(tmp_path / "other") as other:
        forest, tweedie = enstorage.import_bundle(tmp_path / "one.enz", other).project.models()
        entrainer.fit([forest, tweedie], progress=False)
        assert forest.load_object().n_jobs == 1


def test_all_stored_forecasts_are_compared_and_not_a_few_alone(windows):
    model = member(windows, HistGradientBoostingRegressor(max_iter=3))
    entrainer.fit(model, progress=False)
    assert model.object_format == "refit"
    model.load_object()
    table = model.forecasts("test")
    values = table["value"].to_numpy().copy()
    values[-1] += 0.5
    model.save_forecasts("test", table["id"].to_numpy(), values)
    with pytest.raises(CorruptError, match=r"differ by up to 0\.5, expected at most .* \(source units, test\)"):
        model.load_object()


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (LogisticRegression(), "LogisticRegression cannot be fitted: .*for values Ridge"),
        (Estimator("IsotonicRegression"), "IsotonicRegression cannot be fitted"),
        (Estimator("GammaRegressor"), "GammaRegressor cannot be fitted: .*out of the valid range"),
        (KNeighborsRegressor(500), "KNeighborsRegressor cannot be used: .*n_neighbors"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_one_that_cannot_be_trained_is_refused_before_any_other_is(windows, store, census, estimator, words):
    models = [member(windows, Ridge(), "good"), member(windows, estimator, "bad")]
    before = census(store)
    for call in (entrainer.fit, entrainer.backtest):
        with pytest.raises(InvalidInputError, match=f"'bad'.* cannot be trained on DataSet.*{words}"):
            call(models, progress=False)
    assert census(store) == before


def test_several_targets_are_refused_with_what_to_take(windows, project):
    research, data_set = windows
    preparation = data_set.data_preparation
    model = research.create_model("ahead", HistGradientBoostingRegressor(max_iter=3))
    model.data_set(preparation.create_set(Window(4, horizon=2)))
    with pytest.raises(InvalidInputError, match=r"one for each: Estimator.'MultiOutputRegressor'"):
        entrainer.fit(model, progress=False)
    taken = research.create_model(
        "taken", Estimator("MultiOutputRegressor", {"estimator": HistGradientBoostingRegressor(max_iter=3)})
    )
    taken.data_set(model.data_set())
    entrainer.fit(taken, progress=False)
    assert taken.load_object().n_features_in_ == 4


def test_more_neighbours_than_a_trial_has_rows_are_no_fault(windows):
    model = member(windows, KNeighborsRegressor(50))
    entrainer.fit(model, progress=False)
    assert model.object_format == "skops"


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
def test_nearest_neighbours_are_kept_as_their_samples(windows, algorithm):
    model = member(windows, None, algorithm)
    fitted = KNeighborsRegressor(3, algorithm=algorithm, metric="minkowski", p=3).fit(X, Y)
    model.save_object(fitted)
    loaded = model.load_object()
    assert (model.object_format, type(loaded._tree)) == ("skops", type(fitted._tree))
    assert vars(loaded).keys() == vars(fitted).keys()
    np.testing.assert_array_equal(loaded.predict(X + 0.01), fitted.predict(X + 0.01))


def test_other_programs_read_what_is_exported_of_nearest_neighbours_and_of_what_is_fitted_again(windows, tmp_path):
    neighbours = member(windows, None, "neighbours")
    fitted = KNeighborsRegressor(3).fit(*neighbours.data_set().arrays("train")[1:])
    neighbours.save_object(fitted)
    neighbours.export(tmp_path / "neighbours")
    samples = neighbours.data_set().arrays()[1] + 0.01
    loaded = skops.io.load(tmp_path / "neighbours" / "model.skops")
    np.testing.assert_allclose(loaded.predict(samples), fitted.predict(samples))
    tweedie = member(windows, TweedieRegressor())
    entrainer.fit(tweedie, progress=False)
    assert sorted(tweedie.export(tmp_path / "tweedie").files) == ["model.json", "model.onnx"]
    imported = windows[0].import_model(tmp_path / "tweedie").load_object()
    np.testing.assert_allclose(imported.predict(samples).ravel(), tweedie.load_object().predict(samples), rtol=1e-5)


def test_one_that_was_trained_elsewhere_is_fitted_again_where_that_gives_the_same(windows):
    model = member(windows, None, "elsewhere")
    _, train, y = model.data_set().arrays("train")
    model.save_object(HistGradientBoostingRegressor(max_iter=5).fit(train, y))
    expected = HistGradientBoostingRegressor(max_iter=5).fit(train, y).predict(train)
    np.testing.assert_allclose(model.load_object().predict(train), expected)
    with pytest.raises(UntrustedError, match=r"it forecasts other values .* Set the data set"):
        model.save_object(HistGradientBoostingRegressor(max_iter=5).fit(train[:30], y[:30]))
    other = windows[0].create_model("without data")
    with pytest.raises(UntrustedError, match=r"has no data set.* entrainer.fit; or store its forecasts"):
        other.save_object(HistGradientBoostingRegressor(max_iter=5).fit(train, y))


def test_row_weights_play_a_part_when_it_is_fitted_again(windows):
    model = member(windows, TweedieRegressor())
    weights = np.linspace(0, 1, len(model.data_set().arrays("train")[0]))
    entrainer.fit(model, weights=[weights], progress=False)
    assert (model.object_format, model.load_object().n_features_in_) == ("refit", 4)


def test_it_is_refused_where_it_then_forecasts_other_values(windows, monkeypatch):
    model = member(windows, TweedieRegressor())
    entrainer.fit(model, progress=False)
    monkeypatch.setattr("enstorage.estimators.refitting.make", lambda *_, **__: Ridge())
    with pytest.raises(
        CorruptError, match="fitted again on its data set, and now it forecasts other values than it did"
    ):
        entrainer.forecast(model, 1)


def test_classes_are_given_to_a_classifier_by_their_numbers_and_forecast_as_probabilities(project):
    labels = np.arange(60) % 3
    data_set = enstorage.DataSet.from_arrays(range(60), X, np.eye(3)[labels], PARTS, "classes")
    research = project.create_research("classes")
    model = research.create_model("logistic", LogisticRegression())
    model.data_set(data_set)
    entrainer.fit(model, progress=False)
    expected = LogisticRegression(random_state=0).fit(X[:40], labels[:40]).predict_proba(X[50:])
    np.testing.assert_allclose(forecasts_of(model).reshape(10, 3), expected)


def test_a_class_that_was_not_seen_has_the_probability_0():
    labels = np.array([0, 2] * 20)
    fitted = LogisticRegression().fit(X[:40], labels)
    output = fitting.estimator_output(fitted, X, 3)
    assert (output[:, 1] == 0).all()
    np.testing.assert_allclose(output.sum(axis=1), 1)
