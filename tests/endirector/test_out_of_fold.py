"""Fitting on out-of-fold forecasts: each row was forecast by a model that was trained on its past alone."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import enstorage
import entrainer
from endirector.methods.weighted.greedy import select
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError


def member(research, preparation, lag, **window):
    model = research.create_model(f"lag {lag}")
    model.data_set(preparation.create_set(Window(lag, **window)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    return model


@pytest.fixture
def project(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0.0, 0.3)
    project = enstorage.Project(name="Sun", data_source=sunspots).save()
    research = project.create_research("Linear", preparation)
    for lag in (2, 3, 4):
        member(research, preparation, lag)
    return project


def rendered(project, method, metamodel=None, models=None, **options):
    ensemble = project.create_ensemble(method, metamodel, models=models or project.models(), **options)
    return endirector.Conductor(ensemble).render()


def out_of_fold(models):
    """Truth and forecasts of the out-of-fold targets that the models share."""
    tables = [model.forecasts("out_of_fold").select("id", pl.col("value").alias(str(model.id))) for model in models]
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.join(table, on="id")
    joined = joined.sort("id")
    times, values = models[0].research.project.data_source.read()
    truth = dict(zip(times.tolist(), values.tolist(), strict=True))
    return np.array([truth[id] for id in joined["id"]]), joined.drop("id").to_numpy(), joined["id"].to_list()


def test_stacking_is_the_metamodel_of_the_truth_on_out_of_fold_forecasts(project):
    models = project.models()
    entrainer.backtest(models, folds=3, progress=False)
    ensemble = rendered(project, "stacking", "LinearRegression")

    truth, forecasts, ids = out_of_fold(models)
    expected = LinearRegression().fit(forecasts, truth)
    assert list(ensemble.weights().values()) == pytest.approx(expected.coef_)
    assert ensemble.mark() == "out-of-fold"
    assert (ensemble.result["fit_on"], ensemble.result["fitted_rows"]) == ("out_of_fold", len(ids))
    table = ensemble.table()
    members = [f"member_{model.id}" for model in models]
    assert table["ensemble"].to_numpy() == pytest.approx(expected.predict(table.select(members).to_numpy()))
    assert set(table["part"]) == {0, 2}  # forecasts of all parts, by the members' ordinary forecasts


def test_the_table_keeps_what_was_fitted_on(project):
    """So the weights can be found again from the table alone."""
    models = project.models()
    entrainer.backtest(models, folds=3, progress=False)
    ensemble = rendered(project, "greedy")
    fitted = ensemble.table().filter("fitted")
    columns = [f"out_of_fold_{model.id}" for model in models]
    taken, losses = select(fitted.select(columns).to_numpy(), fitted["truth"].to_numpy(), 100)
    assert ensemble.result["fit"] == {"taken": taken, "losses": pytest.approx(losses)}
    assert list(ensemble.weights().values()) == pytest.approx(np.bincount(taken, minlength=3) / len(taken))
    assert (fitted["part"] == 0).all()


def test_blending_and_weights_take_out_of_fold_rows_too(project):
    entrainer.backtest(project.models(), folds=3, progress=False)
    assert rendered(project, "weighted_voting", fit_on="out_of_fold").mark() == "out-of-fold"
    assert rendered(project, "greedy", fit_on="train").mark() == "in-sample"


def test_members_that_bring_none_are_named_with_what_to_do(project, census, store):
    models = project.models()
    entrainer.backtest(models[0], folds=3, progress=False)
    ensemble = project.create_ensemble("greedy", models=models)
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"lag 3, lag 4 have none\. Make them .* entrainer\.backtest"):
        endirector.Conductor(ensemble).render()
    assert census(store) == before


def test_only_rows_that_all_have_out_of_fold_are_fitted_on(project, sunspots):
    """The second member is tested on fewer rows, and brings out-of-fold forecasts of rows that the first is tested on."""
    early = project.models()[0]
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.9, 0.0, 0.1)
    late = member(project.create_research("More", preparation), preparation, 3)
    times, values = sunspots.read()
    early.save_forecasts("out_of_fold", times[20:26], values[20:26])
    late.save_forecasts("out_of_fold", times[20:34], values[20:34])
    assert rendered(project, "greedy", models=[early, late]).result["fitted_rows"] == 6


def test_out_of_fold_forecasts_of_test_rows_are_refused(project, sunspots, census, store):
    """Nothing was known of the parts of an uploaded model when it brought them; later they turn out to be test rows."""
    times, values = sunspots.read()
    research = project.create_research("Of a colleague")
    uploaded = research.create_model("uploaded")
    uploaded.save_forecasts("out_of_fold", times[20:34], values[20:34])
    research.use(project.researches()[0].data_preparation)
    research.save()
    uploaded.save_forecasts("test", times[28:], values[28:])
    ensemble = project.create_ensemble("greedy", models=[uploaded])
    before = census(store)
    with pytest.raises(
        InvalidInputError, match=r"6 of the common out-of-fold targets are test rows of uploaded, .*1728"
    ):
        endirector.Conductor(ensemble).render()
    assert census(store) == before


def test_targets_that_are_only_out_of_fold_get_a_row_of_their_own(project, sunspots):
    """Two uploaded models have forecasts of the test part and out of fold, and none of the train part."""
    research, (times, values) = project.researches()[0], sunspots.read()
    models = [research.create_model(name) for name in ("one", "other")]
    for model, error in zip(models, (1.0, -3.0), strict=True):
        model.save_forecasts("out_of_fold", times[10:20], values[10:20] + error)
        model.save_forecasts("test", times[-5:], values[-5:] + error)
    ensemble = rendered(project, "weighted_voting", models=models, fit_on="out_of_fold")
    assert ensemble.weights() == pytest.approx({"one": 0.75, "other": 0.25})
    assert ensemble.alignment() == {"common": 5, "lost": {"one": 0, "other": 0}, "not_measured": 0}
    table = ensemble.table()
    assert table.height == 15
    assert table.filter("fitted")["ensemble"].null_count() == 10
    assert table.filter(~pl.col("fitted"))["ensemble"].to_list() == pytest.approx(values[-5:].tolist())


@pytest.mark.parametrize(("method", "metamodel"), [("greedy", None), ("stacking", "Ridge"), ("weighted_voting", None)])
def test_shuffled_members_change_nothing_but_the_order(project, method, metamodel):
    models = project.models()
    entrainer.backtest(models, folds=3, progress=False)
    one = rendered(project, method, metamodel, fit_on="out_of_fold")
    other = rendered(project, method, metamodel, [models[2], models[0], models[1]], fit_on="out_of_fold")
    assert other.weights() == pytest.approx(one.weights(), abs=1e-9)
    assert other.forecasts()["value"].to_list() == pytest.approx(one.forecasts()["value"].to_list())


def test_a_bundle_takes_the_out_of_fold_columns_along(project, tmp_path):
    entrainer.backtest(project.models(), folds=3, progress=False)
    ensemble = rendered(project, "greedy")
    enstorage.export_project(project, tmp_path / "sun.enz")
    with enstorage.Connector.in_folder(tmp_path / "other") as other:
        source = enstorage.DataSource(name="mine").save()
        enstorage.Project(name="mine", data_source=source).save().create_research("mine").create_model("mine")
        enstorage.import_bundle(tmp_path / "sun.enz", other)
        (there,) = enstorage.Ensemble.get_list()
        ids = [model.id for model in there.models()]
        assert ids != [model.id for model in project.models()]
        assert [name for name in there.table().columns if name.startswith("out_of_fold_")] == [
            f"out_of_fold_{id}" for id in ids
        ]
        assert there.parameters == ensemble.parameters
