"""Stackers fitted on earlier origins, selected greedily on later ones."""

import numpy as np
import pytest

from endirector import Fitting, Rows, TargetTimes
from endirector.methods.stacked.multilayer_stack import MultilayerStack, _divided
from enstorage.errors import InvalidInputError


def evidence(horizon=3, origins=8, series=4, seed=0):
    """Of four members one is good, one is bad, and two are mirrors of each other."""
    random = np.random.default_rng(seed)
    step = np.tile(np.arange(1, horizon + 1), origins * series)
    origin = np.tile(np.repeat(np.arange(origins) * horizon - 1, horizon), series)
    each = np.repeat(np.arange(series), origins * horizon)
    truth = random.normal(10, 2, len(step)) * 10.0**each
    noise = random.normal(size=len(step))
    errors = np.column_stack([noise * 0.1, random.normal(size=len(step)) * 9, noise + 3, -noise - 3])
    rows = Rows(
        truth[:, None] + errors * 10.0 ** each[:, None],
        step.astype(np.int32),
        targets=TargetTimes(each, origin + step, origin),
    )
    return rows, truth


def error(combination, rows, truth):
    return float(np.mean(np.abs(combination.predict(rows) - truth) / 10.0**rows.targets.series))


def test_it_is_about_as_good_as_its_best_stacker():
    rows, truth = evidence()
    combination = MultilayerStack().fit(Fitting(rows, truth))
    assert sum(combination.facts["stackers"].values()) == pytest.approx(1)
    fresh, later = evidence(seed=1)
    assert error(combination, fresh, later) < 0.5 * float(
        np.mean(np.abs(fresh.forecasts.mean(axis=1) - later) / 10.0**fresh.targets.series)
    )


def test_no_origin_serves_both_layers():
    rows, _ = evidence()
    lower, top = _divided(rows, 0.5)
    assert lower.any()
    assert top.any()
    assert not (lower & top).any()
    for each in range(4):
        own = rows.targets.series == each
        assert rows.targets.time[own & lower].max() <= rows.targets.origin[own & top].min()


def test_with_one_origin_the_stackers_are_averaged_and_the_facts_say_so():
    rows, truth = evidence(origins=1)
    facts = MultilayerStack().fit(Fitting(rows, truth)).facts
    assert facts["top_rows"] == 0
    assert set(facts["stackers"].values()) == {1 / 6}


def test_weights_are_those_of_the_members_where_all_selected_stackers_have_some():
    rows, truth = evidence()
    combination = MultilayerStack(rounds=1).fit(Fitting(rows, truth))
    if combination.weights is not None:
        assert combination.predict(rows) == pytest.approx(rows.forecasts @ combination.weights)
        assert combination.weights.sum() == pytest.approx(1)
    assert max(combination.facts["stackers"].values()) == 1


BAD = {
    "share": ({"top_share": 1.0}, "a number above 0 and below 1"),
    "rounds": ({"rounds": 0}, "an integer from 1 to 100000"),
    "metric": ({"metric": "mape"}, "expected one of: mse, mae"),
}


@pytest.mark.parametrize(("parameters", "words"), BAD.values(), ids=BAD)
def test_wrong_parameters_are_refused(parameters, words):
    with pytest.raises(InvalidInputError, match=words):
        MultilayerStack(**parameters)
