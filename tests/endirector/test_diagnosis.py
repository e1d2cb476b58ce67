"""Diagnosis: what each member is worth to an ensemble, found from what is stored."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import enstorage
from endirector.selection.diversity import decompose, error_correlations
from endirector.selection.pruning import compare_errors, prune
from enstorage.errors import CorruptError, NotFoundError

ROWS = 400
NAMES = ("good", "fair", "biased", "noisy")


def make_members(*, valid=0.2, out_of_fold=False, truth=None, seed=0):
    """A project whose members are forecasts alone: two of some use, one with a bias, one that is nearly all noise."""
    generator = np.random.default_rng(seed)
    truth = np.cumsum(generator.normal(size=ROWS)) if truth is None else truth
    source = enstorage.DataSource(name="Walk", time_interval="1h", unit="steps").save()
    ids = np.arange(ROWS) * 3_600 * 10**9
    source.write(ids, truth)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.7 - valid, valid, 0.3)
    project = enstorage.Project(name="Walk", data_source=source).save()
    research = project.create_research("Forecasts", preparation)
    noise = np.random.default_rng(seed + 1).normal(size=(4, ROWS))
    forecasts = truth + np.array([0.8 * noise[0], noise[1], 2 + 0.5 * noise[2] + 0.5 * noise[0], 9 * noise[3]])
    edges = np.round(np.cumsum([0, 0.7 - valid, valid, 0.3]) * ROWS).astype(int)
    for name, own in zip(NAMES, forecasts, strict=True):
        model = research.create_model(name)
        for part, first, last in zip(("train", "valid", "test"), edges[:-1], edges[1:], strict=True):
            if last > first:
                model.save_forecasts(part, ids[first:last], own[first:last])
        if out_of_fold:
            model.save_forecasts("out_of_fold", ids[100 : edges[1]], own[100 : edges[1]] + 0.1)
    return project


def rendered(project, method="voting", metamodel=None, **options):
    ensemble = project.create_ensemble(method, metamodel, models=project.models(), **options)
    return endirector.Conductor(ensemble).render()


def arrays(ensemble, code, prefix="member_"):
    table = ensemble.table().filter(pl.col("part") == code)
    columns = [name for name in table.columns if name.startswith(prefix)]
    return table.select(columns).to_numpy(), table["truth"].to_numpy(), table["ensemble"].to_numpy()


def test_a_diagnosis_is_stored_and_read_until_the_ensemble_is_rendered_again(store):
    ensemble = rendered(make_members())
    with pytest.raises(NotFoundError, match=r"endirector\.diagnose\(ensemble\)"):
        ensemble.diagnosis()
    found = endirector.diagnose(ensemble)
    assert enstorage.Ensemble.get(ensemble.id).diagnosis() == found == ensemble.diagnosis()
    assert found["members"] == list(NAMES)
    assert {part: own["rows"] for part, own in found["parts"].items()} == {"train": 200, "valid": 80, "test": 120}
    items = enstorage.Ensemble.get(ensemble.id).items()
    assert items[0].properties["leave_one_out"] == {
        part: own["leave_one_out"]["good"]["change"] for part, own in found["parts"].items()
    }
    assert endirector.Conductor(ensemble).verify().demanded == "equal bits"
    endirector.Conductor(ensemble).render()
    with pytest.raises(NotFoundError):
        ensemble.diagnosis()


def test_no_model_is_needed(store):
    """The members here have no objects at all, and a diagnosis opens none."""
    ensemble = rendered(make_members(), "weighted_voting")
    assert all(model.object_sha256 is None for model in ensemble.models())
    json.dumps(endirector.diagnose(ensemble), allow_nan=False)


def test_error_correlations_are_those_of_numpy(store):
    found = endirector.diagnose(rendered(make_members()))
    forecasts, truth, _ = arrays(enstorage.Ensemble.get(1), 2)
    expected = np.corrcoef((forecasts - truth[:, None]).T)
    assert np.array(found["parts"]["test"]["correlations"]) == pytest.approx(expected, abs=1e-6)


def test_a_constant_error_is_correlated_with_nothing():
    truth = np.random.default_rng(0).normal(size=30)
    forecasts = np.column_stack([truth + 0.1, truth, truth + truth**2, -truth])
    found = error_correlations(forecasts, truth)
    assert [row.count(None) for row in found] == [4, 4, 2, 2]
    assert found[2][2] == found[3][3] == 1.0


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("voting", {}),
        ("weighted_voting", {}),
        ("weighted_voting", {"weights": [0.5, 0.25, 0.25, 0]}),
        ("greedy", {}),
        ("mixture_of_experts", {"gate_lag": 3}),
    ],
)
def test_ensemble_error_is_mean_member_error_less_ambiguity(store, method, parameters):
    ensemble = rendered(make_members(), method, parameters=parameters, fit_on=None if method == "voting" else "valid")
    found = endirector.diagnose(ensemble)["parts"]["test"]
    forecasts, truth, told = arrays(ensemble, 2)
    weights, _, _ = arrays(ensemble, 2, "weight_")
    if not weights.shape[1]:
        weights = np.tile(list(ensemble.weights().values()), (len(truth), 1))
    ambiguity = np.mean(np.sum(weights * (forecasts - told[:, None]) ** 2, axis=1))
    members = np.mean(np.sum(weights * (forecasts - truth[:, None]) ** 2, axis=1))
    assert found["ambiguity"]["of"] == "ensemble"
    assert found["ambiguity"]["member_error"] == pytest.approx(members)
    assert found["ambiguity"]["ambiguity"] == pytest.approx(ambiguity)
    assert found["error"] == pytest.approx(np.mean((told - truth) ** 2), rel=1e-12)
    assert found["error"] == pytest.approx(members - ambiguity, rel=1e-9)


@pytest.mark.parametrize(
    ("method", "metamodel", "parameters"),
    [("voting", None, {"average": "median"}), ("blending", "LinearRegression", {}), ("linear_stack", None, {})],
)
def test_what_is_not_convex_has_the_decomposition_of_the_equal_mean(store, method, metamodel, parameters):
    fit_on = None if method == "voting" else "valid"
    ensemble = rendered(make_members(), method, metamodel, parameters=parameters, fit_on=fit_on)
    found = endirector.diagnose(ensemble)["parts"]["test"]["ambiguity"]
    forecasts, truth, _ = arrays(ensemble, 2)
    assert found["of"] == "equal mean"
    assert found["ensemble_error"] == pytest.approx(np.mean((forecasts.mean(axis=1) - truth) ** 2))
    assert found["ensemble_error"] == pytest.approx(found["member_error"] - found["ambiguity"], rel=1e-9)


def test_a_decomposition_that_does_not_hold_is_an_error():
    generator = np.random.default_rng(0)
    forecasts, truth = generator.normal(size=(50, 3)) + 1e6, generator.normal(size=50) + 1e6
    weights = np.array([0.2, 0.3, 0.5])
    combined = forecasts @ weights
    assert decompose(forecasts, truth, combined, weights).of == "ensemble"
    combined[7] += 1e-3
    with pytest.raises(CorruptError, match="not the weighted sums of its members"):
        decompose(forecasts, truth, combined, weights)


def test_leaving_out_is_a_new_fit_of_the_rest_on_the_same_rows(store):
    ensemble = rendered(make_members(), "blending", "LinearRegression")
    found = endirector.diagnose(ensemble)["parts"]["test"]["leave_one_out"]
    X, y, _ = arrays(ensemble, 1)
    forecasts, truth, told = arrays(ensemble, 2)
    for place, name in enumerate(NAMES):
        rest = [each for each in range(4) if each != place]
        again = LinearRegression().fit(X[:, rest], y).predict(forecasts[:, rest])
        error = np.mean((again - truth) ** 2)
        assert found[name]["error"] == pytest.approx(error)
        assert found[name]["change"] == pytest.approx(error - np.mean((told - truth) ** 2))


def test_weights_that_were_given_keep_their_proportions_when_one_is_left_out(store):
    ensemble = rendered(make_members(), "weighted_voting", parameters={"weights": [0.4, 0.2, 0.3, 0.1]})
    found = endirector.diagnose(ensemble)["parts"]["test"]["leave_one_out"]["noisy"]
    forecasts, truth, _ = arrays(ensemble, 2)
    again = forecasts[:, :3] @ (np.array([0.4, 0.2, 0.3]) / 0.9)
    assert found["error"] == pytest.approx(np.mean((again - truth) ** 2))


def test_out_of_fold_rows_decide_where_the_ensemble_was_fitted_on_them(store):
    found = endirector.diagnose(rendered(make_members(out_of_fold=True), "linear_stack"))
    assert set(found["parts"]) == {"train", "valid", "test", "out_of_fold"}
    assert found["parts"]["out_of_fold"]["rows"] == 100
    suggestion = found["suggestion"]
    assert (suggestion["decided_on"], suggestion["rows"], suggestion["trustworthy"]) == ("out_of_fold", 100, True)


def test_a_member_that_does_harm_is_suggested_to_be_dropped_and_then_the_error_falls(store):
    project = make_members()
    ensemble = rendered(project)
    suggestion = endirector.diagnose(ensemble)["suggestion"]
    assert (suggestion["drop"], suggestion["decided_on"], suggestion["trustworthy"]) == (["noisy"], "valid", True)
    assert suggestion["changes"]["noisy"]["upper_limit"] < 0 < suggestion["changes"]["good"]["upper_limit"]
    rest = [model for model in project.models() if model.name != "noisy"]
    better = endirector.Conductor(project.create_ensemble("voting", models=rest)).render()
    assert better.metrics()["test"]["ensemble"]["mse"] < ensemble.metrics()["test"]["ensemble"]["mse"]


def test_a_suggestion_from_rows_that_members_were_trained_on_is_not_trustworthy(store):
    suggestion = endirector.diagnose(rendered(make_members(valid=0.0)))["suggestion"]
    assert (suggestion["decided_on"], suggestion["trustworthy"]) == ("train", False)
    assert "members that overfit" in suggestion["reason"]


@pytest.mark.parametrize(("method", "metamodel"), [("voting", None), ("blending", "Ridge"), ("weighted_voting", None)])
def test_other_truths_of_the_test_part_change_no_bit_of_the_suggestion(tmp_path, method, metamodel):
    found = []
    truth = np.cumsum(np.random.default_rng(5).normal(size=ROWS))
    for number, planted in enumerate((truth, np.where(np.arange(ROWS) < 280, truth, 1000 * truth))):
        with enstorage.Connector.in_folder(tmp_path / str(number)):
            found.append(endirector.diagnose(rendered(make_members(truth=planted), method, metamodel)))
    assert json.dumps(found[0]["suggestion"]) == json.dumps(found[1]["suggestion"])
    assert found[0]["parts"]["test"] != found[1]["parts"]["test"]


def test_one_member_cannot_be_left_out(store):
    project = make_members()
    ensemble = endirector.Conductor(project.create_ensemble("voting", models=project.models()[:1])).render()
    found = endirector.diagnose(ensemble)
    assert found["parts"]["test"]["leave_one_out"] is None
    assert found["parts"]["test"]["ambiguity"]["ambiguity"] == 0
    assert (found["suggestion"]["drop"], found["suggestion"]["trustworthy"]) == ([], False)


def test_of_two_equal_members_one_stays():
    truth = np.random.default_rng(0).normal(size=300)
    noise = np.random.default_rng(1).normal(size=(300, 2))
    forecasts = truth[:, None] + noise[:, [0, 1, 1]]

    def best(places):
        """Weights by least squares do not need the twin."""
        return LinearRegression().fit(forecasts[:, places], truth).predict(forecasts[:, places]).round(9)

    drop, changes = prune(3, best, truth, np.arange(300), lags=0)
    assert drop == [2]
    assert changes[0].change > 0


def test_a_member_without_weight_can_go_whatever_rounding_makes_of_it(store):
    ensemble = rendered(make_members(), "weighted_voting", parameters={"weights": [0.1, 0.2, 0.7, 0.0]})
    found = endirector.diagnose(ensemble)
    assert found["parts"]["test"]["leave_one_out"]["noisy"]["change"] == 0.0
    assert found["suggestion"]["changes"]["noisy"] == {"change": 0.0, "standard_error": 0.0, "upper_limit": 0.0}
    assert "noisy" in found["suggestion"]["drop"]


def test_the_test_of_a_difference_is_that_of_diebold_and_mariano():
    """Beside the sums that Newey and West write out, for differences that follow each other."""
    generator = np.random.default_rng(0)
    truth = np.zeros(64)
    before, after = np.abs(generator.normal(size=(2, 64))) + 1
    found = compare_errors(before, after, truth, np.arange(64), lags=2, tests=1)
    differences = after**2 - before**2
    centred = differences - differences.mean()
    variance = sum((1 - abs(lag) / 5) * np.sum(centred[abs(lag) :] * centred[: 64 - abs(lag)]) for lag in range(-4, 5))
    assert found.change == pytest.approx(differences.mean())
    assert found.standard_error == pytest.approx(np.sqrt(variance) / 64)
    assert found.upper_limit == pytest.approx(found.change + 1.669402 * found.standard_error, rel=1e-6)


def test_too_few_times_tell_nothing():
    truth = np.zeros(9)
    assert compare_errors(truth + 9, truth, truth, np.arange(9), lags=0, tests=1) is None
