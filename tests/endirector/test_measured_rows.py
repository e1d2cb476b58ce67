"""Only what was measured counts: values that a preparation filled enter no error, weight, interval, choice or diagnosis."""

import numpy as np
import polars as pl
import pytest

import endirector
from endirector import Conductor
from enstorage import DataSource, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from enstorage.preparation import PARTS
from enstorage.preparation.split import Part

# Every way to fill gaps but the one that drops rows, by which the parts would be others.
CLEANINGS = ("forward", "backward", "linear", "mean", "median", "constant(0)", "constant(1000000)", "seasonal(7)")
METHODS = (
    ("weighted_voting", None, "valid"),
    ("blending", "LinearRegression", "train"),
    ("stacking", "Ridge", None),
    ("greedy", None, None),
)
DAYS = 100
GAPS = [5, 6, 17, 30, 52, 53, 64, 75, 82, 83, 84, 90]


def daily(count):
    return np.datetime64("2024-01-01") + np.arange(count)


def values_of(count):
    """A made-up load with a week."""
    random = np.random.default_rng(7)
    return 50 + 10 * np.sin(np.arange(count) * 2 * np.pi / 7) + random.normal(0, 2, count)


def make_project(values, clean, measured, train=0.5, valid=0.2, **period):
    source = DataSource(name="Load", time_interval="1d", **period).save()
    source.write(daily(len(values))[measured], values[measured])
    preparation = source.create_snapshot(whole_period=True).create_preparation(clean, "none", train, valid)
    return Project(name="Load", data_source=source).save(), preparation


def uploaded(research, preparation, forecast, name, folds=None):
    """A model of forecasts for all rows, measured or not; some of them also out of fold."""
    model, table = research.create_model(name), preparation.table()
    for part in PARTS:
        rows = table["part"].to_numpy() == Part.of(part)
        if rows.any():
            model.save_forecasts(part, table["time"].to_numpy()[rows], forecast[rows])
    if folds is not None:
        model.save_forecasts("out_of_fold", table["time"].to_numpy()[folds], forecast[folds] + 0.5)
    return model


def test_a_member_that_is_right_wherever_it_was_measured_has_no_error(store):
    """101 days alternate between 0 and 10; of the test part the zeros alone are known, and the others filled by the mean."""
    days = np.arange(101)
    values = np.where(days % 2 == 0, 0.0, 10.0)
    measured = (days < 71) | (values == 0)
    project, preparation = make_project(values, "mean", measured, train=0.7, valid=0.0)
    zero = uploaded(project.create_research("r", preparation), preparation, np.zeros(101), "zero")
    ensemble = Conductor(project.create_ensemble("voting", models=[zero])).render()
    assert ensemble.metrics()["test"]["ensemble"]["rmse"] == 0
    assert ensemble.metrics()["test"]["ensemble"]["rows"] == 15
    assert ensemble.alignment() == {"common": 86, "lost": {"zero": 0}, "not_measured": 15}


def test_rows_that_were_invented_after_the_last_measured_one_have_no_weight(store):
    """The error and the weights are those of the measured rows, as pandas and hand computation give them."""
    truth = values_of(40)
    measured = np.arange(40) < 30
    random = np.random.default_rng(2)
    one, other = (truth + random.normal(0, scale, 40) for scale in (1, 3))
    project, preparation = make_project(truth, "forward", measured, 0.5, 0.2, time_to="2024-02-10")
    assert preparation.rows == 40
    research = project.create_research("r", preparation)
    models = [uploaded(research, preparation, values, name) for name, values in (("one", one), ("other", other))]
    ensemble = Conductor(project.create_ensemble("weighted_voting", models=models, fit_on="valid")).render()
    valid, test = slice(20, 28), slice(28, 30)  # the rows from 30 on were filled
    apart = (one - other)[valid]
    weight = -(apart @ (other - truth)[valid]) / (apart @ apart)  # least squares; it lies between 0 and 1
    assert ensemble.weights()["one"] == pytest.approx(weight, abs=1e-9)
    rmse = ((one[test] - truth[test]) ** 2).mean() ** 0.5
    assert ensemble.metrics()["test"]["members"]["one"]["rmse"] == pytest.approx(rmse)
    assert ensemble.table().height == 30


def test_the_coverage_of_an_interval_is_that_of_measured_rows(store):
    """The filled test rows equal the forecast, and would all be inside."""
    random = np.random.default_rng(4)
    truth = random.normal(0, 1, 101)
    truth[71:] *= 5
    measured = (np.arange(101) < 71) | (np.arange(101) % 5 == 0)
    project, preparation = make_project(truth, "constant(0)", measured, 0.4, 0.3)
    model = uploaded(project.create_research("r", preparation), preparation, np.zeros(101), "zero")
    ensemble = Conductor(project.create_ensemble("voting", models=[model])).render()
    found = endirector.calibrate(ensemble, [0.8], progress=False).row(0, named=True)
    known = np.sort(truth[40:70])
    low, high = known[int(np.floor(31 * 0.1)) - 1], known[int(np.ceil(31 * 0.9)) - 1]
    test = truth[70:][measured[70:]]
    assert (found["width"], found["rows"], found["test_rows"]) == (pytest.approx(high - low), 30, len(test))
    assert found["coverage"] == pytest.approx(((low <= test) & (test <= high)).mean())
    assert found["coverage"] < 0.5  # with the filled rows it was above 0.8


