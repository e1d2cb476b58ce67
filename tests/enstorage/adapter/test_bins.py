"""Targets become classes, and probabilities become forecasts again."""

import numpy as np
import pytest

from enstorage import DataSet, DataSource
from enstorage.adapter import Bins, Branches, Interval, Window
from enstorage.errors import InvalidInputError

DAY = 86_400 * 10**9


@pytest.fixture
def customer(store):
    """A customer who comes again after 10, 20, 50, 70, 90, 100 and so on days; two thirds of the visits are train rows."""
    intervals = [10, 20, 50, 70, 90, 100, 40, 80, 30, 60, 99, 150, 5, 45, 85, 65, 120, 15]
    source = DataSource(name="customer")
    source.write(np.cumsum([0, *intervals]) * DAY, np.ones(len(intervals) + 1))
    return source.create_snapshot().create_preparation("drop", "none", 2 / 3, 0.0, 1 / 3)


EDGES = (40, 60, 80, 100)


def test_the_classes_of_the_source(customer):
    """0–40, 40–60, 60–80, 80–100 and 100 or more days; a bound belongs to the class above it."""
    adapter = Bins(Interval(look_back=2), EDGES)
    assert adapter.classes == ["below 40", "40 to 60", "60 to 80", "80 to 100", "100 or more"]
    data_set = DataSet.get(customer.create_set(adapter).id)
    _, X, y = data_set.arrays("train")
    assert y.dtype == np.float32
    assert y.sum(axis=1).tolist() == [1] * len(y)
    #          target: 50 70 90 100 40 80 30 60 99 150
    assert y.argmax(axis=1).tolist() == [1, 2, 3, 4, 1, 3, 0, 2, 3, 4]
    assert X[0].tolist() == [10, 20]
    assert data_set.name == "bins 40, 60, 80, 100 of interval look_back 2"
    assert data_set.adapter == {
        "name": "bins",
        "adapter": {"name": "interval", "look_back": 2},
        "edges": [40.0, 60.0, 80.0, 100.0],
    }
    data_set.verify()


def test_targets_stay_in_days_and_probabilities_become_days(customer):
    """The mean of each class is that of its train rows: 30; 45; 65; (90 + 80 + 99) / 3; 125."""
    data_set = customer.create_set(Bins(Interval(look_back=2), EDGES))
    ids, truth = data_set.targets("test")
    assert truth.tolist() == [5, 45, 85, 65, 120, 15]
    assert ids.shape == truth.shape
    means = [30, 45, 65, 269 / 3, 125]
    np.testing.assert_allclose(data_set.invert(np.eye(5), "test"), means)
    halves = np.array([[0.5, 0.5, 0, 0, 0], [0.2] * 5])
    np.testing.assert_allclose(data_set.invert(halves, "test"), [37.5, np.mean(means)])
    assert data_set.arrays("test")[2].argmax(axis=1).tolist() == [0, 1, 3, 2, 4, 0]


def test_test_rows_have_no_say_in_the_means(customer):
    source = customer.data_snapshot.data_source
    times, _ = source.read()
    source.write([times[-1] + 1000 * DAY], [1.0])
    longer = source.create_snapshot().create_preparation("drop", "none", 13 / 20, 0.0, 7 / 20)
    one, other = (each.create_set(Bins(Interval(2), EDGES)) for each in (customer, longer))
    assert other.targets("test")[1][-1] == 1000
    assert one.invert(np.eye(5)).tolist() == other.invert(np.eye(5)).tolist()


def test_edges_are_in_the_units_of_the_source_whatever_the_models_see(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "log+difference+minmax")
    data_set = preparation.create_set(Bins(Window(5), (30, 60)))
    _, truth = data_set.targets()
    _, X, y = data_set.arrays()
    np.testing.assert_array_equal(y.argmax(axis=1), np.digitize(truth, [30, 60]))
    assert 0 <= np.nanmin(X[data_set.parts() == 0]) <= np.nanmax(X[data_set.parts() == 0]) <= 1
    train = data_set.parts() == 0
    means = [truth[train & (y[:, c] == 1)].mean() for c in range(3)]
    np.testing.assert_allclose(data_set.invert(np.eye(3)), means)


def test_classes_of_several_series_side_by_side(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation()
    other = sunspots.create_snapshot().create_preparation("drop", "log")
    made = preparation.create_set(Bins(Branches([other, preparation], lag=3), (50,)))
    data_set = DataSet.get(made.id)
    assert [array.shape for array in data_set.arrays()] == [(37,), (37, 3, 2), (37, 2)]
    assert data_set.preparations() == [other, preparation]


def test_classes_that_the_train_part_lacks_are_named(store, customer, census):
    before = census(store)
    with pytest.raises(
        InvalidInputError,
        match=r"2 of 4 classes are missing in the train part, which has 10 samples: below 2, 200 or more\. "
        r"Expected at least one of each\. Use fewer edges, or a larger train part",
    ):
        customer.create_set(Bins(Interval(2), (2, 70, 200)))
    assert census(store) == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bins(Window(3), ()), r"one or more finite numbers in ascending order; received \(\)"),
        (lambda: Bins(Window(3), (1, 1)), r"received \(1, 1\)\. Sort them"),
        (lambda: Bins(Window(3), (1, float("inf"))), "finite numbers"),
        (lambda: Bins(Window(3), ("a",)), "finite numbers"),
        (lambda: Bins("window", (1,)), r"'window' is not an adapter; expected one, as in Bins\(Interval"),
    ],
)
def test_wrong_bins_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


def test_several_steps_are_refused(store, sunspots):
    with pytest.raises(
        InvalidInputError, match=r"Bins takes one target for each sample.*window lag 3 horizon 2 gives 2\. Use ho"
    ):
        sunspots.create_snapshot().create_preparation().create_set(Bins(Window(3, horizon=2), (50,)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((2, 3)) / 3, r"one probability per class, shape \(rows, 5\); received \(2, 3\)"),
        (np.ones(5) / 5, r"received \(5,\)"),
        (np.full((2, 5), 0.3), r"sum to 1; received a row with the sum 1\.5.*softmax"),
        (np.array([[2.0, -1, 0, 0, 0]]), "the smallest probability is -1"),
        (np.full((1, 5), np.nan), "a row with the sum nan"),
    ],
)
def test_what_are_no_probabilities_is_refused(customer, given, message):
    data_set = customer.create_set(Bins(Interval(2), EDGES))
    with pytest.raises(InvalidInputError, match=message):
        data_set.invert(given)
