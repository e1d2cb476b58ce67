"""What many tables share, beside Python's own sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endirector.alignment.intersect import intersect

HOUR = 3_600 * 10**9
TIMES = {
    "hours": st.integers(-50, 50).map(lambda hour: hour * HOUR),
    "any nanosecond": st.integers(-(2**63), 2**63 - 1),
    "hours and a little": st.integers(-50, 50).flatmap(lambda hour: st.sampled_from([hour * HOUR, hour * HOUR + 1])),
}


def keys(times):
    return st.tuples(st.sampled_from([3, 4, 900]), times, st.integers(1, 3))


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_common_keys_are_those_of_sets_in_ascending_order(times, data):
    shared = data.draw(st.sets(keys(times), max_size=20))
    tables = [
        data.draw(st.permutations(sorted(shared | data.draw(st.sets(keys(times), max_size=20)))))
        for _ in range(data.draw(st.integers(1, 4)))
    ]
    rows = intersect([np.array(table, dtype=np.int64).reshape(-1, 3).T for table in tables])
    expected = sorted(set.intersection(*map(set, tables)))
    for table, own in zip(tables, rows, strict=True):
        assert [table[row] for row in np.arange(len(table))[own]] == expected


def test_long_tables_with_gaps_agree_with_numpy():
    generator = np.random.default_rng(0)
    every = np.arange(300_000) * HOUR
    tables = [generator.permutation(np.delete(every, generator.choice(len(every), 5_000))) for _ in range(4)]
    expected = tables[0]
    for table in tables[1:]:
        expected = np.intersect1d(expected, table)
    for table, own in zip(tables, intersect([[table] for table in tables]), strict=True):
        assert np.array_equal(table[own], expected)


def test_rows_that_follow_each_other_are_a_slice():
    times = np.arange(100) * HOUR
    rows = intersect([[np.ones(40), times[10:50]], [np.ones(60), times[:60]], [np.ones(70), times[30:]]])
    assert rows == [slice(20, 40), slice(30, 50), slice(0, 20)]


def test_what_follows_each_other_meets_what_does_not():
    """A key of another series, or one that the others have further on, ends a run."""
    times = np.arange(100) * HOUR
    shuffled = np.concatenate([times[50:], times[:50]])
    series = np.where(np.arange(100) < 90, 1, 2)
    one = np.ones(100, dtype=np.int64)
    found = intersect([[one, times], [one, shuffled], [series, times], [one[10:], times[10:]]])
    for own, table in zip(found, (times, shuffled, times, times[10:]), strict=True):
        assert np.array_equal(table[own], times[10:90])


def test_a_key_that_occurs_twice_is_refused_with_the_number_of_its_table():
    once, twice = np.array([1, 2, 3]), np.array([1, 2, 2, 3, 4])
    with pytest.raises(ValueError, match=r"^1$"):
        intersect([[once], [twice]])
    with pytest.raises(ValueError, match=r"^0$"):
        intersect([[np.array([1, 1])], [once]])
