"""Weights of each series, shrunk to those of all as far as the evidence asks for."""

import numpy as np
import pytest

from endirector import Fitting, Rows, TargetTimes
from endirector.methods.varying.partial_pooling import PartialPooling
from enstorage.errors import InvalidInputError


def rows_of(good, rows=60, series=20, seed=0):
    """Errors of two members; `good` tells for each series which has the small ones."""
    random = np.random.default_rng(seed)
    first = np.repeat([good(each) == 0 for each in range(series)], rows)
    spread = np.where(np.column_stack([first, ~first]), 0.3, 1.0)
    time = np.tile(np.arange(rows), series)
    return Rows(
        random.normal(size=spread.shape) * spread,
        targets=TargetTimes(np.repeat(np.arange(series), rows), time, time - 1),
    )


def fitted(rows, **parameters):
    return PartialPooling(**parameters).fit(Fitting(rows, np.zeros(len(rows.forecasts))))


@pytest.mark.parametrize("weights", ["simplex", "inverse_error"])
def test_series_that_differ_keep_weights_of_their_own(weights):
    rows = rows_of(lambda each: each % 2)
    combination = fitted(rows, weights=weights)
    first = combination.row_weights(rows)[:, 0]
    even = rows.targets.series % 2 == 0
    assert first[even].min() > 0.8
    assert first[~even].max() < 0.2
    assert combination.facts["k"] is not None


def test_series_that_are_alike_and_short_have_common_weights():
    rows = rows_of(lambda _: 0, rows=4, series=60)
    combination = fitted(rows)
    spread = combination.row_weights(rows)[:, 0].std()
    alone = np.std([each[0] for each in fitted(rows_of(lambda each: each % 2, rows=60)).facts["weights"].values()])
    assert spread < 0.1 < alone
    tried = combination.facts["tried"]
    assert tried["common"] < tried["0"]


def test_a_series_that_was_not_fitted_has_the_common_weights():
    rows = rows_of(lambda each: each % 2)
    combination = fitted(rows)
    new = Rows(np.ones((1, 2)), targets=TargetTimes.ahead(999, 1))
    assert combination.row_weights(new)[0] == pytest.approx(combination.facts["common_weights"])


def test_weights_by_group_serve_all_series_of_the_group():
    rows = rows_of(lambda each: int(each >= 10))
    groups = {str(each): "north" if each < 10 else "south" for each in range(19)}
    combination = fitted(rows, groups=groups)
    assert set(combination.facts["weights"]) == {"north", "south"}
    weights = combination.row_weights(rows)
    series = rows.targets.series
    assert len(np.unique(weights[series < 10], axis=0)) == 1
    assert weights[series == 0][0, 0] > 0.8 > 0.2 > weights[series == 18][0, 0]
    assert weights[series == 19][0] == pytest.approx(combination.facts["common_weights"])  # it has no group


def test_rows_of_one_time_have_common_weights_alone():
    targets = TargetTimes(np.arange(5), np.zeros(5, dtype=np.int64), np.full(5, -1))
    combination = fitted(Rows(np.random.default_rng(0).normal(size=(5, 2)), targets=targets))
    assert combination.facts["k"] is None
    assert combination.weights == pytest.approx(combination.facts["common_weights"])


BAD = {
    "weights": ({"weights": "equal"}, "expected one of: inverse_error, simplex"),
    "groups": ({"groups": ["north"]}, "a mapping from ids of data sources"),
    "empty": ({"groups": {}}, "a mapping from ids of data sources"),
    "names": ({"groups": {"shop": "north"}}, "a mapping from ids of data sources"),
}


@pytest.mark.parametrize(("parameters", "words"), BAD.values(), ids=BAD)
def test_wrong_parameters_are_refused(parameters, words):
    with pytest.raises(InvalidInputError, match=words):
        PartialPooling(**parameters)
