"""Convex weights by the pinball loss, for points and for quantiles."""

import numpy as np
import pytest
from scipy.optimize import linprog

from endirector import Fitting, Rows
from endirector.methods.base import TargetTimes
from endirector.methods.weighted.pinball import pinball_loss, simplex_pinball
from endirector.methods.weighted.quantile_voting import QuantileVoting


def by_one_program(errors, level):
    """The smallest loss by one linear program with two variables a row."""
    rows, members = errors.shape
    found = linprog(
        np.concatenate([np.zeros(members), np.full(rows, (1 - level) / rows), np.full(rows, level / rows)]),
        A_eq=np.block(
            [
                [errors, -np.eye(rows), np.eye(rows)],
                [np.ones((1, members)), np.zeros((1, 2 * rows))],
            ]
        ),
        b_eq=np.append(np.zeros(rows), 1.0),
    )
    return found.fun


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("members", [2, 5])
def test_no_other_convex_weights_have_a_smaller_pinball_loss(level, members):
    random = np.random.default_rng(members)
    errors = random.normal(random.normal(0, 0.5, members), random.uniform(0.5, 2, members), (150, members))
    weights = simplex_pinball(errors, level)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    assert pinball_loss(errors @ weights, level) == pytest.approx(by_one_program(errors, level), rel=1e-6)


def test_equal_members_and_exact_members_have_weights_too():
    assert simplex_pinball(np.zeros((10, 3)), 0.5).sum() == pytest.approx(1)
    exact = np.column_stack([np.ones(10), np.zeros(10)])
    assert simplex_pinball(exact, 0.5) == pytest.approx([0, 1], abs=1e-6)


def test_each_level_has_the_weights_of_the_member_that_is_right_there():
    random = np.random.default_rng(1)
    truth = random.normal(size=4000)
    right, wrong = np.quantile(truth, 0.1), np.quantile(truth, 0.9)
    low = np.column_stack([np.full(4000, right), np.full(4000, right - 2)])
    high = np.column_stack([np.full(4000, wrong + 2), np.full(4000, wrong)])
    rows = Rows(np.column_stack([truth + 5, truth]))
    combination = QuantileVoting().fit(Fitting(rows, truth, quantiles={0.1: low, 0.9: high}))
    weights = combination.quantile_weights
    assert weights[0.1][1] == pytest.approx([1, 0], abs=0.02)
    assert weights[0.9][1] == pytest.approx([0, 1], abs=0.02)
    assert combination.weights == pytest.approx([0, 1], abs=1e-6)
    assert combination.predict_quantile(Rows(high), 0.9) == pytest.approx(np.full(4000, wrong), abs=0.05)


def test_a_step_without_fitted_rows_has_the_weights_of_the_nearest():
    truth = np.zeros(40)
    step = np.repeat([1, 4], 20).astype(np.int32)
    first = np.where(step == 1, 0.0, 1.0)
    rows = Rows(np.column_stack([first, 1 - first]), step)
    combination = QuantileVoting(weights_per="step").fit(Fitting(rows, truth))
    asked = Rows(np.tile([0.0, 1.0], (4, 1)), np.array([1, 2, 3, 9], dtype=np.int32))
    assert combination.predict(asked) == pytest.approx([0, 0, 1, 1], abs=1e-6)
    assert set(combination.step_weights) == {1, 4}


def test_a_series_of_large_values_does_not_decide_for_the_others():
    """In nine series of ten the first member is exact; the tenth is a million times larger."""
    series = np.repeat(np.arange(10), 20)
    size = np.where(series == 9, 1e6, 1.0)
    first_is_right = series != 9
    errors = np.column_stack([np.where(first_is_right, 0, size), np.where(first_is_right, size, 0)])
    time = np.tile(np.arange(20), 10)
    rows = Rows(errors, targets=TargetTimes(series, time, time - 1))
    assert QuantileVoting().fit(Fitting(rows, np.zeros(200))).weights == pytest.approx([1, 0], abs=1e-6)
