"""Sizes of the errors of series: used where series differ in them, and told by other origins of the series alone."""

import numpy as np
import pytest

from entrainer.forecasting.calibration.basis import Basis, Calibration
from entrainer.forecasting.calibration.levels import Level
from entrainer.forecasting.calibration.residuals import Residuals
from entrainer.forecasting.calibration.sizes import sizes_of

SERIES, ORIGINS, HORIZON = 40, 4, 5


def errors(size_of_series, seed=0):
    """Errors of all steps from each origin: relative, series, step, origin; shape (rows,) each."""
    series, origin, step = (each.ravel() for each in np.indices((SERIES, ORIGINS, HORIZON)))
    drawn = np.random.default_rng(seed).normal(size=len(series)) * np.asarray(size_of_series)[series]
    return drawn * np.sqrt(step + 1), series, step + 1, 30 + origin * HORIZON


def test_series_that_differ_have_sizes_and_series_that_do_not_have_none():
    differing = np.where(np.arange(SERIES) < 20, 0.2, 2.0)
    sizes = sizes_of(*errors(differing))
    small, large = ([sizes.of_series[each] for each in part] for part in (range(20), range(20, SERIES)))
    assert max(small) < 0.5
    assert min(large) > 2 * max(small)
    assert np.mean(np.log([*sizes.of_series.values()])) == pytest.approx(0, abs=1e-9)
    assert sizes_of(*errors(np.ones(SERIES))).of_series == {}
    assert sizes_of(np.full(3, np.nan), np.arange(3), np.ones(3, int), np.arange(3)).of_series == {}


def test_one_huge_error_does_not_hide_that_series_differ():
    relative, series, step, origin = errors(np.where(np.arange(SERIES) < 20, 0.2, 2.0))
    sizes = sizes_of(np.where((series == 39) & (origin == 30), relative * 50, relative), series, step, origin)
    small, large = (np.mean([sizes.of_series[each] for each in part]) for part in (range(20), range(20, SERIES)))
    assert small < 0.5 * large


def test_an_error_plays_no_part_in_the_size_that_it_is_divided_by():
    relative, series, step, origin = errors(np.where(np.arange(SERIES) < 20, 0.2, 2.0))
    mine = (series == 3) & (origin == 30)
    larger = np.where(mine, relative * 1.5, relative)
    before, after = (sizes_of(each, series, step, origin).of_rows for each in (relative, larger))
    np.testing.assert_allclose(before[mine], after[mine], rtol=0.1)  # but for the mean of all series
    assert (after[(series == 3) & ~mine] > before[(series == 3) & ~mine]).all()


def test_intervals_cover_each_kind_of_series():
    differing = np.where(np.arange(SERIES) < 20, 0.2, 2.0)
    relative, series, step, origin = errors(differing)
    zero, level = np.zeros(len(series)), Level(0.8)
    inside = {}
    for name, sizes in (("sized", sizes_of(relative, series, step, origin)), ("same", None)):
        residuals = Residuals.of("out-of-fold", step, relative, zero, series, sizes=sizes)
        calibration = Calibration(residuals, dict.fromkeys(range(SERIES), 1.0))
        found = [calibration.ends(each, 3, [level])[level] for each in range(SERIES)]
        assert {each.basis for each in found} == {Basis.ALL_SERIES}
        drawn = np.random.default_rng(1).normal(size=(500, SERIES)) * differing * np.sqrt(3)
        lower, upper = (np.array([getattr(each, end) for each in found]) for end in ("lower", "upper"))
        covered = ((drawn >= lower) & (drawn <= upper)).mean(axis=0)
        inside[name] = covered[:20].mean(), covered[20:].mean()
    assert inside["sized"] == (pytest.approx(0.8, abs=0.12), pytest.approx(0.8, abs=0.12))
    assert inside["same"][0] > 0.98
    assert inside["same"][1] < 0.7
    together = Residuals.together([residuals, Residuals.of("x", step + HORIZON, relative, zero, series)])
    assert set(together.by_step) == set(range(1, 2 * HORIZON + 1))
