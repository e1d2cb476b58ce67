"""Prediction intervals: ranks of signed residuals, what they rest on, floors, and their coverage."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, t

from enstorage import DataSource
from enstorage.errors import InvalidInputError
from entrainer.forecasting.calibration.basis import Calibration
from entrainer.forecasting.calibration.coverage import coverage
from entrainer.forecasting.calibration.intervals import with_intervals
from entrainer.forecasting.calibration.levels import Level, checked_levels, quantiles_of, rank, rows_needed
from entrainer.forecasting.calibration.residuals import Residuals, residuals_by_step
from entrainer.forecasting.calibration.train_values import (
    TrainValues,
    checked_floor,
    floors_of,
    growth_of,
    running_scale,
)


def calibration_of(residuals, step=1, series=1):
    """Of the residuals of one step."""
    values = np.asarray(residuals, float)
    return Calibration(Residuals.of("held-out", np.full(len(values), step), values, np.zeros(len(values)), series))


def ends(calibration, level, step=1, series=1, side="both"):
    own = calibration.ends(series, step, [Level(level, side)])[Level(level, side)]
    return str(own.basis), own.rows, own.lower, own.upper


class TestRanks:
    @pytest.mark.parametrize("level", ["0.5", "0.7", "0.8", "0.9", "0.95", "0.99"])
    def test_ends_are_ranks_of_signed_residuals(self, level):
        """Also where (n + 1)·q is an integer, which binary fractions miss by a hair."""
        low, high = (1 - Fraction(level)) / 2, (1 + Fraction(level)) / 2
        for rows in range(1, 450):
            ranks = floor((rows + 1) * low), ceil((rows + 1) * high)
            basis, used, *both = ends(calibration_of(np.arange(1.0, rows + 1)), float(level)) if rows > 1 else ["-"] * 4
            if ranks[0] >= 1:
                assert (basis, used, both) == ("own residuals", rows, list(ranks))
            else:
                assert basis in ("normal", "-")
            assert (rows >= Level(float(level)).rows_needed) == (ranks[0] >= 1) == (ranks[1] <= rows)

    def test_a_skewed_sample_has_a_skewed_interval(self):
        """Of 9 residuals the level 0.8 takes the smallest and the largest; 0.6 the second of each."""
        calibration = calibration_of([-2, -1, -1, 0, 0, 1, 4, 9, 30])
        assert ends(calibration, 0.8) == ("own residuals", 9, -2, 30)
        assert ends(calibration, 0.6) == ("own residuals", 9, -1, 9)

    def test_one_sided_levels_put_all_of_the_rest_beyond_their_end(self):
        calibration = calibration_of([-2, -1, -1, 0, 0, 1, 4, 9, 30])
        assert ends(calibration, 0.8, side="upper") == ("own residuals", 9, None, 9)
        assert ends(calibration, 0.8, side="lower") == ("own residuals", 9, -1, None)
        assert quantiles_of([Level(0.8, "lower"), Level(0.8, "upper"), Level(0.6)]) == (0.2, 0.8)

    def test_the_rows_that_usual_levels_need(self):
        assert [Level(level).rows_needed for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [3, 9, 19, 39, 199]
        assert [Level(level, "upper").rows_needed for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [1, 4, 9, 19, 99]
        assert [rows_needed(quantile) for quantile in (0.1, 0.9)] == [9, 9]

    @pytest.mark.parametrize(
        ("level", "side"), [(0.5, "both"), (0.8, "both"), (0.9, "both"), (0.8, "upper"), (0.9, "lower")]
    )
    def test_coverage_of_exchangeable_residuals_lies_within_binomial_bounds_of_the_level(self, level, side):
        """Each trial draws its own 39 skewed residuals, so an end misses with the chance k / 40 of its rank k."""
        generator, trials, rows = np.random.default_rng(3), 4000, 39
        drawn = generator.exponential(size=(trials, rows + 1))
        covered = 0
        for residuals in drawn:
            _, _, low, high = ends(calibration_of(residuals[:rows]), level, side=side)
            covered += (low is None or low <= residuals[rows]) and (high is None or residuals[rows] <= high)
        lower, upper = binom.interval(0.9999, trials, level)
        assert lower <= covered <= upper

    def test_levels_lie_between_0_and_1_and_one_sided_ones_from_half_on(self):
        assert checked_levels([0.95, 0.8, 0.8]) == (Level(0.8), Level(0.95))
        for wrong in ([95], [1.0], [0.0], ["0.9"], [True], [float("nan")]):
            with pytest.raises(InvalidInputError, match="level of an interval is a number between 0 and 1"):
                checked_levels(wrong)
        with pytest.raises(InvalidInputError, match=r"with one end is from 0\.5 to below 1; received 0\.3"):
            checked_levels([0.3], "upper")
        with pytest.raises(InvalidInputError, match="side of an interval is both, lower or upper; received 'up'"):
            checked_levels([0.8], "up")


class TestResiduals:
    def test_each_step_and_series_has_its_own_in_ascending_order(self):
        found = Residuals.of("held-out", [1, 2, 1, 1], np.array([5.0, 1, 2, 7]), np.array([0.0, 0, 4, 0]), [8, 8, 8, 9])
        assert {
            step: {series: own.tolist() for series, own in each.items()} for step, each in found.by_step.items()
        } == {
            1: {8: [-2, 5], 9: [7]},
            2: {8: [1]},
        }

    def test_rows_without_forecast_or_truth_are_left_out(self):
        found = Residuals.of("held-out", [1, 1, 1, 1], np.array([1.0, np.nan, 2, 3]), np.array([0, 0, np.nan, 5]))
        assert found.at(1, 0).tolist() == [-2, 1]

    def test_steps_take_the_residuals_of_what_they_are_made_like(self):
        direct = Residuals("out-of-fold", {1: {1: np.ones(9)}})
        tried = Residuals("held-out", {step: {1: np.full(9 - step, 5.0)} for step in (1, 2, 3, 4)})
        found = residuals_by_step(5, direct, {1: 1, 2: 1}, tried)
        assert {step: found.at(step, 1).tolist()[:1] for step in range(1, 6)} == {1: [1], 2: [1], 3: [5], 4: [5], 5: []}
        assert (found.kind, residuals_by_step(5, None, {}, tried).kind) == ("held-out and out-of-fold", "held-out")


class TestBasis:
    """The residuals that stand in where a step of a series has too few."""

    def test_those_of_all_series_in_the_scale_of_this_one(self):
        """Series 2 changes ten times as much as series 1; series 3 is constant, so that it has no scale."""
        residuals = {1: np.array([1.0]), 2: np.array([-40.0, -30, -20, -10, 0, 10, 20, 30]), 3: np.array([1e6])}
        calibration = Calibration(Residuals("held-out", {1: residuals}), {1: 2.0, 2: 20.0, 3: 0.0})
        assert ends(calibration, 0.8, series=1) == ("all series", 9, -4, 3)
        assert ends(calibration, 0.8, series=2) == ("all series", 9, -40, 30)
        assert ends(calibration, 0.5, series=2) == (
            "all series",
            9,
            -30,
            20,
        )  # 8 own ones are not three times the 3 needed
        assert ends(calibration, 0.2, series=2) == ("own residuals", 8, -20, 10)  # ranks ⌊3.6⌋ and ⌈5.4⌉ of 8

    def test_a_series_that_has_none_at_all_takes_those_of_the_others(self):
        calibration = Calibration(Residuals("held-out", {1: {2: np.arange(-4.0, 5)}}), {1: 3.0, 2: 1.0})
        assert ends(calibration, 0.8, series=1) == ("all series", 9, -12, 12)

    def test_those_of_the_nearest_steps_grow_as_the_root_of_the_step_where_growth_is_not_known(self):
        calibration = Calibration(Residuals("held-out", {1: {1: np.arange(-4.0, 5)}}))
        for step in (1, 4, 9):
            basis = "own residuals" if step == 1 else "nearest steps"
            assert ends(calibration, 0.8, step=step) == (basis, 9, -4 * step**0.5, 4 * step**0.5)

    def test_growth_is_measured_where_three_steps_have_residuals(self):
        """Mean sizes 1, 2 and 3: they grow with the step to the power 1."""
        known = {step: {1: step * np.repeat([-1.0, 1.0], 5)} for step in (1, 2, 3)}
        calibration = Calibration(Residuals("held-out", known))
        assert calibration.growth == pytest.approx(1)
        assert ends(calibration, 0.8, step=6) == ("nearest steps", 30, pytest.approx(-6), pytest.approx(6))
        falling = {step: {1: np.repeat([-1.0, 1.0], 5) / step} for step in (1, 2, 3)}
        assert Calibration(Residuals("held-out", falling)).growth == 0

    def test_few_of_the_step_itself_are_joined_by_those_of_its_neighbours_in_its_size(self):
        known = {1: {1: np.array([-2.0, 2.0])}, 4: {1: np.array([-3.0, -1, 1, 3, 5])}, 5: {1: np.array([-9.0, 9])}}
        found = ends(Calibration(Residuals("held-out", known)), 0.8, step=4)
        # Of steps 4, 5 and 1, those of 5 times √(4/5) and those of 1 times √4.
        assert found == ("nearest steps", 9, pytest.approx(-9 * 0.8**0.5), pytest.approx(9 * 0.8**0.5))

    def test_ends_of_few_residuals_do_not_jump_from_step_to_step(self):
        """Twelve of each step, as of one series with four origins: the widest of a step alone may be half of the next."""
        random = np.random.default_rng(0)
        known = {step: {1: np.sort(random.normal(0, step**0.5, 12))} for step in range(1, 19)}
        calibration = Calibration(Residuals("held-out", known))
        for level in (0.8, 0.95):
            both = np.array([ends(calibration, level, step)[2:] for step in range(1, 19)])
            width = both[:, 1] - both[:, 0]
            assert (np.abs(np.diff(both, 2, axis=0)).max(axis=1) < 0.3 * width[1:-1]).all()
            assert width[-1] > 2 * width[0]

    def test_residuals_of_other_steps_make_the_ranks_of_a_step_no_bolder(self):
        """Nine residuals need their smallest and largest for 0.8; so do nine of each of three steps that say the same."""
        alone = np.arange(-4.0, 5)
        calibration = Calibration(Residuals("held-out", {step: {1: alone * step**0.5} for step in (1, 2, 3)}))
        assert ends(calibration, 0.8, step=1) == ("own residuals", 9, pytest.approx(-4), pytest.approx(4))
        assert [rank(rows, 0.9, 9) for rows in (9, 18, 90)] == [9, 18, 90]
        assert [rank(rows, 0.1, 19) for rows in (19, 190)] == [2, 11]  # the second of 19 is the 11th to 20th of 190

    def test_a_student_distribution_where_all_of_them_are_too_few(self):
        basis, rows, low, high = ends(calibration_of([3.0, -4.0]), 0.9)
        assert (basis, rows) == ("normal", 2)
        assert (low, high) == (
            pytest.approx(-np.sqrt(12.5) * t.ppf(0.95, 2)),
            pytest.approx(np.sqrt(12.5) * t.ppf(0.95, 2)),
        )

    def test_nothing_from_one_residual(self):
        assert calibration_of([3.0]).ends(1, 1, [Level(0.5)]) == {}

    def test_a_wider_level_contains_a_narrower_one_whatever_they_rest_on(self):
        """Residuals of the step are far above 0; for the higher level the symmetric ones of the next step join."""
        known = {1: {1: np.arange(50.0, 59.0)}, 2: {1: np.full(40, 1.0)}}
        found = Calibration(Residuals("held-out", known)).ends(
            1, 1, [Level(0.8), Level(0.95), Level(0.99), Level(0.9, "upper")]
        )
        order = [Level(0.8), Level(0.95), Level(0.99)]
        lows, highs = [found[each].lower for each in order], [found[each].upper for each in order]
        assert lows == sorted(lows, reverse=True)
        assert highs == sorted(highs)
        assert found[Level(0.9, "upper")].upper == found[Level(0.8)].upper


POINTS = pl.DataFrame(
    {"series": [1, 1], "id": [10, 20], "step": [1, 2], "quantile": [None, None], "value": [5.0, 7.0]},
    schema={"series": pl.Int64, "id": pl.Int64, "step": pl.Int32, "quantile": pl.Float64, "value": pl.Float64},
)


class TestTable:
    def test_quantiles_stand_beside_the_point_forecasts_with_what_they_rest_on(self):
        found = with_intervals(POINTS, calibration_of([-3, -1, -1, -1, 0, 1, 1, 1, 2]), [Level(0.8)], {})
        assert found.table.drop("series").rows() == [
            (10, 1, None, 5.0, None),
            (10, 1, 0.1, 2.0, "own residuals"),
            (10, 1, 0.9, 7.0, "own residuals"),
            (20, 2, None, 7.0, None),
            (20, 2, 0.1, pytest.approx(7 - 3 * 2**0.5), "nearest steps"),
            (20, 2, 0.9, pytest.approx(7 + 2 * 2**0.5), "nearest steps"),
        ]
        assert found.missing == []
        (remark,) = found.remarks("Model(1)", {})
        assert remark.startswith("Intervals of Model(1) for step 2 rest on the residuals of the nearest steps, widened")

    def test_a_forecast_outside_of_its_interval_is_told_as_biased(self):
        biased = with_intervals(POINTS, calibration_of(np.arange(1.0, 10)), [Level(0.8)], {})
        assert biased.outside()["step"].to_list() == [1, 2]
        remark = biased.remarks("Model(1)", {})[-1]
        assert remark.startswith(
            "The forecast of Model(1) lies outside of its interval for the steps 1 to 2: nearly all"
        )
        assert with_intervals(POINTS, calibration_of(np.arange(-4.0, 5)), [Level(0.8)], {}).outside().is_empty()

    def test_no_end_is_below_the_floor_and_it_is_said(self):
        found = with_intervals(POINTS, calibration_of(np.arange(-8.0, 1)), [Level(0.8)], {1: 0.0})
        assert found.table["value"].to_list() == [5, 0, 5, 7, 0, 7]
        assert found.raised == {1: 2}
        assert "2 ends of intervals of Model(1) were raised to 0" in found.remarks("Model(1)", {1: 0.0})[-1]

    def test_steps_without_any_residual_are_named(self):
        found = with_intervals(POINTS, calibration_of([1.0]), [Level(0.8)], {})
        assert (found.missing, found.table.height) == ([1, 2], 2)
        assert "has no interval for the steps 1 to 2" in found.remarks("Model(1)", {})[0]

    def test_quantiles_of_the_model_stand_in_for_too_few_residuals_and_keep_levels_nested(self):
        """Nine residuals are enough for 0.8, ±4, and not for 0.95, of which the model says ±3 and ±9."""
        own = pl.concat(
            POINTS.with_columns(quantile=pl.lit(quantile), value=pl.col("value") + offset)
            for quantile, offset in ((0.025, -3.0), (0.5, 0.0), (0.975, 9.0))
        )
        found = with_intervals(POINTS.head(1), calibration_of(np.arange(-4.0, 5)), [Level(0.8), Level(0.95)], {}, own)
        assert found.table.select("quantile", "value", "basis").rows() == [
            (None, 5, None),
            (0.025, 1, "own quantiles"),
            (0.1, 1, "own residuals"),
            (0.9, 9, "own residuals"),
            (0.975, 14, "own quantiles"),
        ]
        nothing = with_intervals(POINTS.head(1), calibration_of([]), [Level(0.95)], {}, own)
        assert (nothing.missing, nothing.table["value"].to_list()) == ([], [5, 2, 14])


class TestCoverage:
    def test_it_is_the_share_of_measured_rows_inside_by_step(self):
        ids = [1, 2, 3, 4]
        keys = {"series": [1] * 4, "id": ids, "step": [1, 1, 1, 2]}
        truth = pl.DataFrame(keys | {"truth": [0.0, 5.0, np.nan, 9.0]})
        quantiles = pl.concat(
            pl.DataFrame(keys | {"value": [value] * 4}).with_columns(quantile=pl.lit(level))
            for level, value in ((0.1, 0.0), (0.9, 4.0))
        )
        found = coverage(quantiles, truth, [Level(0.8), Level(0.9, "upper"), Level(0.9, "lower")])
        assert found.sort("step", "side").rows() == [
            (1, 0.8, "both", 0.5, 2),
            (1, 0.9, "lower", 1.0, 2),
            (1, 0.9, "upper", 0.5, 2),
            (2, 0.8, "both", 0.0, 1),
            (2, 0.9, "lower", 1.0, 1),
            (2, 0.9, "upper", 0.0, 1),
        ]

    def test_a_truth_on_an_end_is_inside_in_spite_of_rounding(self):
        keys = {"series": [1], "id": [1], "step": [1]}
        quantiles = pl.DataFrame(keys | {"quantile": [0.9], "value": [0.1 + 0.7]})  # below 0.8
        found = coverage(quantiles, pl.DataFrame(keys | {"truth": [0.8]}), [Level(0.9, "upper")])
        assert found["coverage"].to_list() == [1]

    @pytest.mark.parametrize("seed", range(3))
    def test_of_an_autoregression_it_is_near_the_level_at_every_step(self, seed):
        """x[t] = 0.8·x[t−1] + e, skewed e; forecasts 0.8^k·x[t]; 600 origins calibrate, 1,000 later ones are judged."""
        generator, horizon = np.random.default_rng(seed), 6
        noise, series = generator.exponential(size=1700) - 1, np.zeros(1700)
        for at in range(1, 1700):
            series[at] = 0.8 * series[at - 1] + noise[at]
        origins, steps = np.arange(50, 1690)[:, None], np.arange(1, horizon + 1)
        truth, forecast = series[origins + steps], 0.8**steps * series[origins]
        step = np.broadcast_to(steps, truth.shape)
        calibration = Calibration(Residuals.of("held-out", step[:600], truth[:600], forecast[:600], 1))
        keys = {"series": 1, "id": np.arange(truth[640:].size), "step": step[640:].ravel().astype(np.int32)}
        points = pl.DataFrame(keys | {"value": forecast[640:].ravel()}).with_columns(quantile=pl.lit(None, pl.Float64))
        levels = [Level(0.5), Level(0.8), Level(0.95), Level(0.9, "upper"), Level(0.9, "lower")]
        found = with_intervals(points.select(POINTS.columns), calibration, levels, {})
        measured = coverage(found.table, pl.DataFrame(keys | {"truth": truth[640:].ravel()}), levels)
        assert measured["test_rows"].unique().to_list() == [1000]
        assert (measured["coverage"] - measured["level"]).abs().max() < 0.07
        assert (measured["coverage"] - measured["level"]).abs().mean() < 0.025


class TestScale:
    def test_it_is_of_changes_from_one_season_to_the_next_and_the_late_ones_count_more(self):
        assert running_scale(np.array([0.0, 9, 1, 9, 2, 9, 3, 9]), 2)[-1] == pytest.approx(0.5)
        values = np.cumsum(np.where(np.arange(40) < 30, 1.0, 11.0))
        assert running_scale(values, 1)[-1] == pytest.approx(((29 + 110) / 39 + 11) / 2)
        assert np.isnan(running_scale(values, 1)[0])
        assert running_scale(values, 1)[20] == pytest.approx(1)

    def test_errors_of_several_series_are_enlarged_to_the_size_of_a_series_at_its_end(self):
        times, values = np.arange(40) * 10, np.cumsum(1.1 ** np.arange(40))
        scales = running_scale(values, 1)
        grown = replace(TrainValues.of_values(values), times=times, scales=scales)
        series, id, step = np.array([1, 1, 2]), np.array([390, 250, 250]), np.array([1, 5, 5])
        found = growth_of({1: grown}, series, id, step)
        assert found == pytest.approx([scales[-1] / scales[38], scales[-1] / scales[20], 1])
        assert growth_of({1: grown}, series[:2], id[:2], step[:2]).tolist() == [1, 1]  # one series needs no common size


class TestFloor:
    def test_it_is_0_for_a_series_whose_measured_train_values_are_never_below_0(self, store):
        """What was filled, and what comes after the train part, does not count."""
        values = np.array([3.0, 1, 5, 2, 0, 4, -7, 2, -3, 1])
        found = {}
        for name, shift in (("never", 0.0), ("once", -0.5)):
            source = DataSource(name=name, time_interval="1d").save()
            times = np.arange(10).astype("datetime64[D]")
            source.write(np.delete(times, 3), np.delete(values + shift, 3))
            preparation = source.create_snapshot().create_preparation("constant(-9)", "none", 0.6, 0.2, 0.2)
            found[source.id] = TrainValues.of(preparation)
        never, once = found
        assert (found[never].smallest, found[once].smallest) == (0, -0.5)
        assert found[never].scale == pytest.approx((2 + 4 + 4) / 3)  # the changes between neighbours that were measured
        assert floors_of("found", found) == {never: 0.0}
        assert floors_of(None, found) == {}
        assert floors_of(-5, found) == {never: -5.0, once: -5.0}

    def test_it_is_a_number_or_found_or_none(self):
        assert [checked_floor(each) for each in (0, 2.5, "found", None)] == [0.0, 2.5, "found", None]
        for wrong in ("0", float("nan"), float("inf"), True, []):
            with pytest.raises(InvalidInputError, match="floor is a number, 'found' or None"):
                checked_floor(wrong)
