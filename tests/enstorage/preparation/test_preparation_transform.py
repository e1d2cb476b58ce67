import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.errors import InvalidInputError, MissingLibraryError
from enstorage.preparation import FittedTransform, Transform

NAN = np.nan
TRAIN = np.arange(40) < 28
STEPS = ["minmax", "standard", "robust", "log", "log1p", "sqrt", "yeojohnson", "difference", "seasonal_difference(7)"]
CHAINS = [
    "none",
    *STEPS,
    "log+difference+minmax",
    "difference+seasonal_difference(3)",
    "seasonal_difference(4)+difference+standard",
    "sqrt+seasonal_difference(2)+robust",
    "standard+yeojohnson+difference",
    "minmax+log1p+difference+difference+yeojohnson",
]

seeds = st.integers(0, 2**32 - 1)


def fit(token, values, train=TRAIN):
    return Transform.parse(token).fit(np.asarray(values, dtype=np.float64), train)


def wave(seed=1):
    """A rising series above 1 with rises and falls; long enough for every chain."""
    rows, random = np.arange(40), np.random.default_rng(seed)
    return 20 + 0.3 * rows + 5 * np.sin(rows) + random.uniform(0.2, 3) * random.uniform(-1, 1, size=40)


def true_forecasts(prepared, origins, horizon):
    return prepared[origins[:, np.newaxis] + np.arange(1, horizon + 1)]


@pytest.mark.parametrize("token", CHAINS)
def test_the_token_of_a_chain_is_read_back(token):
    assert str(Transform.parse(token)) == token
    assert Transform.parse(str(Transform.parse(token))) == Transform.parse(token)


def test_blanks_do_not_count():
    assert str(Transform.parse(" log + seasonal_difference( 12 ) ")) == "log+seasonal_difference(12)"


@pytest.mark.parametrize("token", ["", "Log", "boxcox", "log+", "none+log", "log++minmax", "log(2)", "difference(1)"])
def test_an_unknown_step_names_the_known_ones(token):
    with pytest.raises(InvalidInputError, match="minmax standard robust log log1p sqrt yeojohnson difference seasonal"):
        Transform.parse(token)


@pytest.mark.parametrize("argument", ["", "()", "(0)", "(-1)", "(1.5)", "(x)"])
def test_seasonal_difference_needs_a_period(argument):
    with pytest.raises(InvalidInputError, match="integer number of rows, at least 1"):
        Transform.parse(f"seasonal_difference{argument}")


def test_scales_are_those_of_the_train_rows():
    values, train = np.array([1.0, 2.0, 3.0, 6.0, 100.0]), np.arange(5) < 4
    np.testing.assert_allclose(fit("minmax", values, train).apply(values), (values - 1) / 5)
    np.testing.assert_allclose(fit("standard", values, train).apply(values), (values - 3) / np.sqrt(3.5))
    np.testing.assert_allclose(fit("robust", values, train).apply(values), (values - 2.5) / 2)


@pytest.mark.parametrize("token", ["minmax", "standard", "robust"])
def test_a_constant_train_part_is_shifted_only(token):
    values = np.array([0.1] * 6 + [1.1])  # the deviation of the six is 1.4e-17 by rounding
    np.testing.assert_allclose(fit(token, values, np.arange(7) < 6).apply(values), [0.0] * 6 + [1.0], atol=1e-15)


@pytest.mark.parametrize("token", ["minmax", "standard", "robust"])
def test_values_too_large_to_scale_are_refused(token):
    with pytest.raises(InvalidInputError, match="too large"):
        fit(token, [-1.7e308] * 4 + [1.7e308] * 4, np.ones(8, dtype=bool))


def test_differences_begin_with_missing_values():
    np.testing.assert_array_equal(fit("difference", wave()).apply(np.array([1.0, 3.0, 6.0])), [NAN, 2, 3])
    seasonal = fit("seasonal_difference(2)", wave())
    np.testing.assert_array_equal(seasonal.apply(np.array([1.0, 3.0, 6.0, 7.0])), [NAN, NAN, 5, 4])
    np.testing.assert_array_equal(seasonal.apply(np.array([1.0])), [NAN])


