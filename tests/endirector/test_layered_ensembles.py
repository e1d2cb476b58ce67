"""Ensembles of ensembles: they meet by id as models do, and nothing that was fitted leaks into what is fitted on it."""

import numpy as np
import polars as pl
import pytest
from test_conductor import make_project, trained

import enstorage
import entrainer
from endirector import Conductor, what_if
from endirector.combination.cross_fit import STRETCHES, cross_fitted
from endirector.combination.gather import out_of_fold
from endirector.combination.recipe import recipe_of
from endirector.members.member import members_of
from enstorage import Connector, Ensemble, Model
from enstorage.bundle.import_bundle import import_bundle
from enstorage.errors import InUseError, InvalidInputError

LAGS = (3, 5, 8, 11)


def make():
    """A project with four models, and their forecasts out of fold."""
    project, preparation = make_project(Connector.current(), valid_part=0.2)
    research = project.create_research("Standard data", preparation)
    for lag in LAGS:
        trained(research, preparation, lag)
    entrainer.backtest(project.models(), progress=False)


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return enstorage.Project.get(1)


def rendered(project, method, members, **told):
    return Conductor(project.create_ensemble(method, models=members, **told)).render()


def test_the_mean_of_means_is_the_mean_of_its_members(project):
    first, second, third, fourth = project.models()
    pairs = [rendered(project, "voting", [first, second]), rendered(project, "voting", [third, fourth], name="deep")]
    both = rendered(project, "voting", pairs)
    flat = rendered(project, "voting", project.models())

    assert both.members() == pairs
    assert both.models() == project.models()
    assert both.weights() == {"voting": 0.5, "deep": 0.5}
    assert both.table()["ensemble"].to_numpy() == pytest.approx(flat.table()["ensemble"].to_numpy(), rel=1e-12)
    assert both.table().columns[6:8] == [f"member_ensemble_{pair.id}" for pair in pairs]
    assert set(both.lineage().records) >= {*pairs, *project.models()}


def test_a_model_and_an_ensemble_of_one_name_are_told_apart(project):
    inner = rendered(project, "voting", project.models()[:2], name="lag 11")
    outer = rendered(project, "voting", [inner, project.models()[3]])
    assert list(outer.weights()) == [f"lag 11 (ensemble {inner.id})", f"lag 11 ({project.models()[3].id})"]


def test_what_an_ensemble_says_out_of_fold_was_fitted_only_on_what_was_before(project):
    inner = rendered(project, "stacking", project.models()[:3], metamodel="LinearRegression")
    outer = rendered(project, "linear_stack", [inner, project.models()[3]])

    _, folds = out_of_fold(members_of(inner), recipe_of(inner))
    said = outer.table().drop_nulls(f"out_of_fold_ensemble_{inner.id}")
    times = np.unique(folds.keys["id"].to_numpy())
    first = times[len(times) // STRETCHES]
    assert said["id"].min() == first  # before it nothing could be fitted
    # The second stretch by hand: fitted on the first alone.
    from sklearn.linear_model import LinearRegression

    second = times[2 * len(times) // STRETCHES]
    table = inner.table().drop_nulls(f"out_of_fold_{inner.models()[0].id}")
    columns = [f"out_of_fold_{model.id}" for model in inner.models()]
    before, ahead = table.filter(pl.col("id") < first), said.filter(pl.col("id") < second)
    fitted = LinearRegression().fit(before.select(columns), before["truth"])
    expected = fitted.predict(table.filter(pl.col("id").is_in(ahead["id"].implode())).select(columns))
    assert ahead[f"out_of_fold_ensemble_{inner.id}"].to_numpy() == pytest.approx(expected, rel=1e-9)
    assert outer.mark() == "out-of-fold"


def test_later_truth_does_not_reach_earlier_rows(project):
    inner = rendered(project, "stacking", project.models(), metamodel="LinearRegression")
    recipe = recipe_of(inner)
    _, folds = out_of_fold(members_of(inner), recipe)
    usual = cross_fitted(recipe, folds)
    half = len(folds.truth) // 2
    other = folds.truth.copy()
    other[half:] += 1000
    planted = cross_fitted(recipe, type(folds)(folds.keys, folds.part, other, folds.rows))
    assert np.array_equal(planted[:half], usual[:half], equal_nan=True)
    assert not np.array_equal(planted[half:], usual[half:])


def test_an_ensemble_counts_as_trained_on_what_it_was_fitted_on(project):
    held_out = rendered(project, "weighted_voting", project.models()[:2], fit_on="valid")
    assert held_out.mark() == "held-out"
    again = rendered(project, "weighted_voting", [held_out, project.models()[2]], fit_on="valid")
    assert again.mark() == "in-sample"
    nothing_fitted = rendered(project, "voting", project.models()[:2], name="mean")
    assert (
        rendered(project, "weighted_voting", [nothing_fitted, project.models()[2]], fit_on="valid").mark() == "held-out"
    )


def test_three_layers(project):
    inner = rendered(project, "voting", project.models()[:2])
    middle = rendered(project, "weighted_voting", [inner, project.models()[2]], fit_on="valid")
    outer = rendered(project, "greedy", [middle, project.models()[3]])
    assert outer.models() == project.models()
    Conductor(outer).verify()


def test_an_ensemble_with_an_ensemble_inside_goes_whole_into_another_store(project, tmp_path):
    inner = rendered(project, "mixture_of_experts", project.models()[:3])
    outer = rendered(project, "linear_stack", [inner, project.models()[3]])
    there = Connector.in_folder(tmp_path / "there")
    taken = enstorage.DataSource(name="in the way", connector=there).save()
    foreign = enstorage.Project(name="in the way", data_source=taken, connector=there).save().create_research("r")
    mine = [foreign.create_model(f"m{number}") for number in range(3)]
    foreign.project.create_ensemble("voting", models=mine)

    path = enstorage.export_project(project, tmp_path / "sun.enz").path
    imported = import_bundle(path, there).project
    inner_there, outer_there = imported.ensembles()
    assert outer_there.members()[0] == inner_there
    assert inner_there.id != inner.id
    assert f"member_ensemble_{inner_there.id}" in outer_there.table().columns
    assert outer_there.weights() == outer.weights()
    Conductor(outer_there).verify()
    assert import_bundle(path, there).new == {}


def test_what_is_inside_another_ensemble_cannot_be_deleted_alone(project):
    inner = rendered(project, "voting", project.models()[:2])
    outer = rendered(project, "voting", [inner, project.models()[3]])
    with pytest.raises(InUseError, match="is in use by EnsembleItem"):
        inner.delete()
    assert outer in inner.delete(cascade=True)
    assert Ensemble.count() == 0
    assert Model.count() == len(LAGS)


def test_one_that_was_not_rendered_is_refused_by_name(project):
    inner = project.create_ensemble("voting", models=project.models()[:2], name="not yet")
    outer = project.create_ensemble("voting", models=[inner, project.models()[3]])
    with pytest.raises(InvalidInputError, match=r"not yet among the members was not rendered yet.* Render it first"):
        Conductor(outer).render()


def test_what_if_takes_layers_too(project):
    inner = rendered(project, "voting", project.models()[:2], name="mean")
    outer = rendered(project, "voting", [inner, *project.models()[2:]])
    without = what_if(outer, without=["mean"])
    expected = outer.table().select(f"member_{model.id}" for model in project.models()[2:]).mean_horizontal()
    assert without.forecast == pytest.approx(expected.to_numpy())
