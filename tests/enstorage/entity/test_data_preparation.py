"""A preparation: cleaned, transformed, split; kept, replayable and invertible."""

import itertools
import math

import numpy as np
import pytest

from enstorage import DataPreparation, DataSource, check
from enstorage.adapter import Window
from enstorage.errors import CorruptError, ImmutableError, InvalidInputError
from enstorage.objects.table import to_parquet

GAPS = [3.0, np.nan, 5.0, 6.0, 7.0, np.nan, np.nan, 10.0, np.nan, 12.0]
CHAINS = [
    "none",
    "minmax",
    "standard",
    "robust",
    "log",
    "log1p",
    "sqrt",
    "yeojohnson",
    "difference",
    "seasonal_difference(3)",
    "log+difference+minmax",
    "sqrt+seasonal_difference(2)+difference+standard",
]


def snapshot_of(values):
    """A snapshot with a row a day; NaN for a day without points."""
    values = np.asarray(values, float)
    days = np.datetime64("2020-01-01", "ns") + np.arange(len(values)) * np.timedelta64(1, "D")
    known = np.isfinite(values)
    source = DataSource(name="days", time_interval="1d").save()
    source.write(days[known], values[known])
    return source.create_snapshot()


@pytest.mark.parametrize(
    ("rows", "shares"), [(100, (0.7, 0.15, 0.15)), (11, (0.5, 0.25, 0.25)), (9, (0.7, 0.0, 0.3)), (5, (1.0, 0.0, 0.0))]
)
def test_parts_are_cut_in_time_order_and_rounded_half_up(store, rows, shares):
    preparation = snapshot_of(np.arange(rows)).create_preparation("drop", "none", *shares)
    train = math.floor(rows * shares[0] + 0.5)
    valid = math.floor(rows * shares[1] + 0.5)
    assert preparation.state["parts"] == {"train": train, "valid": valid, "test": rows - train - valid}
    assert preparation.table()["part"].to_list() == [0] * train + [1] * valid + [2] * (rows - train - valid)
    assert preparation.state["leaks"] is False


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("drop", [3, 5, 6, 7, 10, 12]),
        ("forward", [3, 3, 5, 6, 7, 7, 7, 10, 10, 12]),
        ("backward", [3, 5, 5, 6, 7, np.nan, 10, 10, 12, 12]),  # row 5 is the last of train: no look ahead
        ("linear", [3, 4, 5, 6, 7, np.nan, 9, 10, 11, 12]),
        ("mean", [3, 5.25, 5, 6, 7, 5.25, 5.25, 10, 5.25, 12]),
        ("median", [3, 5.5, 5, 6, 7, 5.5, 5.5, 10, 5.5, 12]),
        ("constant(-1)", [3, -1, 5, 6, 7, -1, -1, 10, -1, 12]),
        ("seasonal(2)", [3, 6, 5, 6, 7, 6, 5, 10, 5, 12]),
    ],
)
def test_every_clean_method(store, method, expected):
    preparation = snapshot_of(GAPS).create_preparation(method, "none", 0.6, 0.0, 0.4)
    np.testing.assert_allclose(preparation.table()["value"].to_numpy(), expected)
    assert preparation.clean_method == method
    assert preparation.rows == len(expected)
    assert preparation.state["dropped_rows"] == 10 - len(expected)
    assert preparation.state["unfilled_rows"] == int(np.isnan(expected).sum())


def test_dropped_rows_leave_their_positions_behind(store):
    table = snapshot_of(GAPS).create_preparation("drop").table()
    assert table.columns == ["position", "time", "value", "prepared", "part"]
    assert table["position"].to_list() == [0, 2, 3, 4, 7, 9]
    assert np.diff(table["time"].to_numpy() // (86_400 * 10**9)).tolist() == [2, 1, 1, 3, 2]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_is_fitted_on_train_rows_kept_and_replayed(store, chain):
    generator = np.random.default_rng(5)
    values = generator.uniform(1, 9, 30)
    kept = snapshot_of(values).create_preparation("drop", chain)
    again = DataPreparation.get(kept.id)
    assert again.transform_method == chain
    np.testing.assert_array_equal(again.transform.apply(values), kept.table()["prepared"].to_numpy())
    changed = np.concatenate([values[:21], generator.uniform(1, 900, 9)])  # other test rows change nothing fitted
    assert snapshot_of(changed).create_preparation("drop", chain).state["transform"] == kept.state["transform"]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("minmax", lambda x: (x - x[:7].min()) / np.ptp(x[:7])),
        ("standard", lambda x: (x - x[:7].mean()) / x[:7].std()),
        ("robust", lambda x: (x - np.median(x[:7])) / np.subtract(*np.percentile(x[:7], [75, 25]))),
        ("log", np.log),
        ("difference", lambda x: np.concatenate([[np.nan], np.diff(x)])),
        ("seasonal_difference(3)", lambda x: np.concatenate([[np.nan] * 3, x[3:] - x[:-3]])),
    ],
)
def test_a_transform_is_the_formula_of_its_name(store, chain, expected):
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0, 5.0, 3.5, 8.0])
    prepared = snapshot_of(values).create_preparation("drop", chain).table()["prepared"].to_numpy()
    np.testing.assert_allclose(prepared, expected(values), rtol=1e-12)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("method", ["drop", "linear"])
