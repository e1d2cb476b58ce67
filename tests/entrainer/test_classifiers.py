"""Classifiers train on the labels that a set means, and forecast probabilities of all classes, or are refused."""

from dataclasses import replace
from inspect import signature

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.utils.discovery import all_estimators
from threadpoolctl import threadpool_limits

import enstorage
import entrainer
from enstorage.adapter import Bins, Window
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import estimator_output, fit_samples
from enstorage.estimators.refitting import Fitted, fit_again, refit_of
from enstorage.estimators.trial import try_fit

X = np.random.default_rng(0).uniform(1, 2, (60, 3))
LABELS = np.digitize(X.sum(axis=1), [4.2, 4.8])
TARGETS = {
    "one-hot classes": np.eye(3)[LABELS],
    "a class that has no train row": np.eye(4)[LABELS],
    "0/1 labels": (LABELS > 1).astype(np.float64),
}
WITHOUT_PROBABILITIES = {
    *("LinearSVC", "NuSVC", "PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier", "RidgeClassifierCV"),
    *("SGDClassifier", "SVC"),
}
#: They take several targets, or are made of others that have to be given.
MADE_OF_OTHERS = {
    *(
        "ClassifierChain",
        "FixedThresholdClassifier",
        "MultiOutputClassifier",
        "OneVsOneClassifier",
        "OneVsRestClassifier",
    ),
    *("OutputCodeClassifier", "SelfTrainingClassifier", "StackingClassifier", "TunedThresholdClassifierCV"),
    "VotingClassifier",
}


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(1):
        yield


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", TARGETS)
def test_every_classifier_of_scikit_learn_forecasts_probabilities_or_is_refused_before_training(what):
    y = TARGETS[what]
    for name, kind in all_estimators(type_filter="classifier"):
        if name in MADE_OF_OTHERS:
            continue
        few = {"n_estimators": 3, "max_iter": 10} if name != "LogisticRegressionCV" else {"Cs": 2, "cv": 2}
        classifier = kind(**{key: value for key, value in few.items() if key in signature(kind).parameters})
        if name in WITHOUT_PROBABILITIES:
            with pytest.raises(InvalidInputError, match=f"{name} forecasts no probabilities"):
                try_fit(classifier, X, y, allow_pickle=True)
            continue
        try_fit(classifier, X, y, allow_pickle=True)
        output = estimator_output(fit_samples(classifier, X, y), X, int(np.prod(y.shape[1:])))
        assert output.shape == y.shape
        assert ((output >= 0) & (output <= 1 + 1e-9)).all()
        if y.ndim == 2:
            np.testing.assert_allclose(output.sum(axis=1), 1, err_msg=name)
        is_hard = bool(((output == 0) | (output == 1)).all())
        assert not (is_hard and name in ("LogisticRegression", "RandomForestClassifier", "GaussianNB"))


def test_bins_are_forecast_by_their_probabilities(store):
    source = enstorage.DataSource(name="Load", time_interval="1d").save()
    source.write(np.arange(90).astype("datetime64[D]"), 60 + 30 * np.sin(np.arange(90) * 0.4))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    project = enstorage.Project(name="Load", data_source=source).save()
    research = project.create_research("bins", preparation)
    data_set = preparation.create_set(Bins(Window(4), (45.0, 75.0)))
    models = [
        research.create_model(type(each).__name__, each) for each in (LogisticRegression(), RandomForestClassifier(5))
    ]
    for model in models:
        model.data_set(data_set)
    entrainer.fit(models, progress=False)
    means = [values.mean() for values in _train_values(data_set)]
    for model in models:
        values = model.forecasts("test")["value"].to_numpy()
        assert len(np.unique(values)) > 3  # expected values of probabilities, not means of classes alone
        assert ((values >= min(means)) & (values <= max(means))).all()
    refused = research.create_model("without", SGDClassifier())
    refused.data_set(data_set)
    with pytest.raises(InvalidInputError, match=r"SGDClassifier forecasts no probabilities.*CalibratedClassifierCV"):
        entrainer.fit(refused, progress=False)


def _train_values(data_set):
    truth, classes = data_set.targets("train")[1], data_set.arrays("train")[2].argmax(axis=1)
    return [truth[classes == each] for each in range(3)]


def test_models_that_older_versions_have_stored_give_what_they_gave():
    hot, binary = TARGETS["one-hot classes"], TARGETS["0/1 labels"]
    forest = RandomForestClassifier(5, random_state=0).fit(X, hot)
    np.testing.assert_array_equal(estimator_output(forest, X, 3), forest.predict(X))
    logistic = LogisticRegression().fit(X, binary)
    np.testing.assert_array_equal(estimator_output(logistic, X, 1), logistic.predict(X))
    data = Fitted("0" * 64, X, binary, np.zeros(60, np.int8))
    old = HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(X, binary)
    refit = replace(refit_of(old, data), as_labels=False)
    np.testing.assert_array_equal(estimator_output(fit_again(refit, data, "it"), X, 1), old.predict(X))