def consumed(clean, methods=METHODS, formed=True):
    """Everything that is made of the truth: by every way that uses it."""
    truth = values_of(DAYS)
    project, preparation = make_project(truth, clean, ~np.isin(np.arange(DAYS), GAPS))
    assert preparation.state["filled_rows"] == len(GAPS)
    research, random = project.create_research("r", preparation), np.random.default_rng(5)
    models = [
        uploaded(research, preparation, truth + random.normal(bias, scale, DAYS), name, np.arange(20, 70))
        for name, bias, scale in (("one", 0, 2), ("two", 1, 3), ("three", -2, 1))
    ]
    found = {}
    for method, metamodel, fit_on in methods:
        ensemble = project.create_ensemble(method, metamodel, models=models, fit_on=fit_on)
        Conductor(ensemble).render(progress=False)
        diagnosis = endirector.diagnose(ensemble, progress=False)
        diagnosis["suggestion"] = {key: diagnosis["suggestion"][key] for key in ("drop", "changes", "rows")}
        result = ensemble.rendered_result()
        found[method] = {
            "metrics": ensemble.metrics(),
            "fit": (result.fit, result.fitted_rows, ensemble.alignment()),
            "forecasts": ensemble.table().drop("series").rows(),
            "diagnosis": diagnosis,
            "intervals": endirector.calibrate(ensemble, [0.8], progress=False).to_dicts(),
            "what if": endirector.what_if(ensemble, without=["two"], method="voting").forecast.tolist(),
        }
    if formed:
        ensemble = endirector.form(project, models, progress=False)
        found["form"] = {"tried": ensemble.tried().to_dicts(), "metrics": ensemble.metrics()}
    return found


def assert_same(one, other):
    for consumer, value in one.items():
        for name in value:
            assert repr(value[name]) == repr(other[consumer][name]), (consumer, name)


def test_whatever_a_gap_is_filled_with_changes_nothing(store):
    """Neither near values nor absurd ones change errors, weights, diagnosis or intervals."""
    first, other = (consumed(clean, METHODS[:1], formed=False) for clean in ("linear", "constant(1000000)"))
    assert first["weighted_voting"]["fit"][2]["not_measured"] == len(GAPS)
    assert_same(first, other)


@pytest.mark.long
def test_no_way_to_fill_gaps_changes_what_any_method_makes(store):
    """Nor metamodels, out-of-fold fits and the search of `form`, for all ways to fill gaps."""
    first, *others = (consumed(clean) for clean in CLEANINGS)
    for other in others:
        assert_same(first, other)


def test_members_of_several_steps_are_measured_step_by_step(store):
    """A sample of which one step was filled keeps the others."""
    truth = values_of(60)
    gaps = [10, 33, 50]
    project, preparation = make_project(truth, "mean", ~np.isin(np.arange(60), gaps))
    model = project.create_research("r", preparation).create_model("two steps")
    data_set = preparation.create_set(Window(4, horizon=2))
    model.data_set(data_set)
    for part in PARTS:
        ids, values = data_set.targets(part)
        assert np.isnan(values).sum() == np.isnan(data_set.arrays(part)[2]).sum()
        model.save_forecasts(part, ids, np.full(values.shape, 50.0))
    ensemble = Conductor(project.create_ensemble("voting", models=[model])).render()
    table, at = ensemble.table(), preparation.table()["time"].to_numpy()[gaps]
    assert not table["id"].is_in(at).any()
    assert ensemble.alignment()["not_measured"] == 6  # three rows, each as the first and as the second step
    position = np.searchsorted(preparation.table()["time"].to_numpy(), table["id"].to_numpy())
    np.testing.assert_array_equal(table["truth"].to_numpy(), truth[position])
    assert table.height == data_set.rows * 2 - 6


def test_without_measured_targets_there_is_nothing_to_combine(store):
    project, preparation = make_project(values_of(40), "mean", np.arange(40) < 20, time_to="2024-02-10")
    model = project.create_research("r", preparation).create_model("late")
    late = preparation.table().filter(pl.col("part") == Part.TEST)["time"].to_numpy()
    model.save_forecasts("test", late, np.zeros(len(late)))
    with pytest.raises(InvalidInputError, match="have no common target that was measured"):
        Conductor(project.create_ensemble("voting", models=[model])).render()
