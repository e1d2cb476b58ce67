"""The preference of `form` for simple combinations, by hand."""

import numpy as np

from endirector.selection.preference import prefer_simple
from endirector.selection.search import Scored

ERRORS = {
    "all": np.array([1.06, 1.04, 1.07, 1.05]),  # simple, of three members
    "two": np.array([1.00, 1.02, 1.01, 1.01]),  # simple
    "fitted": np.array([0.90, 1.10, 0.99, 0.97]),
    "far": np.array([0.50, 0.52, 0.51, 0.49]),
}
MEMBERS = {"all": (0, 1, 2), "other": (0, 1, 2), "two": (0, 1), "fitted": (0, 1, 2), "far": (0, 2)}


def preferred(*names, broad):
    trials = [Scored(order, MEMBERS[name], float(ERRORS[name].mean()), 0.0) for order, name in enumerate(names)]
    own = {trial.order: ERRORS[name] for trial, name in zip(trials, names, strict=True)}
    found = prefer_simple(
        trials, lambda trial: names[trial.order] in ("all", "other", "two"), lambda trial: own[trial.order], broad=broad
    )
    return names[found.selected.order]


def test_the_best_simple_one_stands_against_one_that_is_better_within_its_error():
    assert preferred("all", "two", "fitted", broad=False) == "two"


def test_one_that_is_clearly_better_is_taken():
    assert preferred("all", "two", "far", broad=False) == "far"
    assert preferred("all", "two", "far", broad=True) == "far"


def test_broadly_the_one_of_most_members_is_taken_where_it_is_not_far_worse():
    assert preferred("all", "two", "fitted", broad=True) == "all"  # 4.5 % worse than two: within the tenth


def test_broadly_the_first_of_as_many_members_is_taken_where_it_is_not_far_worse(monkeypatch):
    monkeypatch.setitem(ERRORS, "other", ERRORS["all"] * 0.98)
    assert preferred("all", "other", broad=True) == "all"
    assert preferred("other", "all", broad=True) == "other"
    assert preferred("all", "other", broad=False) == "other"
    monkeypatch.setitem(ERRORS, "other", ERRORS["all"] * 0.5)
    assert preferred("all", "other", broad=True) == "other"


def test_broadly_one_that_is_far_worse_is_not_taken(monkeypatch):
    monkeypatch.setitem(ERRORS, "all", ERRORS["all"] * 1.2)
    assert preferred("all", "two", "fitted", broad=True) == "two"
