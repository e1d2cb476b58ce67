"""Covariates in the table of `autoforecast`: known ahead, known up to now, and the same for a whole series."""

import datetime

import numpy as np
import polars as pl
import pytest

import endirector
from commands import run_command
from enstorage import Connector, Panel
from enstorage.errors import InvalidInputError

MONTHS = pl.date_range(pl.date(2016, 1, 1), pl.date(2021, 6, 1), "1mo", eager=True)
END, HORIZON = datetime.date(2020, 12, 1), 6


def shops(names):
    """Units that follow price and promotion, known half a year ahead; visitors are not."""
    random, n, parts = np.random.default_rng(0), len(MONTHS), []
    for name in names:
        price, promo = random.normal(10, 1, n).round(2), random.random(n) < 0.2
        units = 100 - 6 * (price - 10) + 25 * promo + random.normal(0, 2, n)
        visitors = 2 * units + random.normal(0, 5, n)
        region = "north" if name == "Oslo" else "south"
        columns = {"month": MONTHS, "units": units, "price": price, "promo": promo, "visitors": visitors}
        parts.append(pl.DataFrame({"shop": name, "region": region} | columns))
    return pl.concat(parts)


def known(table):
    """Without what is not known yet."""
    is_past = pl.col("month") <= END
    return table.with_columns(pl.when(is_past).then(pl.col(each)).alias(each) for each in ("units", "visitors"))


ROLES = {"value": "units", "known": ["price", "promo"], "past": "visitors", "static": "region"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    connector = Connector.in_folder(tmp_path_factory.mktemp("covariates") / "store")
    table = known(shops(["Bern", "Oslo", "Riga"]))
    options = {"season": 1, "time_limit": 30, "connector": connector, "progress": False, "name": "Shops"}
    return endirector.autoforecast(table, HORIZON, **ROLES, **options)


@pytest.mark.long
def test_the_regression_sees_the_covariates_and_is_best(made):
    board = made.leaderboard
    errors = dict(board.select("name", "mase").rows())
    assert errors["Regression on covariates"] < 0.6 * min(errors["Naive"], errors["Mean"])
    truth = shops(["Bern", "Oslo", "Riga"]).filter(pl.col("month") > END)["units"].to_numpy()
    point = made.table.filter(pl.col("quantile").is_null())["value"].to_numpy()
    assert np.abs(point - truth).mean() < 6
    assert any(remark.startswith("Covariates: price, promo, visitors; seen by") for remark in made.remarks)


@pytest.mark.long
def test_static_columns_are_tags_by_which_weights_are_tried(made):
    tags = {key: source.tags for key, source in made.panel.sources().items()}
    assert tags == {"Bern": {"region": "south"}, "Oslo": {"region": "north"}, "Riga": {"region": "south"}}
    assert "partial_pooling" in made.ensemble.tried()["method"].to_list()
    assert "by='region'" in made.code()


@pytest.mark.long
def test_new_rows_have_values_of_the_covariates(made):
    full = shops(["Bern", "Oslo", "Riga"])
    january = full.filter(pl.col("month") == datetime.date(2021, 1, 1))
    updated = made.update(january, progress=False)
    assert updated.table["time"].to_list()[0] == "2021-02-01T00:00:00Z"
    (price,) = (panel for panel in Panel.get_list(connector=made.panel.connector) if panel.name == "Shops: visitors")
    assert price.sources()["Bern"].read()[1][-1] == january["visitors"][0]
    alone = updated.update(
        full.filter(pl.col("month") == datetime.date(2021, 2, 1)).select("shop", "month", "units"), progress=False
    )
    assert "The new table has no values of price, promo, visitors." in alone.remarks


def test_what_a_column_could_be_is_proposed():
    found = endirector.understand(known(shops(["Bern", "Oslo"])), value="units")
    assert {each.name: each.could_be for each in found.columns if each.role == "left out"} == {
        "region": None,
        "price": "known",
        "promo": "known",
        "visitors": "past",
    }


def test_covariates_are_described():
    found = endirector.understand(known(shops(["Bern", "Oslo"])), **ROLES)
    assert [(each.name, each.role, each.series, each.steps_ahead) for each in found.covariates] == [
        ("price", "known", 2, 6),
        ("promo", "known", 2, 6),
        ("visitors", "past", 2, 0),
    ]
    assert {each.name: each.role for each in found.columns}["region"] == "static"
    assert endirector.Understanding.from_json(found.to_json()) == found


def test_of_shop_and_region_the_shop_tells_the_series_apart():
    assert [each.key for each in endirector.understand(known(shops(["Bern", "Oslo"])), value="units").series] == [
        "Bern",
        "Oslo",
    ]


def test_one_series_with_covariates():
    table = known(shops(["Bern"])).drop("shop", "region")
    found = endirector.understand(table, value="units", known="price", past=["visitors"])
    assert [(each.series, each.steps_ahead) for each in found.covariates] == [(1, 6), (1, 0)]
    made = endirector.autoforecast(table, 3, understanding=found, time_limit=1e-6, progress=False)
    assert made.table.filter(pl.col("quantile").is_null()).height == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"known": "cost"}, "no column 'cost'"),
        ({"known": "price", "past": "price"}, "'price' is named twice"),
        ({"known": "units"}, "'units' is named twice"),
        ({"past": "region"}, "region"),
    ],
)
def test_wrong_covariates_are_refused_and_nothing_is_stored(tmp_path, options, message):
    connector = Connector.in_folder(tmp_path)
    with pytest.raises(InvalidInputError, match=message):
        endirector.autoforecast(
            known(shops(["Bern"])), 3, value="units", connector=connector, progress=False, **options
        )
    assert not Panel.get_list(connector=connector)


def test_a_series_has_one_group():
    with pytest.raises(InvalidInputError, match="no column with the keys of series, so region cannot be static"):
        endirector.understand(known(shops(["Bern"])).drop("shop"), value="units", static="region")


def test_the_command_takes_names_of_covariates(tmp_path):
    known(shops(["Bern"])).drop("shop", "region").write_csv(tmp_path / "shop.csv")
    words = ("--horizon", 2, "--value-column", "units", "--known", "price,promo", "--past", "visitors")
    done = run_command("autoforecast", tmp_path / "shop.csv", *words, "--time-limit", "1s", "--quiet")
    assert done.status == 0, done.errors
    assert "Covariates: price, promo, visitors" in " ".join(done.output.split())
