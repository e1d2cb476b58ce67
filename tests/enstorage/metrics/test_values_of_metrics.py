"""Losses and metrics against hand computation, scikit-learn, pandas and scoringrules."""

import numpy as np
import pandas as pd
import pytest
import scoringrules
from sklearn import metrics as sklearn

from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import METRICS, OF_POINTS, at_level, find_metric, measure_all
from enstorage.metrics.interval import interval_levels
from enstorage.metrics.judged import Judged, UndefinedMetricError
from enstorage.metrics.quantile import crps_of_samples
from enstorage.metrics.scale import remarks_on, scale_of

RNG = np.random.default_rng(4)
TRUTH = RNG.normal(50, 10, 200)
FORECAST = TRUTH + RNG.normal(1, 4, 200)
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


def value(name, judged):
    return find_metric(name).measure(judged)


def scales(values, season, series=0):
    return {series: scale_of(np.asarray(values, float), np.arange(len(values)), season)}


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("mse", sklearn.mean_squared_error),
        ("rmse", sklearn.root_mean_squared_error),
        ("mae", sklearn.mean_absolute_error),
        ("mape", sklearn.mean_absolute_percentage_error),
    ],
)
def test_point_metrics_are_those_of_scikit_learn(name, right):
    assert value(name, Judged(TRUTH, FORECAST)) == pytest.approx(right(TRUTH, FORECAST), rel=1e-12)


def test_smape_by_hand():
    """2·10/190, 0, and 0 where truth and forecast are 0."""
    judged = Judged(np.array([100.0, 50.0, 0.0]), np.array([90.0, 50.0, 0.0]))
    assert value("smape", judged) == pytest.approx((20 / 190) / 3, rel=1e-15)
    assert value("smape", Judged(np.array([0.0]), np.array([5.0]))) == 2


def test_mase_and_rmsse_by_hand():
    """Train 1, 2, 4, 8: the naive errors are 1, 2, 4; of season 2 they are 3 and 6."""
    judged = Judged(np.array([10.0, 10.0]), np.array([13.0, 6.0]), scales=scales([1, 2, 4, 8], 1))
    assert value("mase", judged) == pytest.approx(3.5 / (7 / 3), rel=1e-15)
    assert value("rmsse", judged) == pytest.approx((12.5 / (21 / 3)) ** 0.5, rel=1e-15)
    seasonal = Judged(judged.truth, judged.forecast, scales=scales([1, 2, 4, 8], 2))
    assert value("mase", seasonal) == pytest.approx(3.5 / 4.5, rel=1e-15)
    assert value("rmsse", seasonal) == pytest.approx((12.5 / 22.5) ** 0.5, rel=1e-15)


def test_the_scale_is_that_of_pandas_over_measured_rows():
    """Rows that were not measured are in no pair, whether they are NaN or absent."""
    values = pd.Series(RNG.normal(0, 5, 100))
    values[[3, 4, 20, 55, 99]] = np.nan
    for season in (1, 7, 12):
        apart = values.diff(season).dropna()
        found = scale_of(values.to_numpy(), np.arange(100), season)
        absent = scale_of(values.dropna().to_numpy(), values.dropna().index.to_numpy(), season)
        assert found == absent
        assert (found.pairs, found.season) == (len(apart), season)
        assert found.absolute == pytest.approx(apart.abs().mean(), rel=1e-12)
        assert found.squared == pytest.approx((apart**2).mean(), rel=1e-12)


def test_a_season_that_the_train_rows_do_not_allow_is_1_and_said():
    found = scale_of(np.array([1.0, 3.0, 4.0]), np.arange(3), 12)
    assert (found.absolute, found.season, found.usual) == (1.5, 1, 12)
    assert found.remark == "The train rows are too few for the season 12; the scale is of consecutive rows."
    assert scale_of(np.arange(13.0), np.arange(13), 12).remark is None


