"""Online aggregation: weights that move with time, and never see what was not known at the origin."""

import numpy as np
import polars as pl
import pytest

import endirector
import enstorage
from endirector import Fitting, Rows
from endirector.members.origins import NOTHING_KNOWN, origins_of
from endirector.methods.base import TargetTimes
from endirector.methods.varying.online import Online
from enstorage.errors import InvalidInputError

RULES = ["exponential", "fixed_share", "ml_poly", "boa"]
TIMES = 60


def forecast_steps(horizon=3, times=TIMES, seed=0):
    """Two members, of which the first is good in the first half and the second in the other; every time has every step."""
    random = np.random.default_rng(seed)
    time, step = np.repeat(np.arange(times), horizon), np.tile(np.arange(1, horizon + 1), times)
    late = time >= times // 2
    truth = np.repeat(random.normal(size=times), horizon)
    size = np.where(np.column_stack([late, ~late]), 2.0, 0.1)
    forecasts = truth[:, None] + random.normal(size=size.shape) * size
    targets = TargetTimes(np.zeros(len(time), dtype=np.int64), time, time - step)
    return Rows(forecasts, step.astype(np.int32), targets=targets), truth


@pytest.mark.parametrize("rule", RULES)
def test_weights_begin_equal_and_move_to_the_member_that_is_good_now(rule):
    rows, truth = forecast_steps()
    combination = Online(rule=rule).fit(Fitting(rows, truth))
    weights = combination.row_weights(rows)
    assert weights[0] == pytest.approx([0.5, 0.5])
    assert (weights >= 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(weights)))
    middle = rows.targets.time == TIMES // 2 - 1
    assert (weights[middle, 0] > 0.75).all()
    assert combination.weights[1] > 0.5 or rule == "exponential"  # which forgets nothing, so is the slowest
    assert combination.weights[1] > weights[middle, 1].max()


@pytest.mark.parametrize("rule", RULES)
def test_a_row_sees_no_truth_after_its_origin(rule):
    """Another truth from a time on changes the forecasts of no row whose origin lies before that time."""
    rows, truth = forecast_steps()
    for cut in (1, 20, 45):
        changed = np.where(rows.targets.time >= cut, truth + 100, truth)
        one, other = (Online(rule=rule).fit(Fitting(rows, given)).predict(rows) for given in (truth, changed))
        before = rows.targets.origin < cut
        assert one[before].tobytes() == other[before].tobytes()
        assert (one[~before] != other[~before]).any()


