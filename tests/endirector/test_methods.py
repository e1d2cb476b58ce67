"""The methods by themselves, on plain arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from endirector.methods.weighted.weighted_voting import simplex_least_squares

finite = st.floats(-100, 100, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(arrays(float, (12, 3), elements=finite), arrays(float, 12, elements=finite))
def test_no_other_simplex_weights_are_better(forecasts, truth):
    """For a convex function no point of the simplex lies lower than by the gap w·∇f − min ∇f (Frank & Wolfe 1956)."""
    weights, _ = simplex_least_squares(forecasts, truth)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    residual = forecasts @ weights - truth
    slope = 2 * forecasts.T @ residual
    gap = weights @ slope - slope.min()
    assert gap <= 1e-9 * (1 + np.abs(slope).max() + residual @ residual)


def test_a_member_that_is_the_truth_gets_all_the_weight():
    truth = np.random.default_rng(0).normal(size=50)
    forecasts = np.column_stack([truth + 1, truth, -truth])
    assert simplex_least_squares(forecasts, truth)[0] == pytest.approx([0, 1, 0], abs=1e-9)
