"""Forming: chosen on out-of-fold rows, everything that was tried is told, test rows decide nothing."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_pinball_loss

import endirector
import enstorage
import entrainer
from endirector import Choice, Conductor, form
from endirector.combination.cross_fit import STRETCHES
from endirector.selection.form import USUAL, method_in_words
from enstorage.adapter import Window
from enstorage.entity.forecast import Forecast
from enstorage.errors import InvalidInputError, NotFoundError
from entrainer import Training
from entrainer.networks import Estimator
from solar import make_sunspots


def make():
    """A project with four models, and their forecasts out of fold."""
    source = make_sunspots()
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.7, 0.0, 0.3)
    project = enstorage.Project(name="Sun", data_source=source).save()
    research = project.create_research("Various", preparation)
    for name, lag, estimator in (
        ("short", 1, LinearRegression()),
        ("middle", 5, LinearRegression()),
        ("long", 11, LinearRegression()),
        ("forest", 5, RandomForestRegressor(8, random_state=0)),
    ):
        model = research.create_model(name)
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(estimator.fit(X, y))
    entrainer.backtest(project.models(), progress=False)


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return enstorage.Project.get(1)


def test_the_best_is_made_rendered_and_told_with_all_that_was_tried(project):
    ensemble = form(project, progress=False)
    tried = ensemble.tried()
    assert tried.columns == ["method", "metamodel", "parameters", "members", "error", "standard_error", "selected"]
    assert tried["error"].is_sorted()
    assert set(tried["method"]) == {choice.method for choice in USUAL}
    (best,) = tried.filter("selected").to_dicts()
    assert (ensemble.method, ensemble.metamodel) == (best["method"], best["metamodel"])
    assert json.loads(best["parameters"]) == ensemble.parameters
    assert [model.name for model in ensemble.models()] == best["members"]
    assert ensemble.mark() in ("out-of-fold", "held-out")
    assert ensemble.name.startswith("formed: ")
    assert [each.name for each in ensemble.search().candidates] == ["short", "middle", "long", "forest"]
    assert enstorage.Ensemble.get(ensemble.id).tried().equals(tried)


def test_each_candidate_alone_is_among_what_was_tried(project):
    """So what is formed is never worse than the best one there, on the rows that are judged."""
    tried = form(project, progress=False).tried()
    alone = tried.filter(pl.col("members").list.len() == 1)
    assert alone.height >= 1
    assert tried["error"][0] <= alone["error"].min()


def test_what_is_judged_was_not_fitted_on(project):
    """The error of a stack by hand: on each stretch of time as fitted on those before."""
    ensemble = form(project, methods=[Choice("stacking", "LinearRegression")], progress=False)
    every = next(row for row in ensemble.formed["tried"] if len(row["members"]) == 4)
    tables = [
        model.forecasts("out_of_fold").select("id", pl.col("value").alias(model.name)) for model in project.models()
    ]
    common = tables[0]
    for table in tables[1:]:
        common = common.join(table, on="id")
    truth = project.researches()[0].data_preparation.table().select(pl.col("time").alias("id"), "value")
    common = common.join(truth, on="id").sort("id")
    X, y = common.drop("id", "value").to_numpy(), common["value"].to_numpy()
    stretch = np.arange(len(y)) * STRETCHES // len(y)
    losses = []
    for number in range(1, STRETCHES):
        fitted = LinearRegression().fit(X[stretch < number], y[stretch < number])
        losses.append((fitted.predict(X[stretch == number]) - y[stretch == number]) ** 2)
    assert every["error"] == pytest.approx(np.concatenate(losses).mean(), rel=1e-6)
    means = [loss.mean() for loss in losses]
    assert every["standard_error"] == pytest.approx(np.std(means, ddof=1) / 2, rel=1e-6)
    assert ensemble.formed["rows"] == (stretch > 0).sum()


def test_test_rows_decide_nothing(project):
    """With other truths in the test part the same is formed, to the last bit."""
    usual = form(project, progress=False)
    source = project.data_source
    times, _ = source.read()
    source.write(times[-10:], np.full(10, 1000.0))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.7, 0.0, 0.3)
    planted = enstorage.Project(name="Planted", data_source=source).save()
    research = planted.create_research("Various", preparation)
    for model in project.models():
        entrainer.predict(model)
        twin = research.create_model(model.name)
        for part in ("out_of_fold", "train"):
            kept = model.forecasts(part)
            twin.save_forecasts(part, kept["id"].to_numpy(), kept["value"].to_numpy())
    methods = [choice for choice in USUAL if choice.method != "mixture_of_experts"]
    again = form(planted, methods=methods, progress=False)
    told = [row for row in usual.formed["tried"] if row["method"] != "mixture_of_experts"]
    assert again.formed["tried"][: len(methods)] == told[: len(methods)]


def test_out_of_fold_forecasts_that_are_missing_are_made(project):
    research = project.researches()[0]
    model = research.create_model("fresh", Estimator("Ridge", {"alpha": 0.1}))
    model.data_set(research.data_preparation.create_set(Window(9)))
    entrainer.fit(model, Training(epochs=1), progress=False)
    foreign = research.create_model("uploaded")
    kept = project.models()[0].forecasts("out_of_fold")
    foreign.save_forecasts("train", kept["id"].to_numpy(), kept["value"].to_numpy())

    ensemble = form(project, methods=["voting"], progress=False)
    assert Forecast.of(model, "out_of_fold")
    assert "fresh" in [each.name for each in ensemble.search().candidates]
    assert {each.name: reason for each, reason in ensemble.search().left_out} == {
        "uploaded": "It has no out-of-fold forecasts, and cannot be trained again."
    }


def test_estimators_that_were_kept_as_objects_are_trained_again(project):
    preparation = project.researches()[0].data_preparation
    model = project.researches()[0].create_model("kept")
    model.data_set(preparation.create_set(Window(3)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    form(project, [model, project.models()[0]], ["voting"], progress=False)
    assert model.forecasts("out_of_fold").height > 10


def test_ensembles_are_candidates_too(project):
    first, second, third, _ = project.models()
    inner = Conductor(project.create_ensemble("voting", models=[first, second], name="inside")).render()
    ensemble = form(project, [inner, third], ["voting", "greedy"], progress=False)
    assert {each.name for each in ensemble.search().candidates} == {"inside", "long"}


def test_by_absolute_errors(project):
    squared, absolute = (form(project, metric=metric, progress=False) for metric in ("mse", "mae"))
    assert absolute.formed["metric"] == "mae"
    assert absolute.formed["tried"][0]["error"] < squared.formed["tried"][0]["error"] ** 0.5


@pytest.mark.parametrize("metric", ["rmse", "smape", "mase", "RMSSE"])
def test_the_trials_have_the_errors_of_the_metric(project, metric):
    """Recomputed by pandas from the out-of-fold forecasts of the members of each trial, and from the train rows."""
    methods = ["voting", Choice("voting", parameters={"average": "median"})]
    ensemble = form(project, methods=methods, metric=metric, progress=False)
    assert ensemble.formed["metric"] == metric.lower()
    search = ensemble.search()
    names = [candidate.name for candidate in search.candidates]
    models = {model.name: model for model in project.models()}
    folds = [models[name].forecasts("out_of_fold").select("id", pl.col("value").alias(name)) for name in names]
    table = models[names[0]].research.data_preparation.table()
    rows = table.select(id="time", truth="value")
    for each in folds:
        rows = rows.join(each, on="id", how="inner")
    rows = rows.sort("id").to_pandas()
    judged = rows[np.arange(len(rows)) * STRETCHES // len(rows) > 0]
    train = table.filter(pl.col("part") == 0)["value"].to_pandas()
    for trial in search.trials:
        members = judged[[names[place] for place in trial.members]]
        forecast = members.median(axis=1) if trial.parameters.get("average") == "median" else members.mean(axis=1)
        error = forecast - judged["truth"]
        expected = {
            "rmse": (error**2).mean() ** 0.5,
            "smape": (2 * error.abs() / (forecast.abs() + judged["truth"].abs())).mean(),
            "mase": error.abs().mean() / train.diff().abs().mean(),
            "rmsse": ((error**2).mean() / (train.diff() ** 2).mean()) ** 0.5,
        }
        assert trial.error == pytest.approx(expected[metric.lower()], rel=1e-9)


def quantiles_out_of_fold(project):
    """Each model gets three quantiles out of fold and in all parts; those of the forest are the widest."""
    for width, model in zip((2.0, 5.0, 9.0, 60.0), project.models(), strict=True):
        entrainer.predict(model)
        for part in ("train", "test", "out_of_fold"):
            own = model.forecasts(part).filter(pl.col("quantile").is_null())
            values = own["value"].to_numpy()
            quantiles = {0.1: values - width, 0.5: values, 0.9: values + width}
            model.save_forecasts(part, own["id"].to_numpy(), values, quantiles=quantiles)


def test_by_the_weighted_quantile_loss(project):
    quantiles_out_of_fold(project)
    ensemble = form(project, metric="wql", progress=False)
    search = ensemble.search()
    assert set(search.untried) == {"stacking Ridge", "linear_stack"}
    assert {trial.method for trial in search.trials} >= {"voting", "weighted_voting", "greedy"}
    names = [candidate.name for candidate in search.candidates]
    single = {names[trial.members[0]]: trial.error for trial in search.trials if len(trial.members) == 1}
    rows = project.models()[0].research.data_preparation.table().select(id="time", truth="value")
    for model in project.models():
        own = model.forecasts("out_of_fold")
        for level in (0.1, 0.5, 0.9):
            quantile = own.filter(pl.col("quantile") == level).select(
                "id", pl.col("value").alias(f"{model.name} {level}")
            )
            rows = rows.join(quantile, on="id", how="inner")
    rows = rows.sort("id").to_pandas()
    judged = rows[np.arange(len(rows)) * STRETCHES // len(rows) > 0]
    for name, error in single.items():
        losses = [mean_pinball_loss(judged["truth"], judged[f"{name} {q}"], alpha=q) for q in (0.1, 0.5, 0.9)]
        assert error == pytest.approx(2 * np.mean(losses) / judged["truth"].abs().mean(), rel=1e-9)
    with pytest.raises(InvalidInputError, match="WQL is of quantiles, which stacking Ridge does not combine"):
        form(project, methods=["voting", Choice("stacking", "Ridge")], metric="wql", progress=False)


def test_by_the_coverage_the_distance_from_the_level_is_the_error(project):
    quantiles_out_of_fold(project)
    ensemble = form(project, metric="coverage_0.8", progress=False)
    search = ensemble.search()
    assert search.metric == "coverage_0.8"
    names = [candidate.name for candidate in search.candidates]
    single = {names[trial.members[0]]: trial.error for trial in search.trials if len(trial.members) == 1}
    rows = project.models()[0].research.data_preparation.table().select(id="time", truth="value")
    for width, model in zip((2.0, 5.0, 9.0, 60.0), project.models(), strict=True):
        own = model.forecasts("out_of_fold").filter(pl.col("quantile").is_null()).select("id", value="value")
        judged = rows.join(own, on="id").sort("id").to_pandas()
        judged = judged[np.arange(len(judged)) * STRETCHES // len(judged) > 0]
        inside = ((judged["truth"] - judged["value"]).abs() <= width).mean()
        if model.name in single:
            assert single[model.name] == pytest.approx(abs(inside - 0.8), abs=1e-9)
    # The widest intervals hold every true value, and are not the best for that.
    assert search.trials[0].error <= min(single.values()) < 0.2
    with pytest.raises(InvalidInputError, match=r"No target has an interval of the level 0\.95"):
        form(project, metric="coverage_0.95", progress=False)
    with pytest.raises(InvalidInputError, match=r"There is no metric 'width_0\.8'"):
        form(project, metric="width_0.8", progress=False)
    assert "distance of coverage 0.8 from the level" in endirector.report(ensemble, progress=False).html


def test_a_metric_without_a_value_is_refused_with_the_reason(project, store, census):
    before = census(store)
    for metric, reason in (
        ("wql", "WQL has no value on the out-of-fold rows that all candidates have: No quantiles were forecast"),
        ("log_loss", "log loss has no value on the out-of-fold rows: The forecasts are not probabilities"),
    ):
        with pytest.raises(InvalidInputError, match=reason):
            form(project, metric=metric, progress=False)
        assert census(store) == before


def test_what_a_person_made_was_not_formed(project):
    with pytest.raises(NotFoundError, match="was not selected by a search"):
        project.create_ensemble("voting", models=project.models()).tried()


def test_nonsense_is_refused_and_nothing_is_kept(project, store, census):
    before = census(store)
    lonely = enstorage.Project(name="Empty", data_source=project.data_source).save()
    lonely.create_research("r").create_model("nothing")
    before = census(store)
    for refused, expected in (
        (
            lambda: form(project, metric="msse"),
            "There is no metric 'msse'; expected one of mse, rmse, mae, mape, smape,",
        ),
        (lambda: form(project, methods=[]), "There is no method to try"),
        (lambda: form(project, methods=["telepathy"]), "telepathy"),
        (
            lambda: form(lonely, progress=False),
            "None of the candidates nothing has out-of-fold forecasts, or can be trained again",
        ),
    ):
        with pytest.raises(InvalidInputError, match=expected):
            refused()
        assert census(store) == before


def test_what_was_tried_is_told_apart_by_its_parameters(project):
    methods = ["voting", Choice("voting", parameters={"average": "median"}), Choice("greedy", parameters={"rounds": 7})]
    ensemble = form(project, project.models()[:2], methods, progress=False)
    told = {method_in_words(row["method"], row["metamodel"], row["parameters"]) for row in ensemble.formed["tried"]}
    assert told == {"voting", "voting (median)", "greedy (rounds 7)"}
    assert method_in_words("stacking", "Ridge", {"metamodel": {"alpha": 2}}) == "stacking Ridge"
    report = endirector.report(ensemble).html
    assert "voting (median)" in report
    assert (
        method_in_words("of a package that is not here", "Ridge", {"a": 1})
        == "of a package that is not here Ridge (a 1)"
    )