def test_missing_values_stay_missing_and_infinite_ones_become_so():
    values = np.array([1.0, NAN, -np.inf, 4.0])
    np.testing.assert_array_equal(
        np.isnan(fit("log", values, np.ones(4, bool)).apply(values)), [False, True, True, False]
    )


@pytest.mark.parametrize(
    ("token", "values", "message"),
    [
        ("log", [1, 0, -2, 3], r"2 of 4 values.*above 0.*-2\.0.*log1p, yeojohnson or difference"),
        ("log1p", [1, 0, -1, 3], r"1 of 4 values.*above -1.*-1\.0.*yeojohnson or difference"),
        ("sqrt", [1, 0, -2, 3], r"1 of 4 values.*0 or more.*-2\.0.*yeojohnson or difference"),
        ("difference+log", [5, 6, 4, 7], r"1 of 4 values.*-2\.0"),
    ],
)
def test_values_outside_the_domain_are_counted_over_all_parts(token, values, message):
    with pytest.raises(InvalidInputError, match=message):
        fit(token, values, np.array([True, True, False, False]))


def test_a_negative_forecast_of_a_root_inverts_to_zero():
    np.testing.assert_array_equal(fit("sqrt", wave()).invert(np.array([-3.0, 2.0, NAN])), [0, 4, NAN])


def test_yeojohnson_agrees_with_scipy():
    from scipy.stats import yeojohnson

    values = np.random.default_rng(2).gamma(1.5, size=40) - 1
    expected, power = yeojohnson(values[TRAIN])
    fitted = fit("yeojohnson", values)
    np.testing.assert_allclose(fitted.apply(values)[TRAIN], expected, rtol=1e-9)
    np.testing.assert_allclose(fitted.apply(values), yeojohnson(values, power), rtol=1e-9)


@pytest.mark.parametrize("power", [-1.5, 0.0, 0.7, 1.0, 2.0, 3.5])
def test_yeojohnson_inverts_either_sign_for_every_power(power):
    fitted = FittedTransform.from_json({"steps": [{"step": "yeojohnson", "power": power}]})
    values = np.linspace(-5, 5, 21)
    np.testing.assert_allclose(fitted.invert(fitted.apply(values)), values, atol=1e-9)


def test_a_forecast_outside_the_image_of_yeojohnson_is_missing():
    fitted = FittedTransform.from_json({"steps": [{"step": "yeojohnson", "power": -1.0}]})
    assert np.isnan(fitted.invert(np.array([0.5, 1.0, 1.5]))).tolist() == [False, True, True]


def test_yeojohnson_leaves_equal_values_as_they_are():
    np.testing.assert_allclose(fit("yeojohnson", np.full(40, 3.0)).apply(np.array([-2.0, 3.0])), [-2, 3])


def test_yeojohnson_refuses_values_that_it_would_flatten():
    values = 1e3 + np.random.default_rng(0).exponential(size=40)
    with pytest.raises(InvalidInputError, match=r"Put standard\+"):
        fit("yeojohnson", values)
    fitted = fit("standard+yeojohnson", values)
    np.testing.assert_allclose(fitted.invert(fitted.apply(values)), values)


def test_yeojohnson_without_scipy_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(MissingLibraryError, match=r"enstorage\[train\]"):
        fit("yeojohnson", wave())


@pytest.mark.parametrize("token", CHAINS)
def test_a_chain_needs_a_train_value(token):
    with pytest.raises(InvalidInputError, match="No measured train row has a value"):
        fit(token, np.where(TRAIN, NAN, 1.0))


def test_a_difference_longer_than_the_train_part_is_refused():
    with pytest.raises(InvalidInputError, match="No measured train row has a value"):
        fit("seasonal_difference(28)", wave())


def test_fit_refuses_a_mask_of_other_rows():
    with pytest.raises(InvalidInputError, match="do not match"):
        fit("minmax", wave(), TRAIN[:5])
    with pytest.raises(InvalidInputError, match="do not match"):
        fit("minmax", wave(), TRAIN.astype(np.int8))


@pytest.mark.parametrize("token", CHAINS)
@settings(max_examples=8, deadline=None)
@given(seed=seeds)
def test_no_bit_of_a_fitted_chain_is_lost_in_json(token, seed):
    fitted = fit(token, wave(seed))
    assert FittedTransform.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


