"""The hash by which samples that are built again are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from enstorage.adapter import Samples
from enstorage.adapter.hashing import samples_sha256


def samples(X):
    count = len(X)
    part = np.zeros(count, np.int8)
    return Samples(np.arange(count), X, np.arange(count) / 2, part, origin=None, target=None, lost={})


SERIES = np.random.default_rng(0).standard_normal(70_100)
WINDOWS = sliding_window_view(SERIES, 4)


@pytest.mark.parametrize("rows", [slice(0, 9), slice(0, 1), slice(None), np.array([0, 1, 2, 7, 8, 9, 20])])
def test_windows_and_a_copy_of_them_have_one_hash(rows):
    assert samples_sha256(samples(WINDOWS[rows])) == samples_sha256(samples(np.array(WINDOWS[rows])))
    assert samples_sha256(samples(WINDOWS[rows])) == samples_sha256(samples(np.asfortranarray(WINDOWS[rows])))


def test_each_value_counts():
    original = np.array(WINDOWS[:9])
    hashes = {samples_sha256(samples(original))}
    for row, column in np.ndindex(original.shape):
        changed = original.copy()
        changed[row, column] += 1e-12
        hashes.add(samples_sha256(samples(changed)))
    assert len(hashes) == 1 + original.size


def test_the_place_of_a_gap_counts():
    """The same values in the same number of rows, of which another one goes on."""
    series = np.array([1.0, 1.0, 1.0, 1.0, 2.0])
    one = np.array([series[:3], series[1:4], series[2:]])
    other = np.array([series[:3], series[2:], series[1:4]])
    assert samples_sha256(samples(one)) != samples_sha256(samples(other))


def test_signs_of_zero_and_kinds_of_numbers_count():
    zeros = samples(np.zeros((3, 2)))
    hashes = {samples_sha256(replace(zeros, X=X)) for X in (zeros.X, -zeros.X, zeros.X.astype(np.float32))}
    assert len(hashes) == 3


def test_what_is_no_table_of_numbers_is_told_whole():
    images = samples(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    assert samples_sha256(images) == samples_sha256(images, whole_rows=True)
    assert samples_sha256(samples(WINDOWS[:9])) != samples_sha256(samples(WINDOWS[:9]), whole_rows=True)
