"""Quantiles of members: combined level by level, never crossing, with weights of their own where that is asked for."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

import enstorage
from endirector import Conductor, what_if
from enstorage.errors import InvalidInputError, NotFoundError

LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture
def project(sunspots):
    """Three members that bring forecasts of quantiles: too narrow, about right, and shifted."""
    preparation = sunspots.create_snapshot().create_preparation("drop", "none", 0.7, 0.0, 0.3)
    table = preparation.table()
    times, truth, part = (table[name].to_numpy() for name in ("time", "value", "part"))
    project = enstorage.Project(name="Sun", data_source=sunspots).save()
    research = project.create_research("Uploaded", preparation)
    chance = np.random.default_rng(0)
    for name, width, shift in (("narrow", 2.0, 0.0), ("right", 20.0, 0.0), ("shifted", 20.0, 15.0)):
        model = research.create_model(name)
        centre = truth + chance.normal(0, 20, len(truth)) + shift
        for kept, rows in (("train", part == 0), ("out_of_fold", part == 0), ("test", part == 2)):
            said = {level: centre[rows] + width * norm.ppf(level) for level in LEVELS}
            model.save_forecasts(kept, times[rows], said[0.5], quantiles=said)
    return project


def rendered(project, method, **told):
    return Conductor(project.create_ensemble(method, models=project.models(), **told)).render()


def quantile(record, level, part="test"):
    rows = record.forecasts(part).filter(pl.col("quantile") == level).sort("id")
    return rows["value"].to_numpy()


def pinball(truth, said, level):
    return float(np.mean(np.maximum(level * (truth - said), (level - 1) * (truth - said))))


def test_votes_on_a_quantile_are_the_mean_of_the_members_quantiles(project):
    ensemble = rendered(project, "voting")
    for level in LEVELS:
        expected = np.mean([quantile(model, level) for model in project.models()], axis=0)
        assert quantile(ensemble, level) == pytest.approx(expected)
    assert Conductor(ensemble).verify().largest_difference == 0


def test_fitted_weights_are_those_of_the_point_forecast(project):
    ensemble = rendered(project, "weighted_voting", fit_on="out_of_fold")
    weights = list(ensemble.weights().values())
    expected = sum(weight * quantile(model, 0.9) for weight, model in zip(weights, project.models(), strict=True))
    assert quantile(ensemble, 0.9) == pytest.approx(expected)


def test_quantiles_do_not_cross(project):
    for told in ({"parameters": {"average": "median"}}, {}):
        ensemble = rendered(project, "voting", **told)
        low, middle, high = (quantile(ensemble, level) for level in LEVELS)
        assert (low <= middle).all()
        assert (middle <= high).all()


def test_a_metamodel_of_point_forecasts_says_nothing_of_quantiles(project):
    ensemble = Conductor(project.create_ensemble("stacking", "Ridge", models=project.models())).render()
    assert ensemble.forecasts()["quantile"].null_count() == ensemble.forecasts().height


def test_weights_for_each_quantile_have_the_least_pinball_loss(project):
    ensemble = rendered(project, "linear_stack", parameters={"weights_per": "quantile"})
    truth = ensemble.table().filter("fitted")["truth"].to_numpy()
    for level in LEVELS:
        said = np.column_stack([quantile(model, level, "out_of_fold") for model in project.models()])
        weights = np.array(list(ensemble.weights(quantile=level).values()))
        best = pinball(truth, said @ weights, level)
        for place in range(3):
            for change in (-0.01, 0.01):
                assert best <= pinball(truth, said @ (weights + change * np.eye(3)[place]), level) + 1e-12
        assert best <= min(pinball(truth, said[:, place], level) for place in range(3))
    assert list(ensemble.weights().values()) == list(ensemble.weights(quantile=0.5).values())
    assert Conductor(ensemble).verify().largest_difference == 0
    table = ensemble.table().drop_nulls("ensemble")
    assert what_if(ensemble).forecast.tolist() == table["ensemble"].to_list()


def test_an_unknown_level_tells_those_that_are_known(project):
    ensemble = rendered(project, "linear_stack", parameters={"weights_per": "quantile"})
    with pytest.raises(NotFoundError, match=r"has weights for the quantiles 0\.1, 0\.5, 0\.9"):
        ensemble.weights(quantile=0.3)


def test_members_without_common_quantiles_are_refused(project):
    model = project.models()[0]
    kept = model.forecasts("out_of_fold").filter(pl.col("quantile").is_null())
    model.save_forecasts("out_of_fold", kept["id"].to_numpy(), kept["value"].to_numpy())
    with pytest.raises(InvalidInputError, match=r"quantile level that all members forecast .* weights_per='step'"):
        rendered(project, "linear_stack", parameters={"weights_per": "quantile"})