def test_a_scale_of_zero_or_without_rows_leaves_the_metric_undefined():
    for train, reason in (
        (np.full(9, 5.0), "Train rows that are one row apart are all equal, so the scale is 0."),
        (np.full(1, 5.0), "No two train rows that follow one another were measured, so there is no scale."),
    ):
        judged = Judged(TRUTH, FORECAST, scales=scales(train, 1))
        for name in ("mase", "rmsse"):
            with pytest.raises(UndefinedMetricError, match=reason):
                value(name, judged)
    with pytest.raises(UndefinedMetricError, match="not known"):
        value("mase", Judged(TRUTH, FORECAST))


def test_values_that_differ_by_rounding_alone_have_no_scale():
    assert scale_of(np.array([0.3, 0.1 + 0.2, 0.3]), np.arange(3), 1).undefined is not None


def test_a_value_beyond_the_range_of_numbers_is_undefined_and_not_infinite():
    judged = Judged(np.zeros(1), np.array([1e300]), scales=scales([0, 1e-300], 1))
    with pytest.raises(UndefinedMetricError, match="too large"):
        value("mase", judged)


def test_each_series_has_its_own_scale_and_counts_once():
    """Series 7 has errors of 2 in the scale 1, series 9 those of 30 in the scale 10, of more rows."""
    judged = Judged(
        truth=np.zeros(5),
        forecast=np.array([2.0, 30.0, 30.0, 30.0, 30.0]),
        series=np.array([7, 9, 9, 9, 9]),
        scales=scales([0, 1, 2], 1, 7) | scales([0, 10, 20], 1, 9),
    )
    assert value("mase", judged) == (2 + 3) / 2
    assert value("rmsse", judged) == (2 + 3) / 2


def test_a_series_without_scale_is_left_out_of_the_mean_and_said():
    known = scales([0, 1, 2], 1, 7) | scales([5, 5, 5], 1, 9)
    judged = Judged(np.zeros(2), np.array([2.0, 1.0]), np.array([7, 9]), known)
    assert value("mase", judged) == 2
    assert remarks_on(known.values()) == [
        "1 of 2 series: Train rows that are one row apart are all equal, so the scale is 0."
    ]


def test_mape_is_undefined_where_a_true_value_is_0():
    with pytest.raises(UndefinedMetricError, match="1 of 2 true values are 0"):
        value("mape", Judged(np.array([0.0, 1.0]), np.ones(2)))


def of_quantiles(truth=TRUTH):
    quantiles = {level: FORECAST + np.quantile(FORECAST - TRUTH, level) for level in LEVELS}
    return Judged(truth, FORECAST, quantiles=quantiles)


def test_crps_is_that_of_scoringrules():
    judged = of_quantiles()
    columns = np.column_stack([judged.quantiles[level] for level in LEVELS])
    right = scoringrules.crps_quantile(TRUTH, columns, np.array(LEVELS)).mean()
    assert value("crps", judged) == pytest.approx(right, rel=1e-12)
    samples = TRUTH[:, None] + RNG.normal(0, 3, (200, 25))
    assert crps_of_samples(TRUTH, samples) == pytest.approx(scoringrules.crps_ensemble(TRUTH, samples).mean(), rel=1e-9)


def test_the_pinball_loss_is_that_of_scikit_learn_and_wql_its_weighted_sum():
    judged = of_quantiles()
    losses = [sklearn.mean_pinball_loss(TRUTH, judged.quantiles[level], alpha=level) for level in LEVELS]
    for level, loss in zip(LEVELS, losses, strict=True):
        assert value(f"pinball_{level}", judged) == pytest.approx(loss, rel=1e-12)
    assert value("wql", judged) == pytest.approx(2 * np.mean(losses) * 200 / np.abs(TRUTH).sum(), rel=1e-12)


