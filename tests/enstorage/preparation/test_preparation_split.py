import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.errors import InvalidInputError
from enstorage.preparation import PARTS, check_parts, split_rows


def counts(codes):
    return np.bincount(codes, minlength=len(PARTS)).tolist()


@pytest.mark.parametrize(
    ("rows", "parts", "expected"),
    [
        (100, (0.7, 0.15, 0.15), [70, 15, 15]),
        (30, (0.75, 0.15, 0.1), [23, 5, 2]),
        (7, (0.5, 0.25, 0.25), [4, 2, 1]),
        (3, (0.5, 0.0, 0.5), [2, 0, 1]),
        (9, (0.7, 0.3, 0.0), [6, 3, 0]),
        (5, (0.5, 0.5, 0.0), [3, 2, 0]),
        (6, (1.0, 0.0, 0.0), [6, 0, 0]),
        (3, (0.5 - 4e-10, 0.5 - 4e-10, 0.0), [1, 2, 0]),
    ],
)
def test_rows_are_rounded_half_up_and_the_rest_goes_to_the_last_part(rows, parts, expected):
    assert counts(split_rows(rows, *parts)) == expected


def test_time_split_keeps_the_order_of_time():
    codes = split_rows(50, 0.6, 0.2, 0.2)
    assert codes.dtype == np.int8
    assert np.all(np.diff(codes) >= 0)


def test_random_split_deals_out_the_same_counts_and_repeats_with_its_seed():
    codes = split_rows(50, 0.6, 0.2, 0.2, method="random", seed=3)
    assert counts(codes) == counts(split_rows(50, 0.6, 0.2, 0.2))
    assert np.any(np.diff(codes) < 0)
    np.testing.assert_array_equal(codes, split_rows(50, 0.6, 0.2, 0.2, method="random", seed=3))
    assert np.any(codes != split_rows(50, 0.6, 0.2, 0.2, method="random", seed=4))


def test_parts_may_miss_one_by_rounding_only():
    check_parts(0.7, 0.2, 0.1 + 5e-10)
    with pytest.raises(InvalidInputError, match=r"sum of 1.*0\.7 \+ 0\.2 \+ 0\.2"):
        check_parts(0.7, 0.2, 0.2)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_share_outside_zero_to_one_is_refused(share):
    with pytest.raises(InvalidInputError, match="valid_part"):
        check_parts(0.7, share, 0.3)


def test_a_split_without_train_part_is_refused():
    with pytest.raises(InvalidInputError, match="nothing to train on"):
        check_parts(0.0, 0.5, 0.5)


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"time, random.*'shuffle'"):
        check_parts(0.7, 0.2, 0.1, "shuffle")


def test_a_negative_seed_is_refused():
    with pytest.raises(InvalidInputError, match="seed"):
        check_parts(0.7, 0.2, 0.1, "random", -1)


@pytest.mark.parametrize(
    ("rows", "parts", "name"),
    [(0, (1.0, 0.0, 0.0), "train"), (1, (0.6, 0.2, 0.2), "valid"), (10, (0.75, 0.15, 0.1), "test")],
)
def test_a_part_that_gets_no_row_is_named(rows, parts, name):
    with pytest.raises(InvalidInputError, match=f"The {name} part gets no row"):
        split_rows(rows, *parts)


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(50, 5000), train=st.integers(10, 80), valid=st.integers(0, 15))
def test_every_row_gets_one_part_near_its_share(rows, train, valid):
    shares = (train / 100, valid / 100, (100 - train - valid) / 100)
    dealt = counts(split_rows(rows, *shares))
    assert sum(dealt) == rows
    assert all(abs(count - rows * share) < 1.001 for count, share in zip(dealt, shares, strict=True))
