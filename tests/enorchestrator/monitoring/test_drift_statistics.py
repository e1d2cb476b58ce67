"""The statistics of drift: those of SciPy, calibrated on series with autocorrelation and season."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from enorchestrator.monitoring.drift.expected import Expected, longest_run
from enorchestrator.monitoring.drift.statistics import statistics_of
from enorchestrator.monitoring.drift.window import judged_windows, usual_rows

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
import bench_drift

DAY = 86_400_000_000_000


def expected_of(values, season=1):
    return Expected.learn(values, np.arange(len(values)) * DAY, season)


def test_the_distances_are_those_of_scipy():
    random = np.random.default_rng(1)
    train, windows = random.normal(size=400), random.normal(0.4, 1.2, (5, 28))
    expected = expected_of(train)
    found = statistics_of(windows - expected.profile[0], expected, 0)
    for place, window in enumerate(windows):
        assert found["ks"][place] == pytest.approx(stats.ks_2samp(window, train).statistic)
        distance = stats.wasserstein_distance(window, train) / train.std()
        assert found["wasserstein"][place] == pytest.approx(distance, abs=0.02)
    edges = np.quantile(train, np.linspace(0, 1, 11)[1:-1])
    counts = np.histogram(windows[0], [-np.inf, *edges, np.inf])[0]
    share, of_train = (counts + 0.5) / 33, (np.full(10, 40) + 0.5) / 405
    assert found["psi"][0] == pytest.approx(float(((share - of_train) * np.log(share / of_train)).sum()), rel=0.02)


def test_an_autoregression_and_a_season_are_learnt():
    random, noise = np.random.default_rng(2), np.zeros(2000)
    for at in range(1, 2000):
        noise[at] = 0.7 * noise[at - 1] + random.normal()
    week = np.array([5.0, 0, 0, 0, 0, -5, 9])
    expected = expected_of(noise + week[np.arange(2000) % 7] + 100, 7)
    assert expected.coefficients.sum() == pytest.approx(0.7, abs=0.06)
    assert expected.profile - expected.profile.mean() == pytest.approx(week - week.mean(), abs=0.5)


@pytest.mark.parametrize("values", [np.ones(100), np.arange(20.0), np.full(100, np.nan), np.empty(0)])
def test_from_too_little_nothing_is_learnt(values):
    assert expected_of(values) is None


def test_runs_of_equal_values_are_counted():
    assert longest_run(np.array([1.0, 1, 2, 2, 2, np.nan, 2])) == 3
    assert longest_run(np.array([np.nan, np.nan])) == 0
    assert longest_run(np.array([1.0])) == 1


def test_a_window_without_change_exceeds_a_limit_rarely():
    """The limits hold for strongly autocorrelated values, for which those of the textbook alarm all the time."""
    random, noise = np.random.default_rng(3), np.zeros(3000)
    for at in range(1, 3000):
        noise[at] = 0.8 * noise[at - 1] + random.normal()
    expected = expected_of(noise[:500])
    windows = list(judged_windows(expected, noise[500:], np.arange(500, 3000) * DAY, 500, rows=25))
    textbook = [
        stats.ks_2samp(noise[:500], noise[500 + each.first : 525 + each.first]).pvalue < 0.01 for each in windows
    ]
    assert sum(bool(each.exceeded) for each in windows) <= 4
    assert sum(textbook) > 30


def test_windows_are_whole_seasons():
    assert [usual_rows(season) for season in (7, 24, 12, 1, 96)] == [28, 168, 12, 20, 200]


@pytest.mark.long
def test_the_drift_table_of_the_reference():
    """200 series of a year without change raise at most two alarms; changes are found by the second window in 95 %."""
    found = bench_drift.main(200)
    assert sum(found[name] for name in bench_drift.QUIET) <= 2
    for name in (
        "level by 2 deviations",
        "level by 3 deviations",
        "deviation × 2.5",
        "another week, by half",
        "another week",
        "sensor stands still",
        "sensor sends nothing",
    ):
        assert found[name] >= 0.95, name


@pytest.mark.long
def test_the_drift_table_on_a_few_series():
    found = bench_drift.main(8)
    assert sum(found[name] for name in bench_drift.QUIET) == 0
    assert found["level by 4 deviations"] == found["sensor stands still"] == found["another week"] == 1