def test_true_targets_are_inverted_to_the_values_of_the_source(store, chain, method):
    """Gaps included: after dropping, no difference is taken across them."""
    values = np.round(np.random.default_rng(5).uniform(1, 9, 60), 2)
    values[[7, 23, 24, 51]] = np.nan
    snapshot = snapshot_of(values)
    preparation = snapshot.create_preparation(method, chain)
    for horizon, part in itertools.product((1, 3), ("train", "test", None)):
        data_set = preparation.create_set(Window(3, horizon=horizon))
        ids, _, y = data_set.arrays(part)
        times, truth = data_set.targets(part)
        inverted = data_set.invert(y, part)
        assert inverted.shape == y.shape == truth.shape == times.shape
        # The change from a filled value was not measured, even where the value itself was.
        assert not (np.isnan(truth) & ~np.isnan(inverted)).any()
        np.testing.assert_allclose(inverted, np.where(np.isnan(inverted), np.nan, truth), rtol=1e-9)
        np.testing.assert_array_equal(times if horizon == 1 else times[:, 0], ids)
        if method == "drop":
            position = np.searchsorted(snapshot.read()[0], times)
            np.testing.assert_array_equal(truth, values[position])


def test_preparing_again_gives_the_same_and_stores_nothing(store, sunspots, census):
    preparation = sunspots.create_snapshot().create_preparation("linear", "log+difference+minmax")
    before = census(store)
    assert preparation.prepare() is preparation
    assert DataPreparation.get(preparation.id).prepare() == preparation
    assert census(store) == before


def test_preparing_again_tells_when_it_does_not_come_out_the_same(store, sunspots, census):
    preparation = sunspots.create_snapshot().create_preparation()
    other = sunspots.create_snapshot()
    csv = other.data_csv
    table = csv.table().with_columns(value=csv.table()["value"] + 1)
    with store.transaction() as session:  # as no call of the library would do
        from enstorage import DataCsv

        session.execute(
            DataCsv.__table__.update()
            .where(DataCsv.id == preparation.data_snapshot.data_csv_id)
            .values(sha256=store.objects.put(to_parquet(table)))
        )
    before = census(store)
    with pytest.raises(
        CorruptError, match=r"DataPreparation\(1\) cannot be reproduced: .*gave the hash .*; expected the stored hash"
    ):
        preparation.prepare()
    assert census(store) == before


def test_equal_preparations_have_equal_hashes(store):
    snapshot, changed = snapshot_of(np.arange(20.0)), snapshot_of([*range(19), 19.5])
    first = snapshot.create_preparation("drop", "minmax")
    assert snapshot.create_preparation("drop", "minmax").sha256 == first.sha256
    assert changed.create_preparation("drop", "minmax").sha256 != first.sha256
    assert snapshot.create_preparation("drop", "minmax", 0.5, 0.0, 0.5).sha256 != first.sha256
    assert snapshot.create_preparation("drop", "standard").sha256 != first.sha256


def test_a_random_split_is_repeatable_and_marked_as_leaking(store):
    snapshot = snapshot_of(np.arange(30.0))
    first = snapshot.create_preparation(split="random", seed=3)
    part = first.table()["part"].to_numpy()
    assert first.state["leaks"] is True
    assert np.bincount(part).tolist() == [21, 0, 9]
    assert (np.diff(part) < 0).any()
    assert snapshot.create_preparation(split="random", seed=3).sha256 == first.sha256
    assert snapshot.create_preparation(split="random", seed=4).sha256 != first.sha256
    assert first.prepare() == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fill",), r"clean method is not known. Expected one of: drop forward backward linear mean .*received 'fill'"),
        (("constant",), r"argument of the clean method constant .*constant\(v\)"),
        (("seasonal(0)",), r"seasonal\(n\) with n an integer number of rows, at least 1"),
        (("drop", "logarithm"), r"transform step 'logarithm' is not known. .*seasonal_difference\(n\).*Correct"),
        (("drop", "log"), r"log.*above 0"),
        (
            ("drop", "none", 0.7, 0.2, 0.2),
            r"parts do not cover all rows once. Expected a sum of 1; received 0\.7 \+ 0\.2",
        ),
        (("drop", "none", 0.0, 0.5, 0.5), "nothing to train on"),
        (("drop", "none", 1.2, 0.0, -0.2), "train_part is no share"),
        (("drop", "none", 0.98, 0.01, 0.01), r"valid part gets no row"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused_and_nothing_is_kept(store, census, arguments, message):
    snapshot = snapshot_of([0.0, 1.0, np.nan, 3.0, 4.0])
    before = census(store)
    with pytest.raises(InvalidInputError, match=message):
        snapshot.create_preparation(*arguments)
    assert {name: count for name, count in census(store).items() if count != before[name]} == {}


@pytest.mark.parametrize(("split", "seed", "word"), [("shuffle", 0, "split method"), ("random", -1, "seed")])
def test_an_unknown_split_is_refused(store, split, seed, word):
    with pytest.raises(InvalidInputError, match=word):
        snapshot_of([1.0, 2.0]).create_preparation(split=split, seed=seed)


def test_it_is_immutable(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation()
    preparation.train_part = 0.5
    with pytest.raises(ImmutableError, match="cannot change its train_part"):
        preparation.save()


def test_differences_need_to_know_where_a_forecast_starts(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "difference")
    with pytest.raises(InvalidInputError, match=r"Forecasts of differences cannot be summed up.*last known row"):
        preparation.invert(np.zeros(3))
    assert check(store) == []
