"""Members that forecast probabilities of classes: voted, weighted, stacked, and measured as such."""

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

import endirector
import enstorage
from endirector import Conductor, form, what_if
from enstorage import DataSet, DataSource, Project
from enstorage.errors import InvalidInputError

KINDS = (LogisticRegression(max_iter=200), GaussianNB(), DecisionTreeClassifier(random_state=0))
PARTS = ("train", "valid", "test")


def made(store, labels, outputs):
    """A project over 600 digits with three classifiers whose forecasts are kept; the valid ones out of fold too."""
    X = load_digits().data[:600]
    part = np.repeat(PARTS, (300, 150, 150))
    y = np.eye(10)[labels] if outputs == 10 else labels.astype(float)
    data_set = DataSet.from_arrays(np.arange(600), X, y, part, "digits", connector=store)
    project = Project(name="Digits", data_source=DataSource(name="none").save()).save()
    research = project.create_research("Classifiers")
    for kind in KINDS:
        model = research.create_model(type(kind).__name__)
        model.data_set(data_set)
        fitted = kind.fit(X[:300], labels[:300])
        for name in PARTS:
            chosen = part == name
            said = fitted.predict_proba(X[chosen])
            ids = np.repeat(np.flatnonzero(chosen)[:, None], 10, axis=1) if outputs == 10 else np.flatnonzero(chosen)
            said = said if outputs == 10 else said[:, 1]
            model.save_forecasts(name, ids, said)
            if name == "valid":
                model.save_forecasts("out_of_fold", ids, said)
    return project


@pytest.fixture
def project(store):
    return made(store, load_digits().target[:600], 10)


@pytest.fixture
def of_two(store):
    return made(store, load_digits().target[:600] % 2, 1)


def rendered(project, method, metamodel=None, **told):
    return Conductor(project.create_ensemble(method, metamodel, models=project.models(), **told)).render()


def said(ensemble, part="test"):
    """The probabilities of the classes and the labels, of the samples of a part."""
    table = ensemble.table().filter(pl.col("part") == PARTS.index(part))
    return table["ensemble"].to_numpy().reshape(-1, 10), table["truth"].to_numpy().reshape(-1, 10).argmax(axis=1)


def test_soft_voting_gives_probabilities_that_sum_to_1_and_is_measured_as_scikit_learn_does(project):
    ensemble = rendered(project, "voting")
    probabilities, labels = said(ensemble)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    errors = ensemble.metrics()["test"]["ensemble"]
    assert errors["accuracy"] == accuracy_score(labels, probabilities.argmax(axis=1))
    assert errors["log_loss"] == pytest.approx(log_loss(labels, probabilities), rel=1e-9)
    assert errors["rows"] == 1500


@pytest.mark.parametrize("method", ["weighted_voting", "greedy"])
def test_weights_keep_probabilities(project, method):
    ensemble = rendered(project, method, fit_on="valid")
    probabilities, _ = said(ensemble)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert probabilities.min() >= 0


def test_stacking_is_the_classifier_on_the_probabilities_of_all_members(project):
    ensemble = rendered(project, "stacking", "LogisticRegression", parameters={"metamodel": {"max_iter": 300}})
    table = ensemble.table()
    members = [f"member_{model.id}" for model in project.models()]

    def features(part):
        own = table.filter(pl.col("part") == PARTS.index(part)).select(members).to_numpy()
        return own.reshape(-1, 30)

    _, labels = said(ensemble, "valid")
    expected = LogisticRegression(max_iter=300, random_state=0).fit(features("valid"), labels)
    probabilities, _ = said(ensemble)
    assert probabilities == pytest.approx(expected.predict_proba(features("test")), abs=1e-9)
    assert ensemble.mark() == "out-of-fold"
    assert Conductor(ensemble).verify().largest_difference == 0
    assert what_if(ensemble).forecast.tolist() == table.drop_nulls("ensemble")["ensemble"].to_list()