@pytest.mark.parametrize("rule", RULES)
def test_another_unit_or_order_of_rows_gives_the_same_weights(rule):
    rows, truth = forecast_steps()
    weights = Online(rule=rule).fit(Fitting(rows, truth)).weights
    scaled = Rows(rows.forecasts * 1000, rows.step, targets=rows.targets)
    assert Online(rule=rule).fit(Fitting(scaled, truth * 1000)).weights == pytest.approx(weights, rel=1e-6)
    mixed = np.random.default_rng(3).permutation(len(truth))
    targets = TargetTimes(rows.targets.series[mixed], rows.targets.time[mixed], rows.targets.origin[mixed])
    again = Online(rule=rule).fit(Fitting(Rows(rows.forecasts[mixed], rows.step[mixed], targets=targets), truth[mixed]))
    assert again.weights == pytest.approx(weights, rel=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_one_member_and_exact_members_are_no_trouble(rule):
    rows, truth = forecast_steps(horizon=1)
    alone = Rows(rows.forecasts[:, :1], rows.step, targets=rows.targets)
    assert Online(rule=rule).fit(Fitting(alone, truth)).weights == pytest.approx([1.0])
    exact = Rows(np.column_stack([truth, truth]), rows.step, targets=rows.targets)
    assert Online(rule=rule).fit(Fitting(exact, truth)).weights == pytest.approx([0.5, 0.5])


def test_series_may_have_courses_of_their_own():
    """In one series the first member is good, in the other the second; a third one is not known."""
    time = np.repeat(np.arange(40), 2)
    series = np.tile([3, 8], 40)
    good = series == 3
    errors = np.column_stack([np.where(good, 0.1, 1000.0), np.where(good, 1.0, 10.0)])
    rows = Rows(errors, targets=TargetTimes(series, time, time - 1))
    combination = Online(weights_per="series", rule="ml_poly").fit(Fitting(rows, np.zeros(80)))
    assert combination.weights is None
    last = TargetTimes(np.array([3, 8, 5]), np.full(3, 99), np.full(3, 98))
    weights = combination.row_weights(Rows(np.ones((3, 2)), targets=last))
    assert weights[0, 0] > 0.9
    assert weights[1, 1] > 0.9
    assert weights[2] == pytest.approx([0.5, 0.5])
    assert set(combination.facts["last_weights"]) == {"3", "8"}


def test_origins_pass_over_as_many_targets_as_steps_and_are_never_too_late():
    keys = pl.DataFrame({"series": [1, 1, 1, 1, 2, 2], "id": [10, 20, 20, 40, 20, 30], "step": [1, 1, 2, 2, 1, 1]})
    nothing = NOTHING_KNOWN
    assert origins_of(keys).tolist() == [nothing, 10, nothing, 10, nothing, 20]
    assert origins_of(keys, offset=2).tolist() == [nothing, nothing, nothing, nothing, nothing, nothing]
    assert origins_of(keys, offset=0).tolist() == [nothing, 10, 10, 20, nothing, 20]
    turned = keys[::-1]
    assert origins_of(turned).tolist() == origins_of(keys).tolist()[::-1]
    assert origins_of(keys.clear()).tolist() == []


BAD = {
    "rule": ({"rule": "hedge"}, "expected one of: exponential, fixed_share, ml_poly, boa"),
    "metric": ({"metric": "mape"}, "expected one of: mse, mae"),
    "share": ({"share": 1.0}, "expected a number of at least 0 and below 1"),
    "weights_per": ({"weights_per": "step"}, "expected one of: all, series"),
}


@pytest.mark.parametrize(("parameters", "words"), BAD.values(), ids=BAD)
def test_wrong_parameters_are_refused(parameters, words):
    with pytest.raises(InvalidInputError, match=words):
        Online(**parameters)


YEARS = [str(year) for year in range(1900, 1980)]


def make():
    """Two models with out-of-fold forecasts of 60 years and test forecasts of 20; the good one changes in 1930."""
    truth = np.sin(np.arange(80)) * 10 + 50
    source = enstorage.DataSource(name="Series", time_interval="1y").save()
    source.write(YEARS, truth)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.75, 0.0, 0.25)
    research = enstorage.Project(name="Online", data_source=source).save().create_research("Uploaded", preparation)
    random = np.random.default_rng(5)
    for place, name in enumerate(("early", "late")):
        size = np.where((np.arange(80) < 30) == (place == 0), 0.5, 5.0)
        values = truth + random.normal(size=80) * size
        model = research.create_model(name)
        model.save_forecasts("out_of_fold", YEARS[:60], values[:60])
        model.save_forecasts("train", YEARS[:60], truth[:60])  # as if it knew them by heart
        model.save_forecasts("test", YEARS[60:], values[60:])


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return enstorage.Project.get(1)


@pytest.mark.parametrize("rule", RULES)
def test_an_ensemble_keeps_its_weights_over_time_and_comes_out_again(project, rule):
    ensemble = project.create_ensemble("online", models=project.models(), parameters={"rule": rule})
    endirector.Conductor(ensemble).render()
    assert ensemble.mark() == "out-of-fold"
    table = ensemble.table().sort("id")
    first, last = table.row(0, named=True), table.row(-1, named=True)
    weight = [name for name in table.columns if name.startswith("weight_")]
    assert [first[name] for name in weight] == pytest.approx([0.5, 0.5])
    assert [last[name] for name in weight] == pytest.approx(list(ensemble.weights().values()))
    assert table.filter(part=2)[weight[0]].n_unique() == 1  # no test row moves a weight
    assert endirector.Conductor(ensemble).verify().demanded == "equal bits"
    assert set(endirector.diagnose(ensemble, progress=False)["members"]) == {"early", "late"}
    assert endirector.report(ensemble).html


def test_any_stored_ensemble_can_be_replayed(project):
    voting = endirector.Conductor(project.create_ensemble("voting", models=project.models())).render()
    replayed = endirector.what_if(voting, method="online", parameters={"rule": "fixed_share"})
    own = project.create_ensemble("online", models=project.models(), parameters={"rule": "fixed_share"})
    endirector.Conductor(own).render()
    assert replayed.combination.weights.tolist() == list(own.weights().values())
    assert replayed.combination.weights[1] > 0.8


def test_forecasts_ahead_have_the_last_weights(project):
    from endirector.combination.kept import stored_combination
    from endirector.forecasting.recursive import combine_recursively

    ensemble = endirector.Conductor(project.create_ensemble("online", models=project.models())).render()
    members = np.array([[1.0, 2.0], [3.0, 5.0]])
    ahead = combine_recursively(stored_combination(ensemble), members, np.array([1, 1], dtype=np.int32), None, series=1)
    assert ahead == pytest.approx(members @ list(ensemble.weights().values()))
