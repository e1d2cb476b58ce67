import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from enstorage.errors import InvalidInputError
from enstorage.preparation import parse_clean

NAN = np.nan
METHODS = ["drop", "forward", "backward", "linear", "mean", "median", "constant(7)", "seasonal(3)"]


def fill(token, values, part=None):
    values = np.array(values, dtype=np.float64)
    part = np.zeros(values.shape) if part is None else np.array(part)
    return parse_clean(token).fill(values, part.astype(np.int8)).tolist()


def same(left, right):
    np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("token", [*METHODS, "constant(-1.5)", "constant(1e+22)", "constant(0.1)", "seasonal(24)"])
def test_the_token_of_a_method_is_read_back(token):
    assert str(parse_clean(token)) == token
    assert parse_clean(str(parse_clean(token))) == parse_clean(token)


def test_blanks_do_not_count_and_numbers_become_canonical():
    assert str(parse_clean(" constant( 0.0 ) ")) == "constant(0)"
    assert str(parse_clean("seasonal( 12 )")) == "seasonal(12)"


@pytest.mark.parametrize("token", ["", "spline", "Linear", "linear+mean", "constant(1"])
def test_an_unknown_method_names_the_known_ones(token):
    with pytest.raises(
        InvalidInputError, match=r"drop forward backward linear mean median constant\(v\) seasonal\(n\)"
    ):
        parse_clean(token)


@pytest.mark.parametrize("token", ["linear(2)", "mean()"])
def test_a_superfluous_argument_is_refused(token):
    with pytest.raises(InvalidInputError, match="takes no argument"):
        parse_clean(token)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("constant", text) for text in ("", "()", "(x)", "(nan)", "(inf)")]
    + [("seasonal", text) for text in ("", "()", "(0)", "(-1)", "(1.5)", "(x)")],
)
def test_an_unusable_argument_is_refused(name, argument):
    with pytest.raises(InvalidInputError, match=r"argument .* is not usable"):
        parse_clean(name + argument)


def test_drop_keeps_the_present_rows_and_fills_nothing():
    values = np.array([1.0, NAN, np.inf, 4.0])
    assert parse_clean("drop").kept_rows(values).tolist() == [True, False, False, True]
    same(fill("drop", values), [1, NAN, NAN, 4])


@pytest.mark.parametrize("token", METHODS[1:])
def test_every_other_method_keeps_all_rows(token):
    assert parse_clean(token).kept_rows(np.array([NAN, 1.0])).tolist() == [True, True]


def test_forward_carries_from_train_into_valid_and_leaves_the_start_open():
    same(fill("forward", [NAN, 1, NAN, NAN, 5], [0, 0, 0, 1, 1]), [NAN, 1, 1, 1, 5])


def test_backward_does_not_carry_from_valid_into_train():
    same(fill("backward", [NAN, 1, NAN, NAN, 5, NAN], [0, 0, 0, 1, 1, 2]), [1, 1, NAN, 5, 5, NAN])


def test_linear_fills_valid_from_train_but_not_train_from_valid():
    same(fill("linear", [NAN, 2, NAN, 4, NAN, NAN, 10], [0, 0, 0, 0, 0, 1, 1]), [NAN, 2, 3, 4, NAN, 8, 10])


def test_neighbours_of_a_later_part_are_passed_over_in_a_random_split():
    same(fill("forward", [1, 9, NAN], [0, 2, 0]), [1, 9, 1])
    same(fill("linear", [1, 9, NAN, 4], [0, 2, 0, 0]), [1, 9, 3, 4])


def test_mean_and_median_see_train_rows_only():
    values, part = [1, 2, 6, NAN, NAN, 100], [0, 0, 0, 0, 1, 2]
    same(fill("mean", values, part), [1, 2, 6, 3, 3, 100])
    same(fill("median", values, part), [1, 2, 6, 2, 2, 100])


@pytest.mark.parametrize("token", ["mean", "median"])
def test_mean_and_median_need_a_train_value(token):
    with pytest.raises(InvalidInputError, match="train part has no value"):
        fill(token, [NAN, 2], [0, 1])


def test_constant_fills_every_gap_infinite_values_included():
    same(fill("constant(0)", [NAN, 2, -np.inf]), [0, 2, 0])


def test_seasonal_takes_the_train_mean_of_the_same_phase():
    same(fill("seasonal(2)", [1, 10, 3, NAN, NAN, NAN, 50, 60], [0] * 5 + [1] * 3), [1, 10, 3, 10, 2, 10, 50, 60])


@pytest.mark.parametrize("period", [3, 4, 10**30])
def test_seasonal_leaves_a_phase_without_train_value_open(period):
    same(fill(f"seasonal({period})", [1, NAN, 3]), [1, NAN, 3])


def test_fill_leaves_the_given_array_alone():
    values = np.array([1.0, NAN])
    parse_clean("forward").fill(values, np.zeros(2, dtype=np.int8))
    assert np.isnan(values[1])


def test_fill_refuses_parts_of_another_length():
    with pytest.raises(InvalidInputError, match=r"\(2,\) and \(3,\)"):
        fill("mean", [1, 2], [0, 0, 0])


series = arrays(np.float64, 24, elements=st.one_of(st.just(NAN), st.floats(-1e6, 1e6)))
blocks = np.repeat([0, 1, 2], [12, 6, 6])


@pytest.mark.parametrize("token", METHODS)
@settings(max_examples=20, deadline=None)
@given(before=series, after=series, code=st.integers(0, 1), part=st.one_of(st.just(blocks), st.permutations(blocks)))
def test_a_fill_never_changes_with_values_of_a_later_part(token, before, after, code, part):
    part = np.array(part, dtype=np.int8)
    before[np.argmin(part)] = 1.0
    changed = np.where(part > code, after, before)
    method, seen = parse_clean(token), part <= code
    same(method.fill(before, part)[seen], method.fill(changed, part)[seen])


@pytest.mark.parametrize("token", METHODS)
@settings(max_examples=20, deadline=None)
@given(values=series)
def test_present_values_are_never_changed(token, values):
    values[0] = 1.0
    present = ~np.isnan(values)
    same(parse_clean(token).fill(values, blocks.astype(np.int8))[present], values[present])