def test_a_class_that_nothing_was_fitted_on_gets_no_probability(project):
    for model in project.models():
        kept = model.forecasts("out_of_fold")
        truth = rendered(project, "voting").table().filter(pl.col("truth") == 1).select("id", digit="step")
        fewer = kept.join(truth.filter(pl.col("digit") != 4), on="id", how="semi").sort("id", "step")
        ids, values = (fewer[name].to_numpy().reshape(-1, 10) for name in ("id", "value"))
        model.save_forecasts("out_of_fold", ids, values)
    probabilities, _ = said(rendered(project, "stacking", "GaussianNB"))
    assert (probabilities[:, 3] == 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(1.0)


def test_two_classes_told_by_one_probability(of_two):
    ensemble = rendered(of_two, "stacking", "LogisticRegression")
    table = ensemble.table().filter(pl.col("part") == 2)
    assert table["ensemble"].is_between(0, 1).all()
    errors = ensemble.metrics()["test"]["ensemble"]
    truth, told = table["truth"].to_numpy(), table["ensemble"].to_numpy()
    assert errors["accuracy"] == accuracy_score(truth, told >= 0.5)
    assert errors["log_loss"] == pytest.approx(log_loss(truth, told))


def test_the_best_is_formed(project):
    ensemble = form(project, progress=False)
    assert {row["method"] for row in ensemble.formed["tried"]} == {"voting", "weighted_voting", "greedy", "stacking"}
    alone = min(row["error"] for row in ensemble.formed["tried"] if len(row["members"]) == 1)
    assert ensemble.formed["tried"][0]["error"] <= alone


def test_a_regressor_for_classes_and_a_classifier_for_values_are_refused(project, sunspots):
    with pytest.raises(
        InvalidInputError, match=r"probabilities of 10 classes; expected a classifier .* received Ridge"
    ):
        project.create_ensemble("stacking", "Ridge", models=project.models())
    values = Project(name="Sun", data_source=sunspots).save()
    model = values.create_research("r").create_model("m")
    with pytest.raises(InvalidInputError, match=r"LogisticRegression is a classifier, not a regressor"):
        values.create_ensemble("stacking", "LogisticRegression", models=[model])


def test_a_mixture_weighs_classifiers_by_the_inputs_of_the_sample(store):
    """Each of two members knows the class on one side only, and is sure of the wrong one on the other."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 2, 2))
    side, labels = X[:, 0, 1] > 0, generator.integers(0, 3, 400)
    data_set = DataSet.from_arrays(np.arange(400)[::-1], X, np.eye(3)[labels], np.repeat(["valid", "test"], 200), "x")
    research = Project(name="p", data_source=DataSource(name="none").save()).save().create_research("r")
    for name, knows in (("right", side), ("left", ~side)):
        model = research.create_model(name)
        model.data_set(data_set)
        probabilities = np.eye(3)[np.where(knows, labels, (labels + 1) % 3)] * 0.9 + 0.1 / 3
        for part, rows in (("valid", slice(0, 200)), ("test", slice(200, 400))):
            ids = np.repeat(np.arange(400)[::-1][rows, None], 3, axis=1)
            model.save_forecasts(part, ids, probabilities[rows])
    ensemble = rendered(research.project, "mixture_of_experts", fit_on="valid", parameters={"penalty": 1e-6})
    table = ensemble.table()
    weights = table.select(f"weight_{model.id}" for model in research.models()).to_numpy()
    assert weights.sum(axis=1) == pytest.approx(1, abs=1e-12)
    errors = ensemble.metrics()["test"]
    assert errors["ensemble"]["accuracy"] > 0.9 > 0.6 > errors["members"]["right"]["accuracy"]
    sums = table.group_by("id").agg(pl.col("ensemble").sum())["ensemble"].to_numpy()
    assert sums == pytest.approx(1, abs=1e-12)
    assert what_if(ensemble).forecast == pytest.approx(table["ensemble"].to_numpy())
    assert ensemble.result["fit"]["gate"]["lag"] == 4
    with pytest.raises(InvalidInputError, match="all inputs of a sample, which are 4; received gate_lag=3"):
        rendered(research.project, "mixture_of_experts", fit_on="valid", parameters={"gate_lag": 3})
    endirector.report(ensemble)


def of_samples(store, *inputs):
    """A project with a member for each array of inputs, of the first so many of 90 samples, that forecasts all of them."""
    generator = np.random.default_rng(2)
    y, part = generator.normal(size=90), np.repeat(PARTS, 30)
    research = Project(name="p", data_source=DataSource(name="none").save()).save().create_research("r")
    for number, X in enumerate(inputs):
        model = research.create_model(f"member {number}")
        rows = len(X)
        model.data_set(DataSet.from_arrays(np.arange(rows), X, y[:rows], part[:rows], f"x{number}", connector=store))
        for name in PARTS:
            ids = np.flatnonzero(part == name)
            model.save_forecasts(name, ids, y[ids] + generator.normal(size=30))
        model.save_forecasts("out_of_fold", np.arange(30, 60), y[30:60] + generator.normal(size=30))
    return research.project


def test_samples_that_only_some_sets_have_are_seen_all_the_same(store):
    X = np.random.default_rng(1).normal(size=(90, 2))
    project = of_samples(store, X[:40], X)
    ensemble = rendered(project, "mixture_of_experts", fit_on="valid")
    assert ensemble.alignment()["common"] == 90


def test_members_of_samples_with_other_inputs_are_formed_too(store):
    generator = np.random.default_rng(1)
    project = of_samples(store, generator.normal(size=(90, 3)), generator.normal(size=(90, 5)))
    assert form(project, progress=False).formed["tried"]


def test_members_of_other_targets_are_refused(project):
    research = project.create_research("Values")
    other = research.create_model("values")
    other.data_set(DataSet.from_arrays(np.arange(4), np.ones((4, 1)), np.arange(4.0), ["train"] * 4, "values"))
    with pytest.raises(
        InvalidInputError,
        match=r"must all forecast values or the same classes: .* forecasts 10 classes, .* forecasts values",
    ):
        project.create_ensemble("voting", models=[*project.models()[:1], other])


def test_samples_without_all_classes_are_refused(project):
    model = project.models()[0]
    kept = model.forecasts("out_of_fold").filter((pl.col("step") != 3) | (pl.col("id") > 305))
    model.save_forecasts(
        "out_of_fold",
        np.arange(306, 450)[:, None].repeat(10, axis=1),
        kept.filter(pl.col("id") > 305).sort("id", "step")["value"].to_numpy().reshape(-1, 10),
    )
    for other in project.models()[1:]:
        assert other.forecasts("out_of_fold").height == 1500
    assert rendered(project, "stacking", "GaussianNB").result["fitted_rows"] == 1440


def test_how_many_classes_a_set_has(store):
    def classes(y):
        y = np.asarray(y, float)
        return DataSet.from_arrays(np.arange(len(y)), np.ones((len(y), 1)), y, ["train"] * len(y), "s").classes

    assert classes([0, 1, 1]) == 2
    assert classes([1, 1, 1]) is None
    assert classes([0, 1, 2]) is None
    assert classes(np.eye(4)) == 4
    assert classes([[1, 1], [0, 1]]) is None
    assert enstorage.DataSet.count() == 5