def test_coverage_and_width_of_each_interval():
    truth = np.array([0.0, 1.0, 2.0, 3.0])
    quantiles = {0.1: np.full(4, 1.0), 0.5: np.full(4, 1.5), 0.9: np.array([2.0, 2.0, 2.0, 2.5])}
    judged = Judged(truth, quantiles[0.5], quantiles=quantiles)
    assert interval_levels(quantiles) == [0.8]
    assert value("coverage_0.8", judged) == 0.5  # the ends are inside
    assert value("width_0.8", judged) == 1.125
    with pytest.raises(UndefinedMetricError, match=r"level 0\.5"):
        value("coverage_0.5", judged)


def test_targets_without_interval_do_not_count_in_its_coverage():
    quantiles = {0.1: np.array([0.0, np.nan]), 0.9: np.array([2.0, np.nan])}
    judged = Judged(np.array([1.0, 9.0]), np.ones(2), quantiles=quantiles)
    assert (value("coverage_0.8", judged), value("width_0.8", judged)) == (1, 2)
    with pytest.raises(UndefinedMetricError, match=r"1 of 2 targets have no forecast of the quantile 0\.1"):
        value("wql", judged)


def test_classes_are_measured_as_by_scikit_learn():
    right = RNG.integers(0, 3, 60)
    probabilities = RNG.dirichlet(np.ones(3), 60)
    judged = Judged(np.eye(3)[right].ravel(), probabilities.ravel(), classes=3)
    assert value("accuracy", judged) == sklearn.accuracy_score(right, probabilities.argmax(axis=1))
    assert value("log_loss", judged) == pytest.approx(sklearn.log_loss(right, probabilities), rel=1e-12)
    second = probabilities[:, 0]
    single = Judged((right == 0).astype(float), second, classes=1)
    assert value("log_loss", single) == pytest.approx(sklearn.log_loss(right == 0, second), rel=1e-12)
    with pytest.raises(UndefinedMetricError, match="probabilities"):
        value("accuracy", Judged(TRUTH, FORECAST))


def test_only_measured_rows_count_in_any_metric():
    """A hundred rows that were not measured, with absurd forecasts, change no figure."""
    judged = of_quantiles()
    holes = np.full(100, np.nan)
    wild = Judged(
        np.concatenate([TRUTH, holes]),
        np.concatenate([FORECAST, holes + 1]),
        scales=scales(TRUTH, 7),
        quantiles={level: np.concatenate([values, np.full(100, 1e9)]) for level, values in judged.quantiles.items()},
    )
    plain = Judged(TRUTH, FORECAST, scales=scales(TRUTH, 7), quantiles=judged.quantiles)
    listed = [at_level(each, 0.8) if each.name in ("coverage", "width") else each for each in METRICS.values()]
    listed = [at_level(each, 0.9) if each.has_level else each for each in listed]
    assert measure_all(listed, wild) == measure_all(listed, plain)
    with pytest.raises(UndefinedMetricError, match="No target was measured"):
        value("mse", Judged(holes, holes))


def test_what_has_no_value_is_given_with_its_reason():
    values, undefined = measure_all(map(find_metric, OF_POINTS), Judged(np.zeros(3), np.ones(3)))
    assert values == {"mse": 1, "rmse": 1, "mae": 1, "smape": 2}
    assert set(undefined) == {"mape", "mase", "rmsse"}


@pytest.mark.parametrize("name", ["mses", "", "coverage", "mase_0.8", "pinball", 3, None])
def test_an_unknown_name_is_refused_with_the_names_that_exist(name):
    with pytest.raises(InvalidInputError, match=r"expected one of mse, rmse, .*coverage_0\.8"):
        find_metric(name)


@pytest.mark.parametrize("name", ["coverage_0", "coverage_1", "coverage_80", "pinball_1.2.3"])
def test_a_level_that_is_none_is_refused(name):
    with pytest.raises(InvalidInputError, match="between 0 and 1"):
        find_metric(name)


def test_upper_case_is_understood():
    assert find_metric("sMAPE") is METRICS["smape"]
    with pytest.raises(InvalidInputError, match="one of mse, mae"):
        find_metric("mase", among=("mse", "mae"))
