"""Mixture of experts: weights that depend on what went before the target, of sum 1 for every row."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import endirector
import enstorage
from endirector.combination.kept import stored_combination, stored_evidence
from endirector.methods.varying import mixture_of_experts
from endirector.methods.varying.mixture_of_experts import Gate, fit_gate
from enstorage.adapter import Window
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError

finite = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=25, deadline=None)
@given(
    arrays(float, (10, 2), elements=finite),
    arrays(float, (10, 3), elements=finite),
    arrays(float, 10, elements=finite),
)
def test_weights_sum_to_1_in_every_row_and_do_no_worse_than_the_plain_mean(window, forecasts, truth):
    gate, _ = fit_gate(window, forecasts, truth, 0.001)
    weights = gate.weights(np.vstack([window, 1000 * window]))  # also far from what it was fitted on
    assert (weights >= 0).all()
    assert np.abs(weights.sum(axis=1) - 1).max() < 1e-12
    loss = np.mean((np.sum(gate.weights(window) * forecasts, axis=1) - truth) ** 2)
    assert loss <= np.mean((forecasts.mean(axis=1) - truth) ** 2) * (1 + 1e-9) + 1e-9


def test_the_gate_learns_when_which_member_is_right():
    """The first member is right after a high value, the second after a low one; each is 10 off otherwise."""
    generator = np.random.default_rng(0)
    last = generator.choice([0.0, 1.0], size=200)
    truth = generator.normal(50, 5, size=200)
    forecasts = np.column_stack([truth + 10 * (last == 0), truth + 10 * (last == 1)])
    gate, found = fit_gate(last[:, None], forecasts, truth, 0.0001)
    high, low = gate.weights(np.array([[1.0], [0.0]]))
    assert high == pytest.approx([1, 0], abs=0.1)
    assert low == pytest.approx([0, 1], abs=0.1)
    assert found["converged"]


def test_one_member_has_all_the_weight_and_equal_members_share_it():
    truth = np.arange(6.0)
    window = truth[:, None]
    assert (fit_gate(window, truth[:, None] + 1, truth, 0.001)[0].weights(window) == 1).all()
    same = np.column_stack([truth + 1, truth + 1])
    assert fit_gate(window, same, truth, 0.001)[0].weights(window) == pytest.approx(np.full((6, 2), 0.5))
    assert fit_gate(window, np.column_stack([truth, truth]), truth, 0.0)[0].weights(window) == pytest.approx(0.5)


@pytest.fixture
def project(store):
    """A series that jumps between 10 and 20, and two uploaded models of which each knows one of the two levels."""
    generator = np.random.default_rng(3)
    values = np.where(generator.random(120) < 0.5, 10.0, 20.0)
    years = [str(year) for year in range(1800, 1920)]
    source = enstorage.DataSource(name="Jumps", time_interval="1y").save()
    source.write(years, values)
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.75, 0.0, 0.25)
    project = enstorage.Project(name="Jumps", data_source=source).save()
    research = project.create_research("Uploaded", preparation)
    before = np.append(10.0, values[:-1])
    for name, level in (("after low", 10.0), ("after high", 20.0)):
        model = research.create_model(name)
        own = values + 8 * (before != level)
        for part, rows in (("train", slice(0, 90)), ("test", slice(90, 120)), ("out_of_fold", slice(40, 90))):
            model.save_forecasts(part, years[rows], own[rows])
    return project


def test_an_ensemble_keeps_the_weights_of_every_row(project):
    models = project.models()
    ensemble = project.create_ensemble("mixture_of_experts", models=models, parameters={"gate_lag": 3})
    endirector.Conductor(ensemble).render()

    table = ensemble.table()
    weights = table.select([f"weight_{model.id}" for model in models]).to_numpy()
    forecasts = table.select([f"member_{model.id}" for model in models]).to_numpy()
    assert (weights >= 0).all()
    assert np.abs(weights.sum(axis=1) - 1).max() < 1e-12
    assert table["ensemble"].to_numpy() == pytest.approx((weights * forecasts).sum(axis=1))
    lost = {"after low": 3, "after high": 3}  # no three values before
    assert ensemble.alignment() == {"common": 117, "lost": lost, "not_measured": 0}
    assert (ensemble.mark(), ensemble.result["fitted_rows"]) == ("out-of-fold", 50)
    test = ensemble.metrics()["test"]
    assert test["ensemble"]["mse"] < 0.2 * min(member["mse"] for member in test["members"].values())
    with pytest.raises(NotFoundError, match="differ by row"):
        ensemble.weights()


def test_the_gate_sees_the_prepared_values_right_before_the_target(project):
    ensemble = project.create_ensemble("mixture_of_experts", models=project.models(), parameters={"gate_lag": 2})
    endirector.Conductor(ensemble).render()
    prepared = project.researches()[0].data_preparation.table()["prepared"].to_numpy()
    gate = ensemble.result["fit"]["gate"]
    windows = np.column_stack([prepared[38:88], prepared[39:89]])  # before the targets 40 … 89, oldest first
    assert gate["lag"] == 2
    assert gate["mean"] == pytest.approx(windows.mean(axis=0))
    assert gate["scale"] == pytest.approx(windows.std(axis=0))
    fitted = ensemble.table().filter("fitted")
    scores = (windows - gate["mean"]) / gate["scale"] @ np.array(gate["coefficients"]) + gate["intercepts"]
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    kept = fitted.select([f"weight_{model.id}" for model in project.models()]).to_numpy()
    assert kept == pytest.approx(expected)


def test_values_that_no_member_knew_yet_are_not_seen(project):
    """Members that forecast two years ahead know nothing of the year before the target; nor does the gate."""
    research = project.create_research("Two years ahead", project.researches()[0].data_preparation)
    preparation = research.data_preparation
    for lag in (3, 4):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag, offset=2)))
        for part in ("train", "test"):
            ids, truth = model.data_set().targets(part)
            model.save_forecasts(part, ids, truth + lag)
    models = research.models()
    ensemble = project.create_ensemble("mixture_of_experts", models=models, fit_on="train")
    endirector.Conductor(ensemble).render()
    fitted = ensemble.table().filter("fitted")
    times, prepared = preparation.table()["time"].to_list(), preparation.table()["prepared"].to_numpy()
    places = np.array([times.index(id) for id in fitted["id"]])
    expected = np.column_stack([prepared[places - back] for back in (5, 4, 3, 2)])
    assert ensemble.result["fit"]["gate"]["lag"] == 4
    assert ensemble.result["fit"]["gate"]["mean"] == pytest.approx(expected.mean(axis=0))
    assert ensemble.alignment()["common"] == 120 - 5


def test_shuffled_members_change_nothing_but_the_order(project):
    models = project.models()
    kept = []
    for members in (models, models[::-1]):
        ensemble = project.create_ensemble("mixture_of_experts", models=members, parameters={"gate_lag": 3})
        table = endirector.Conductor(ensemble).render().table()
        kept.append(table.select(pl.col("ensemble"), *[f"weight_{model.id}" for model in models]).to_numpy())
    assert kept[0] == pytest.approx(kept[1], abs=1e-5)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"gate_lag": 0}, "an integer from 1"), ({"penalty": -1}, "at least 0"), ({"penalty": "small"}, "at least 0")],
)
def test_parameters_that_make_no_sense_are_refused(project, parameters, words):
    with pytest.raises(InvalidInputError, match=words):
        project.create_ensemble("mixture_of_experts", parameters=parameters)


def test_a_gate_with_nothing_to_see_is_refused(project):
    without = project.create_ensemble("mixture_of_experts", models=project.models())
    with pytest.raises(InvalidInputError, match=r"No member has a lag.*parameters=\{'gate_lag': 12\}"):
        endirector.Conductor(without).render()
    long = project.create_ensemble("mixture_of_experts", models=project.models(), parameters={"gate_lag": 500})
    with pytest.raises(InvalidInputError, match="No common target has 500 prepared values before it"):
        endirector.Conductor(long).render()


def test_the_gate_is_the_one_that_is_kept_not_one_that_is_fitted_again(project, monkeypatch):
    ensemble = project.create_ensemble("mixture_of_experts", models=project.models(), parameters={"gate_lag": 3})
    table = endirector.Conductor(ensemble).render().table()
    monkeypatch.setattr(mixture_of_experts, "fit_gate", None)
    evidence, _ = stored_evidence(ensemble)
    assert stored_combination(ensemble).predict(evidence.rows).tolist() == table["ensemble"].to_list()


def test_a_gate_that_is_damaged_is_refused():
    with pytest.raises(CorruptError, match="the shapes of its parts do not match"):
        Gate.from_json({"mean": [0, 0], "scale": [1, 1], "coefficients": [[1, 2]], "intercepts": [0, 0]})
