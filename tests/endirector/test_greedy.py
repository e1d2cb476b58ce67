"""Greedy selection by itself, on plain arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from endirector.methods.weighted.greedy import select

finite = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 3))
LOSS = {"mse": lambda error: np.mean(error**2), "mae": lambda error: np.mean(np.abs(error))}


def test_members_are_taken_one_after_another():
    """Errors (2, 2), (−4, 0) and (9, 9). Alone: 4, 8, 81, so the first. With it: 4, (1, 1)² = 1, so the second.

    Then the sums −2, 2 with a third: the first (0, 4)/3 → 16/18, the second (−6, 2)/3 → 40/18. And so on.
    """
    truth = np.array([10.0, 20.0])
    forecasts = truth[:, None] + np.array([[2.0, -4.0, 9.0], [2.0, 0.0, 9.0]])
    taken, losses = select(forecasts, truth, 3)
    assert taken == [0, 1, 0]
    assert losses == pytest.approx([4, 1, 16 / 18])


def test_of_members_that_do_equally_well_the_first_is_taken():
    truth = np.linspace(0, 1, 50)
    same = truth + 0.1 * np.sin(np.arange(50))
    assert select(np.column_stack([same + 5, same, same, same]), truth, 7) == (
        [1],
        [pytest.approx(np.mean((same - truth) ** 2))],
    )


def straightforward(forecasts, truth, rounds, metric):
    """The same as written in the paper: the mean of all that was taken is made anew for each candidate."""
    taken, losses = [], []
    for _ in range(rounds):
        candidates = [
            LOSS[metric](forecasts[:, [*taken, member]].mean(axis=1) - truth) for member in range(forecasts.shape[1])
        ]
        taken.append(int(np.argmin(candidates)))
        losses.append(min(candidates))
    enough = int(np.argmin(losses)) + 1
    return taken[:enough], losses[:enough]


@pytest.mark.parametrize("metric", ["mse", "mae"])
def test_it_takes_what_the_paper_takes(metric):
    generator = np.random.default_rng(4)
    truth = generator.normal(size=20_000)  # more rows than a block has
    forecasts = truth[:, None] + generator.normal(generator.normal(size=6), 1, size=(20_000, 6))
    expected = straightforward(forecasts, truth, 12, metric)
    taken, losses = select(forecasts, truth, 12, metric=metric)
    assert taken == expected[0]
    assert losses == pytest.approx(expected[1])


@settings(max_examples=60, deadline=None)
@given(arrays(float, (9, 4), elements=finite), arrays(float, 9, elements=finite), st.sampled_from(["mse", "mae"]))
def test_it_is_never_worse_than_the_best_single_member(forecasts, truth, metric):
    taken, losses = select(forecasts, truth, 20, metric=metric)
    loss = LOSS[metric](forecasts[:, taken].mean(axis=1) - truth)
    best = min(LOSS[metric](forecasts[:, member] - truth) for member in range(4))
    assert loss == pytest.approx(losses[-1], rel=1e-6, abs=1e-6)
    assert loss <= best * (1 + 1e-9) + 1e-9


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e30, 1e39, 1e100])
def test_members_that_single_precision_cannot_tell_apart_are_told_apart(size):
    truth = np.linspace(0, 1, 1000) * size
    better = truth + size * np.where(np.arange(1000) % 2, 1, -1)
    forecasts = np.column_stack(
        [truth + 1.1 * (better - truth), truth + (1 + 1e-10) * (better - truth), better, better]
    )
    assert select(forecasts, truth, 1, metric="mae") == ([2], [pytest.approx(size)])