@pytest.mark.parametrize(
    "stored",
    [{}, {"steps": 3}, {"steps": [{"step": "cube"}]}, {"steps": [{"step": "log", "power": 1}]}, {"steps": [{}]}],
)
def test_foreign_json_is_refused(stored):
    with pytest.raises(InvalidInputError, match="not a stored transform"):
        FittedTransform.from_json(stored)


@pytest.mark.parametrize("token", CHAINS)
@settings(max_examples=8, deadline=None)
@given(seed=seeds, horizon=st.integers(1, 9))
def test_true_prepared_values_invert_to_the_true_future(token, seed, horizon):
    values = wave(seed)
    fitted = fit(token, values)
    origins = np.arange(10, 40 - horizon)
    prepared = true_forecasts(fitted.apply(values), origins, horizon)
    expected = true_forecasts(values, origins, horizon)
    np.testing.assert_allclose(fitted.invert(prepared, values, origins), expected, rtol=1e-6)
    np.testing.assert_allclose(fitted.invert(prepared[:, 0], values, origins), expected[:, 0], rtol=1e-6)


@pytest.mark.parametrize("token", CHAINS)
@settings(max_examples=8, deadline=None)
@given(seed=seeds, other=seeds, shuffled=st.booleans())
def test_fitted_figures_do_not_change_with_other_than_train_rows(token, seed, other, shuffled):
    train = np.random.default_rng(0).permutation(TRAIN) if shuffled else TRAIN
    values = wave(seed)
    assert fit(token, values, train) == fit(token, np.where(train, values, wave(other)), train)


@pytest.mark.parametrize("token", CHAINS)
@pytest.mark.parametrize("poison", [NAN, -1e9])
def test_history_after_the_origin_is_never_read(token, poison):
    values = wave()
    fitted = fit(token, values)
    for origin in (12, 25):
        origins = np.array([origin])
        prepared = true_forecasts(fitted.apply(values), origins, 9)
        poisoned = np.where(np.arange(40) > origin, poison, values)
        np.testing.assert_array_equal(
            fitted.invert(prepared, poisoned, origins), fitted.invert(prepared, values, origins)
        )
    both = np.array([12, 25])
    prepared = true_forecasts(fitted.apply(values), both, 9)
    later = np.where(np.arange(40) > 12, values * 1.5, values)
    np.testing.assert_array_equal(fitted.invert(prepared, later, both)[0], fitted.invert(prepared, values, both)[0])


def test_missing_history_at_the_origin_gives_missing_forecasts():
    fitted = fit("difference", wave())
    history = np.array([1.0, NAN, 3.0])
    np.testing.assert_array_equal(fitted.invert(np.ones((2, 2)), history, np.array([1, 2])), [[NAN, NAN], [4, 5]])
    before_the_start = fit("seasonal_difference(3)", wave()).invert(np.ones((1, 3)), history, np.array([0]))
    np.testing.assert_array_equal(before_the_start, [[NAN, NAN, 2]])


def test_chains_without_difference_need_no_history():
    fitted = fit("log+minmax", wave())
    assert not fitted.needs_history
    np.testing.assert_allclose(fitted.invert(fitted.apply(wave())), wave())
    assert fitted.invert(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("prepared", "history", "origins"),
    [
        (np.ones(2), None, None),
        (np.ones(2), np.ones(5), None),
        (np.ones(2), np.ones(5), np.array([1])),
        (np.ones(2), np.ones(5), np.array([1, 5])),
        (np.ones(2), np.ones(5), np.array([-1, 2])),
        (np.ones(2), np.ones(5), np.array([1.0, 2.0])),
        (np.ones(2), np.ones((5, 1)), np.array([1, 2])),
        (np.ones((2, 1, 1)), np.ones(5), np.array([1, 2])),
    ],
)
def test_differences_refuse_history_that_does_not_fit(prepared, history, origins):
    fitted = fit("log+difference", wave())
    assert fitted.needs_history
    with pytest.raises(InvalidInputError, match="cannot be summed up"):
        fitted.invert(prepared, history, origins)
