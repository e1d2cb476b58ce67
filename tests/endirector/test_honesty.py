"""No test row decides anything, and what flatters an error is said."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import enstorage
from commands import run_command
from enstorage.adapter import Window
from enstorage.errors import ImmutableError, InUseError, InvalidInputError, NotFoundError


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)


@pytest.fixture
def project(sunspots):
    return enstorage.Project(name="Sun", data_source=sunspots).save()


@pytest.fixture
def research(project, preparation):
    return project.create_research("Standard data", preparation)


def trained(research, preparation, lag, **window):
    model = research.create_model(f"lag {lag}")
    model.data_set(preparation.create_set(Window(lag, **window)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    return model


def test_fit_on_cannot_become_the_test_part_afterwards(project, research, preparation):
    ensemble = project.create_ensemble("blending", "Ridge", models=[trained(research, preparation, 2)])
    ensemble.fit_on = "test"
    with pytest.raises(InvalidInputError, match=r"fitted on 'test'; expected train or valid. Test rows decide nothing"):
        endirector.Conductor(ensemble).render()
    with pytest.raises(ImmutableError, match="cannot change its fit_on"):
        ensemble.save()
    assert enstorage.Ensemble.get(ensemble.id).result is None


def test_a_forecast_cannot_be_smuggled_into_the_train_part(research, preparation, census, store):
    model = research.create_model("uploaded")
    table = preparation.table()
    before = census(store)
    train_and_test = table.filter(table["part"] != 1)
    with pytest.raises(InvalidInputError, match=r"12 of the forecasts for 'train'.*'test', the first at 1728-01-01"):
        model.save_forecasts("train", train_and_test["time"].to_numpy(), train_and_test["value"].to_numpy())
    assert census(store) == before


def test_a_target_has_forecasts_for_one_part_only(project, census, store):
    model = project.create_research("No preparation").create_model("uploaded")
    model.save_forecasts("train", ["1800", "1801"], [1.0, 2.0])
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"1 of the forecasts for 'test'.*'train', the first at 1801-01-01"):
        model.save_forecasts("test", ["1801", "1802"], [1.0, 2.0])
    assert census(store) == before
    model.save_forecasts("train", ["1801", "1802"], [1.0, 2.0])


def test_after_a_random_split_nothing_is_held_out(project, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.25, 0.25, split="random")
    research = project.create_research("Shuffled", preparation)
    ensemble = project.create_ensemble(
        "blending", "Ridge", models=[trained(research, preparation, lag) for lag in (2, 3)]
    )
    endirector.Conductor(ensemble).render()
    assert ensemble.mark() == "in-sample"
    assert ensemble.result["leaks"] is True
    said, *_ = ensemble.warnings()
    assert said.startswith("Members could see later values (a random split")


def test_a_member_that_saw_test_rows_of_another_is_named(project, research, sunspots, preparation, tmp_path):
    more = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.8, 0.0, 0.2)
    early, late = trained(research, preparation, 2), trained(project.create_research("More", more), more, 3)
    ensemble = project.create_ensemble("voting", models=[early, late])
    endirector.Conductor(ensemble).render()
    assert ensemble.result["leaks"] is False
    assert list(ensemble.rendered_result().test_rows_trained_on.values()) == [0, 4]
    warning = "lag 3 was trained on 4 of the test rows: its error there is too low."
    assert warning in ensemble.warnings()
    assert warning in ensemble._repr_html_()
    shown = run_command("show", "ensemble", ensemble.id, "--store", tmp_path / "store")
    assert f"Warning: {warning}\n" in shown.output


def test_a_wrong_fact_about_training_is_refused(project, research, preparation):
    model = trained(research, preparation, 2)
    model.meta("trained_on", ["trane"])
    ensemble = project.create_ensemble("voting", models=[model])
    with pytest.raises(InvalidInputError, match=r"'trained_on' of Model\(1, 'lag 2'\) is \['trane'\]; expected a list"):
        endirector.Conductor(ensemble).render()


def test_several_steps_need_one_offset(project, research, preparation):
    models = [trained(research, preparation, 2, offset=offset, horizon=2) for offset in (1, 2)]
    ensemble = project.create_ensemble("voting", models=models)
    with pytest.raises(InvalidInputError, match=r"offsets lag 2 \(1\) 1, lag 2 \(2\) 2"):
        endirector.Conductor(ensemble).render()


def test_a_forecast_outside_the_domain_of_the_transform_costs_only_its_scaled_error(project, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "sqrt", 0.7, 0.0, 0.3)
    model = project.create_research("Roots", preparation).create_model("below zero")
    for code, part in ((0, "train"), (2, "test")):
        rows = preparation.table().filter(preparation.table()["part"] == code)
        model.save_forecasts(part, rows["time"].to_numpy(), -np.ones(rows.height))
    ensemble = project.create_ensemble("voting", models=[model])
    endirector.Conductor(ensemble).render()
    own = set(ensemble.metrics()["test"]["ensemble"])
    assert own >= {"mse", "rmse", "mae", "rows"}
    assert not [name for name in own if name.endswith("_scaled")]


def test_a_rendered_ensemble_goes_with_its_member_and_cannot_lose_one(project, research, preparation):
    models = [trained(research, preparation, lag) for lag in (2, 3)]
    ensemble = project.create_ensemble("voting", models=models)
    spare = project.create_ensemble("voting", models=models)
    spare.items()[0].delete()
    endirector.Conductor(ensemble).render()
    with pytest.raises(InUseError, match="was rendered with Model"):
        ensemble.items()[0].delete()
    taken = models[1].delete(cascade=True)
    assert {ensemble, spare} <= set(taken)
    with pytest.raises(NotFoundError):
        enstorage.Ensemble.get(ensemble.id)


@pytest.mark.parametrize(
    ("metamodel", "words"),
    [
        ("MultiOutputRegressor", "needs the parameter 'estimator'"),
        ("IsotonicRegression", "cannot be a metamodel: Isotonic regression input X should be a 1d array"),
        ("PLSCanonical", "upper bound is 1"),
    ],
)
def test_a_metamodel_that_could_not_be_fitted_is_refused_at_once(project, metamodel, words):
    with pytest.raises(InvalidInputError, match=words):
        project.create_ensemble("blending", metamodel)


@pytest.mark.parametrize(
    "metamodel", ["RandomForestRegressor", "MLPRegressor", "GaussianProcessRegressor", "PoissonRegressor"]
)
def test_other_metamodels_are_fitted_and_kept(project, research, preparation, metamodel):
    models = [trained(research, preparation, lag) for lag in (2, 3)]
    ensemble = project.create_ensemble("blending", metamodel, models=models)
    endirector.Conductor(ensemble).render()
    assert type(ensemble.load_metamodel()).__name__ == metamodel
