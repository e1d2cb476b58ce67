"""Only what was measured counts: filled values move no scale, power or difference."""

import numpy as np
import pytest

from enstorage import DataPreparation, DataSource, check
from enstorage.errors import InvalidInputError

NAN = float("nan")
NS_PER_DAY = 86_400 * 10**9


def preparation_of(values, clean, transform, **parts):
    source = DataSource(name="Load", time_interval="1d", time_from=0, time_to=len(values) * NS_PER_DAY).save()
    known = np.isfinite(values)
    source.write(np.flatnonzero(known) * NS_PER_DAY, np.asarray(values)[known], time_unit="ns")
    snapshot = source.create_snapshot(whole_period=True)
    return snapshot.create_preparation(clean, transform, **({"train_part": 0.6, "test_part": 0.4} | parts))


#: Train rows 2, ·, 6, 4, ·, 8; test rows 5, ·, 9, 1.
GAPS = [2.0, NAN, 6.0, 4.0, NAN, 8.0, 5.0, NAN, 9.0, 1.0]


@pytest.mark.parametrize(
    ("transform", "fitted"),
    [
        ("minmax", {"center": 2.0, "span": 6.0}),
        ("standard", {"center": 5.0, "span": 5.0**0.5}),
        ("robust", {"center": 5.0, "span": 3.0}),
    ],
)
@pytest.mark.parametrize("clean", ["constant(100)", "forward", "mean"])
def test_a_scale_is_that_of_the_measured_train_rows_however_gaps_are_filled(store, clean, transform, fitted):
    preparation = preparation_of(GAPS, clean, transform)
    (step,) = preparation.state["transform"]["steps"]
    assert step == {"step": transform} | {name: pytest.approx(value) for name, value in fitted.items()}
    assert preparation.state["fitted_on"] == 4
    assert preparation.state["filled_rows"] == 3


def test_a_filled_value_is_transformed_by_the_scale_that_it_did_not_move(store):
    table = preparation_of(GAPS, "constant(100)", "minmax").table()
    assert table["prepared"].to_list()[:3] == pytest.approx([0, 98 / 6, 4 / 6])


def test_a_difference_from_or_to_a_filled_value_moves_no_scale(store):
    """Both rows are measured in 6 → 4 alone; 2 → 100 → 6 and 4 → 100 → 8 are no changes of the series."""
    preparation = preparation_of(GAPS, "constant(100)", "difference+standard")
    assert preparation.state["transform"]["steps"][1] == {"step": "standard", "center": -2.0, "span": 1.0}
    preparation = preparation_of(GAPS, "constant(100)", "seasonal_difference(2)+minmax")  # 2 → 6, 4 → 8
    assert preparation.state["transform"]["steps"][1] == {"step": "minmax", "center": 4.0, "span": 1.0}


def test_a_power_is_that_of_the_measured_train_rows(store):
    values = np.random.default_rng(3).gamma(2, 3, 60)
    values[[4, 9, 20]] = NAN
    filled = preparation_of(values, "constant(900)", "yeojohnson")
    dropped = preparation_of(values, "drop", "yeojohnson", train_part=33 / 57, test_part=24 / 57)  # the same rows
    assert filled.state["transform"] == dropped.state["transform"]
    assert filled.state["fitted_on"] == dropped.state["fitted_on"] == 33


def test_of_101_days_of_which_the_last_were_only_filled_the_scale_is_that_of_the_measured_ones(store):
    """Zeros and tens alternate, measured up to day 50; `forward` carries the last zero to the end of the train part."""
    values = np.where(np.arange(101) % 2 == 0, 0.0, 10.0)
    values[51:] = NAN
    step = preparation_of(values, "forward", "standard", train_part=0.8, test_part=0.2).state["transform"]["steps"][0]
    measured = values[:51]
    assert (step["center"], step["span"]) == pytest.approx((measured.mean(), measured.std()))
    assert step["center"] == pytest.approx(250 / 51)


def test_a_train_part_without_a_measured_row_or_change_is_refused(store):
    with pytest.raises(InvalidInputError, match=r"None of the 6 train rows was measured\. Expected at least one"):
        preparation_of([NAN] * 6 + [1.0, 2.0, 3.0, 4.0], "constant(0)", "minmax")
    with pytest.raises(InvalidInputError, match="No measured train row has a value before standard"):
        preparation_of([1.0, NAN] * 5, "forward", "difference+standard")


def test_a_preparation_of_an_earlier_version_is_verified_by_the_rule_of_its_time(store):
    """Its state does not say how many rows it was fitted on: the filled ones were among them."""
    preparation = preparation_of(GAPS, "constant(100)", "minmax")
    table, state = preparation._compute(preparation.data_snapshot, fitted_on_filled=True)
    assert state["transform"]["steps"] == [{"step": "minmax", "center": 2.0, "span": 98.0}]
    assert "fitted_on" not in state
    assert table["prepared"].to_list()[:3] == pytest.approx([0, 1, 4 / 98])
    older = DataPreparation(
        data_snapshot=preparation.data_snapshot, clean_method="constant(100)", transform_method="minmax", train_part=0.6
    )
    older._compute = lambda *_, **__: (table, state)  # type: ignore[method-assign]
    older.prepare()
    again = DataPreparation.get(older.id)
    assert again.prepare().state == state
    assert check(store) == []
