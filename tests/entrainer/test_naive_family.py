"""The naive family: its formulas, over many series and origins at once."""

import time

import numpy as np
import pytest

from enstorage.errors import InvalidInputError
from entrainer.local import Drift, Histories, Mean, Naive, SeasonalNaive
from entrainer.testing import LocalContract

FAMILY = [Naive(), SeasonalNaive(4), Drift(), Mean()]


class TestNaive(LocalContract):
    def make_model(self):
        return Naive()


class TestSeasonalNaive(LocalContract):
    def make_model(self):
        return SeasonalNaive(4)


class TestDrift(LocalContract):
    def make_model(self):
        return Drift()


class TestMean(LocalContract):
    def make_model(self):
        return Mean()


def histories(*grids, season=4, known=None):
    ends = [len(grid) for grid in grids] if known is None else known
    return Histories.of([np.array(grid, float) for grid in grids], [season] * len(grids), ends, range(len(grids)), ends)


def test_forecasts_are_those_of_the_textbook():
    known = histories([1, 2, 4, 3, 5, 6])
    assert Naive().forecast(known, 3).values.tolist() == [[6, 6, 6]]
    assert SeasonalNaive().forecast(known, 6).values.tolist() == [[4, 3, 5, 6, 4, 3]]
    assert SeasonalNaive(2).forecast(known, 3).values.tolist() == [[5, 6, 5]]
    assert Drift().forecast(known, 3).values.tolist() == [[7, 8, 9]]
    assert Mean().forecast(known, 2).values.tolist() == [[3.5, 3.5]]


def test_each_origin_knows_what_lies_before_it():
    grids = [np.array([1.0, 2, 4, 3]), np.array([10.0, 30])]
    known = Histories.of(grids, [1, 1], [0, 0], [0, 0, 1, 1], [2, 4, 1, 2])
    assert Naive().forecast(known, 1).values.ravel().tolist() == [2, 3, 10, 30]
    assert Drift().forecast(known, 1).values.ravel().tolist() == [3, 3 + 2 / 3, 10, 50]
    assert Mean().forecast(known, 1).values.ravel().tolist() == [1.5, 2.5, 10, 20]


def test_a_gap_is_interpolated_from_known_values_only():
    grid = [np.nan, np.nan, 1, np.nan, 3, np.nan, 99]
    known = Histories.of([np.array(grid)], [1], [6], [0, 0], [6, 5])
    assert known.end.tolist() == [5, 5]  # after the 3: the value after the second gap is not known yet
    assert known.fitted_end.tolist() == [5]
    assert known.length.tolist() == [3, 3]
    assert Mean().forecast(known, 1).values.ravel().tolist() == [2, 2]


def test_a_series_shorter_than_a_season_is_forecast_by_its_last_value_and_a_remark_says_so():
    found = SeasonalNaive().forecast(histories([1, 2, 3], [1, 2, 3, 4, 5]), 2)
    assert found.values.tolist() == [[3, 3], [2, 3]]
    assert found.remarks == {0: "It has 3 values, less than a season of 4: forecast by its last value."}


@pytest.mark.parametrize("spec", FAMILY, ids=str)
def test_points_and_quantiles_are_those_of_statsforecast(spec):
    models = pytest.importorskip("statsforecast.models")
    values = 20 + np.random.default_rng(3).normal(size=30).cumsum()
    theirs = {
        Naive(): models.Naive,
        SeasonalNaive(4): lambda: models.SeasonalNaive(4),
        Drift(): models.RandomWalkWithDrift,
        Mean(): models.HistoricAverage,
    }[spec]()
    theirs.fit(values)
    expected = theirs.predict(h=9, level=[80])
    found = spec.forecast(histories(values), 9, (0.1, 0.9))
    np.testing.assert_allclose(found.values[0], expected["mean"], rtol=1e-12)
    np.testing.assert_allclose(found.quantiles[0.1][0], expected["lo-80"], rtol=1e-9)
    np.testing.assert_allclose(found.quantiles[0.9][0], expected["hi-80"], rtol=1e-9)


def test_large_numbers_of_one_series_cost_another_no_digits():
    values = np.array([1e-3, 2e-3, 4e-3])
    beside = histories(np.full(5, 1e15), values)
    np.testing.assert_array_equal(Mean().forecast(beside, 1).values[1], Mean().forecast(histories(values), 1).values[0])


@pytest.mark.parametrize("spec", FAMILY, ids=str)
def test_ten_thousand_series_take_less_than_a_second(spec):
    values = list(np.random.default_rng(1).normal(size=(10_000, 100)))
    started = time.perf_counter()
    spec.forecast(Histories.of(values, [12] * 10_000, [100] * 10_000, range(10_000), [100] * 10_000), 18)
    assert time.perf_counter() - started < 1


def test_nothing_known_at_all_is_no_error():
    empty = Histories.of([np.full(3, np.nan)], [1], [3], [0], [3])
    for spec in FAMILY:
        assert np.isnan(spec.forecast(empty, 2, (0.5,)).values).all()


def test_a_season_is_an_integer_from_1():
    with pytest.raises(InvalidInputError, match=r"season is 0; expected an integer of at least 1"):
        SeasonalNaive(0)
