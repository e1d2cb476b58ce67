"""The trimmed mean: the lowest and the highest members of each row are left out."""

import numpy as np
import pytest

from endirector import Fitting, Rows
from endirector.methods.fixed.trimmed import Trimmed
from enstorage.errors import InvalidInputError


def combined(members, **parameters):
    rows = Rows(np.array(members, dtype=np.float64))
    combination = Trimmed(**parameters).fit(Fitting(rows, np.zeros(len(members))))
    return combination.predict(rows).tolist(), dict(combination.facts)


def test_a_share_of_the_members_is_left_out_on_each_side():
    row = [100.0, 4, 2, 3, 5, 1, 6, 7, 8, -50]
    assert combined([row], share=0.2)[0] == [np.mean([2, 3, 4, 5, 6, 7])]
    assert combined([row], share=0.2)[1] == {"left_out_on_each_side": 2, "averaged": 6}
    assert combined([row], share=0)[0] == [np.mean(row)]


@pytest.mark.parametrize("members", [3, 4])
def test_of_few_members_it_is_the_median(members):
    rows = np.random.default_rng(members).normal(size=(20, members))
    assert combined(rows, share=0.1)[0] == pytest.approx(np.median(rows, axis=1).tolist())


def test_of_one_or_two_members_it_is_the_mean():
    assert combined([[1.0, 5.0]], share=0.4)[0] == [3.0]
    assert combined([[7.0]], share=0.4)[0] == [7.0]


def test_something_is_always_left():
    assert combined([[1.0, 2, 3, 4, 5, 6]], share=0.49)[1]["averaged"] == 2


@pytest.mark.parametrize("share", [0.5, -0.1, float("nan"), "0.1", True])
def test_a_share_that_leaves_nothing_is_refused(share):
    with pytest.raises(InvalidInputError, match=r"share is .*; expected a number of at least 0 and below 0\.5"):
        Trimmed(share=share)
