"""Conformal intervals: ranks of residuals, coverage on exchangeable data, and how many rows a level needs."""

from fractions import Fraction
from math import ceil

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from enstorage.errors import InvalidInputError
from entrainer.forecasting.conformal import Calibration, by_step, checked_levels, quantiles_of, rows_needed


@pytest.mark.parametrize("level", ["0.5", "0.7", "0.8", "0.9", "0.95", "0.99"])
def test_the_radius_is_the_residual_of_rank_n_plus_1_times_level_rounded_up(level):
    """Also where (n + 1)·level is an integer, which binary fractions miss by a hair."""
    for rows in range(1, 400):
        rank = ceil((rows + 1) * Fraction(level))
        residuals = np.arange(1.0, rows + 1)
        found = Calibration.of("held-out", np.ones(rows, int), residuals, np.zeros(rows)).radius(1, float(level))
        assert found == (rank if rank <= rows else None)
        assert (rows >= rows_needed(float(level))) == (rank <= rows)


def test_the_rows_that_usual_levels_need():
    assert [rows_needed(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [1, 4, 9, 19, 99]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_coverage_of_exchangeable_residuals_lies_within_binomial_bounds_of_the_level(level):
    """Each trial draws its own calibration rows, so that the chance to cover is k / (n + 1) with the rank k."""
    generator, trials, rows = np.random.default_rng(3), 4000, 39
    drawn = generator.standard_t(3, size=(trials, rows + 1))
    covered = 0
    for residuals in drawn:
        found = Calibration.of("held-out", np.ones(rows, int), residuals[:rows], np.zeros(rows))
        covered += abs(residuals[rows]) <= found.radius(1, level)
    low, high = binom.interval(0.9999, trials, ceil(round((rows + 1) * level, 9)) / (rows + 1))
    assert low <= covered <= high


def test_each_step_has_residuals_of_its_own():
    step = np.repeat([1, 2], 20)
    found = Calibration.of("held-out", step, np.concatenate([np.ones(20), np.full(20, 5.0)]), np.zeros(40))
    assert (found.radius(1, 0.9), found.radius(2, 0.9), found.radius(3, 0.9)) == (1.0, 5.0, None)


def test_rows_without_forecast_or_truth_are_left_out():
    found = Calibration.of("held-out", [1, 1, 1, 1], np.array([1.0, np.nan, 2, 3]), np.array([0, 0, np.nan, 1]))
    assert found.residuals[1].tolist() == [1, 2]


def test_too_few_rows_for_a_level_are_told_with_how_many_it_needs():
    found = Calibration.of("out-of-fold", np.ones(12, int), np.arange(12.0), np.zeros(12))
    found.check([0.9])
    with pytest.raises(InvalidInputError, match=r"level 0\.95 needs 19 out-of-fold residuals; there are 12 of step 1"):
        found.check([0.9, 0.95])


def test_intervals_stand_beside_the_point_forecasts():
    points = pl.DataFrame(
        {"series": [1, 1], "id": [10, 20], "step": [1, 2], "quantile": [None, None], "value": [5.0, 7.0]},
        schema={"series": pl.Int64, "id": pl.Int64, "step": pl.Int32, "quantile": pl.Float64, "value": pl.Float64},
    )
    found = Calibration.of("held-out", np.ones(9, int), np.full(9, 2.0), np.zeros(9)).with_intervals(points, [0.8])
    assert found.drop("series").rows() == [
        (10, 1, None, 5.0),
        (10, 1, 0.1, 3.0),
        (10, 1, 0.9, 7.0),
        (20, 2, None, 7.0),
    ]


def test_steps_take_the_residuals_of_what_they_are_made_like():
    direct = Calibration("out-of-fold", {1: np.ones(9)})
    tried = Calibration("held-out", {step: np.full(9 - step, 5.0) for step in (1, 2, 3, 4)})
    found = by_step(5, direct, {1: 1, 2: 1}, tried)
    assert {step: found.radius(step, 0.5) for step in range(1, 6)} == {1: 1, 2: 1, 3: 5, 4: 5, 5: None}
    assert found.steps_without([0.5, 0.85], 5) == [4, 5]
    assert (found.kind, by_step(5, None, {}, tried).kind) == ("honest", "held-out")


def test_levels_lie_between_0_and_1():
    assert checked_levels([0.95, 0.8, 0.8]) == (0.8, 0.95)
    assert quantiles_of(0.8) == (0.1, 0.9)
    for wrong in ([95], [1.0], [0.0], ["0.9"], [True], [float("nan")]):
        with pytest.raises(InvalidInputError, match="level of an interval is a number between 0 and 1"):
            checked_levels(wrong)
