"""Forming where rows are few: fewer folds, steps and series without rows, no fold at all; each is said."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

import endirector
import enstorage
import entrainer
from commands import run_command
from endirector import Conductor, form
from endirector.combination.nearest_step import nearest_steps, remark_on_steps, with_nearest_step
from endirector.methods.base import Combination, Fitting, Rows
from endirector.selection.preference import compared, prefer_simple
from endirector.selection.search import Scored
from enstorage.adapter import Window

HORIZON, LAG = 18, 12


def project_of(months, lags=(LAG,), horizon=HORIZON):
    """A monthly series of which the last `horizon` months are the test part, and three models for each lag."""
    generator = np.random.default_rng(months)
    values = 100 + 10 * np.sin(np.arange(months) * np.pi / 6) + generator.normal(0, 3, months)
    times = np.datetime64("1970-01", "M") + np.arange(months)
    source = enstorage.DataSource(
        name=f"{months} months", time_from="1970-01-01", time_to=f"{times[-1] + 1}-01", time_interval="1mo"
    ).save()
    source.write(times.astype("datetime64[ns]"), values)
    test = horizon / months
    preparation = source.create_snapshot().create_preparation("drop", "standard", 1 - test, 0.0, test)
    project = enstorage.Project(name="Short", data_source=source).save()
    research = project.create_research("Various", preparation)
    for lag in lags:
        data_set = preparation.create_set(Window(lag, horizon=horizon))
        _, X, y = data_set.arrays("train")
        for name, estimator in (
            ("linear", LinearRegression()),
            ("ridge", Ridge(10)),
            ("neighbour", KNeighborsRegressor(1)),
        ):
            model = research.create_model(f"{name} {lag}")
            model.data_set(data_set)
            model.save_object(estimator.fit(X, y))
    return project


def test_a_short_series_is_formed_from_the_folds_that_there_are(store):
    ensemble = form(project_of(56), metric="mae", folds=10, progress=False)
    assert ensemble.search().rows > 0
    said = "There are out-of-fold forecasts from 8 of 10 origins: the rows outside the test part allow no more."
    assert said in ensemble.remarks()
    assert said in endirector.report(ensemble).html
    assert ensemble.forecasts("test").filter(pl.col("quantile").is_null())["step"].max() == HORIZON
    Conductor(ensemble).verify()


def test_steps_without_rows_take_the_weights_of_the_nearest(store):
    project = project_of(56)
    entrainer.backtest(project.models(), folds=4, progress=False)
    ensemble = Conductor(project.create_ensemble("linear_stack", models=project.models())).render()
    assert ensemble.remarks() == ["Steps 9–18 have no rows to fit on and take the weights of step 8, the nearest."]
    test = ensemble.forecasts("test").sort("step")
    members = [model.forecasts("test").sort("step")["value"].to_numpy() for model in project.models()]
    weights = [ensemble.weights(step=8)[model.name] for model in project.models()]
    assert test["value"].to_numpy()[8:] == pytest.approx(np.dot(weights, members)[8:])
    Conductor(ensemble).verify()


def test_one_origin_with_one_target_is_enough(store):
    ensemble = form(project_of(49), progress=False)
    assert ensemble.search().rows == 1
    assert ensemble.mark() == "held-out"
    assert any("All out-of-fold targets are of one time" in each for each in ensemble.remarks())
    assert {row["method"] for row in ensemble.tried().to_dicts()} == {"voting", "trimmed"}


@pytest.mark.parametrize(("lags", "average"), [((LAG,), "median"), ((10, LAG), "median")])
def test_without_a_fold_the_median_of_all_is_made(store, lags, average):
    project = project_of(48, lags)
    if len(lags) > 1:  # those of the smaller lag have rows for folds: they are judged, the others are left out
        ensemble = form(project, progress=False)
        assert {each.name for each in ensemble.search().candidates} == {"linear 10", "ridge 10", "neighbour 10"}
        assert all("too few rows for a fold" in reason for _, reason in ensemble.search().left_out)
        return
    ensemble = form(project, progress=False)
    assert (ensemble.method, ensemble.parameters) == ("voting", {"average": average})
    assert len(ensemble.models()) == 3
    assert ensemble.remarks() == [
        "No candidate has a row to be judged on: the ensemble is the median of all, and nothing was chosen or fitted."
    ]
    assert ensemble.tried()["selected"].to_list() == [True]
    page = endirector.report(ensemble).html
    assert "Nothing was chosen: there were no out-of-fold rows" in page
    Conductor(ensemble).verify()
    two = form(project, project.models()[:2], progress=False)
    assert two.parameters == {"average": "mean"}


def shown(folder, ensemble, *options):
    """What `enstorage show ensemble` prints."""
    done = run_command("show", "ensemble", str(ensemble.id), "--store", str(folder / "store"), *options)
    assert done.status == 0, done.errors
    return done.output


def test_remarks_are_shown_and_in_json(store, tmp_path):
    ensemble = form(project_of(48), progress=False)
    assert "Remark: No candidate has a row to be judged on" in " ".join(shown(tmp_path, ensemble).split())
    assert "No candidate has a row" in json.loads(shown(tmp_path, ensemble, "--json"))["remarks"][0]
    assert "No candidate has a row" in ensemble._repr_html_()


def test_an_ensemble_made_by_hand_has_no_remarks(store):
    project = project_of(80)
    assert project.create_ensemble("voting", models=project.models()).remarks() == []


def test_the_nearest_step_is_the_smaller_of_two():
    assert nearest_steps([1, 2, 3, 4, 5], [1, 3, 4]) == {2: 1, 5: 4}
    assert nearest_steps([1, 2], [1, 2, 3]) == {}


def test_a_combination_is_asked_for_known_steps_only():
    asked = []

    def predict(rows):
        asked.append(rows.step.tolist())
        return rows.forecasts[:, 0]

    combination = with_nearest_step(Combination(predict), np.array([2, 2, 5]))
    combination.predict(Rows(np.ones((4, 1)), np.array([1, 2, 4, 9], np.int32)))
    assert asked == [[2, 2, 5, 5]]


@pytest.mark.parametrize(
    ("steps", "fitted", "by_step", "remark"),
    [
        ([1, 2, 3], [1, 2, 3], True, None),
        ([1, 2, 3], [1, 2], True, "Step 3 has no rows to fit on and takes the weights of step 2, the nearest."),
        (
            [1, 2, 3, 4, 9],
            [1, 3],
            True,
            "Steps 2, 4 and 9 have no rows to fit on and take the weights of steps 1 and 3, the nearest.",
        ),
        ([1, 2, 3, 4], [1, 2], False, "Steps 3–4 have no rows to fit on and take the weights of steps 1–2."),
    ],
)
def test_borrowed_weights_in_words(steps, fitted, by_step, remark):
    assert remark_on_steps(np.array(steps), np.array(fitted), by_step=by_step) == remark


def scored(order, blocks):
    return Scored(order, (0, 1), float(np.mean(blocks)), 0.1)


def preferred(*blocks):
    """The preference among trials with these errors in blocks, of which the first is simple."""
    trials = [scored(order, own) for order, own in enumerate(blocks)]
    return prefer_simple(trials, lambda trial: trial.order == 0, lambda trial: np.array(blocks[trial.order]))


def test_a_mean_is_preferred_unless_another_is_clearly_better():
    found = preferred([10.0, 20.0, 30.0, 40.0], [8.0, 19.0, 28.0, 37.0])
    assert found.selected.order == 1
    assert found.comparison.difference == 2.0
    assert found.comparison.standard_error == pytest.approx(np.std([2, 1, 2, 3], ddof=1) / 2)
    found = preferred([10.0, 20.0, 30.0, 40.0], [20.0, 10.0, 40.0, 29.0])
    assert (found.selected.order, found.best.order) == (0, 1)
    assert found.comparison.blocks == 4


def test_one_block_proves_nothing():
    assert preferred([10.0], [1.0]).selected.order == 0
    assert np.isnan(compared(np.array([1.0]), np.array([10.0])).standard_error)
    assert prefer_simple([scored(0, [1.0])], lambda _: False, lambda _: np.ones(1)).selected.order == 0


def test_a_block_without_a_value_is_not_compared():
    assert compared(np.array([1.0, np.nan, 2.0]), np.array([2.0, 5.0, 4.0])).blocks == 2


def test_the_comparison_is_stored_and_said(store):
    ensemble = form(project_of(140, horizon=2), progress=False)
    search = ensemble.search()
    if search.comparison is None:
        assert search.selected == search.simple == 0
        return
    (remark,) = ensemble.remarks()
    assert remark.startswith(
        "It was preferred to means and medians"
        if search.comparison.is_clear
        else "A mean or median of members was preferred"
    )
    assert f"{search.comparison.blocks} blocks of rows" in remark
    assert search.selected == (0 if search.comparison.is_clear else search.simple)
    assert enstorage.Ensemble.get(ensemble.id).search() == search


def test_rows_of_a_step_fit_weights_of_that_step_only():
    """A fitted step is combined by its own weights, whatever other steps borrow."""
    from endirector.methods.weighted.linear_stack import LinearStack

    step = np.array([1, 1, 2, 2], np.int32)
    forecasts = np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    given = Fitting(Rows(forecasts, step), np.array([3.0, 4, 5, 6]))
    combination = with_nearest_step(LinearStack().fit(given), step)
    asked = Rows(np.ones((3, 2)), np.array([1, 2, 7], np.int32))
    assert combination.predict(asked) == pytest.approx([7.0, 11.0, 11.0])
