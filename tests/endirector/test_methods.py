"""The methods by themselves, on plain arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from endirector.methods.weighted_voting import simplex_least_squares

finite = st.floats(-100, 100, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(arrays(float, (12, 3), elements=finite), arrays(float, 12, elements=finite))
def test_simplex_weights_are_as_good_as_a_general_solver_finds(forecasts, truth):
    def squares(weights):
        return float(np.sum((forecasts @ weights - truth) ** 2))

    weights, _ = simplex_least_squares(forecasts, truth)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    found = minimize(
        squares, np.full(3, 1 / 3), bounds=[(0, 1)] * 3, constraints={"type": "eq", "fun": lambda w: w.sum() - 1}
    )
    assert squares(weights) <= squares(np.full(3, 1 / 3)) * (1 + 1e-9) + 1e-6
    assert squares(weights) <= found.fun * (1 + 1e-4) + 1e-3


def test_a_member_that_is_the_truth_gets_all_the_weight():
    truth = np.random.default_rng(0).normal(size=50)
    forecasts = np.column_stack([truth + 1, truth, -truth])
    assert simplex_least_squares(forecasts, truth)[0] == pytest.approx([0, 1, 0], abs=1e-9)
