"""`understand`: a table described as JSON before anything is trained, corrected by people, and then forecast so."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import endirector
from enstorage import Connector, DataSource
from enstorage.errors import CancelledError, InvalidInputError, NotFoundError

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
NAIVE = {"time_limit": 1e-6, "progress": False}


@pytest.fixture(scope="module")
def table():
    t, random = np.arange(len(MONTHS)), np.random.default_rng(0)
    seasonal = 100 + 20 * np.sin(t * np.pi / 6) + random.normal(0, 2, len(t))
    bern = pl.DataFrame({"shop": "Bern", "month": MONTHS, "units": seasonal, "price": np.full(len(t), 2.0)})
    oslo = bern.head(40).with_columns(shop=pl.lit("Oslo"), units=pl.col("units") * 2)
    return pl.concat([bern, oslo.filter(pl.col("month") != MONTHS[5])])


def again(found):
    """As it comes back from a web page."""
    return endirector.Understanding.from_json(json.loads(json.dumps(found.to_json())))


def test_columns_series_season_and_gaps_are_described(table):
    found = endirector.understand(table)
    assert [(each.name, each.content, each.role) for each in found.columns] == [
        ("shop", "texts", "series"),
        ("month", "times", "time"),
        ("units", "numbers", "value"),
        ("price", "numbers", "left out"),
    ]
    assert found.columns[0].examples == ["Bern", "Oslo"]
    oslo = found.series[1]
    assert (oslo.key, oslo.time_interval, oslo.rows, oslo.measured) == ("Oslo", "1mo", 40, 39)
    assert (oslo.first, oslo.last) == ("2018-01-01T00:00:00Z", "2021-04-01T00:00:00Z")
    assert oslo.tail[5] is None
    assert oslo.tail[0] == table.filter(pl.col("shop") == "Oslo")["units"][0]
    assert found.season == 12
    assert found.season_reason in found.remarks
    assert any("1 buckets in 1 series are empty" in remark for remark in found.remarks)


def test_of_several_columns_of_numbers_the_first_is_taken_and_it_is_told(table):
    found = endirector.understand(table.select("shop", "month", "price", "units"))
    assert "Values are taken from price; units has also numbers. Name another column with value." in found.remarks
    corrected = endirector.understand(table, **{**found.told, "value": "units", "season": 6})
    assert corrected.told == {"value": "units", "season": 6}
    assert corrected.season == 6
    assert {each.name for each in corrected.columns if each.role == "value"} == {"units"}


def test_nothing_is_stored(table, tmp_path):
    connector = Connector.in_folder(tmp_path)
    with connector:
        endirector.understand(table)
    assert not DataSource.get_list(connector=connector)


def test_it_comes_back_from_json_as_it_was(table):
    found = endirector.understand(table, time_zone="Europe/Zurich", missing=("-999",), name="Shops", unit="t")
    assert again(found) == found
    assert found.told == {"time_zone": "Europe/Zurich", "missing": ["-999"], "name": "Shops", "unit": "t"}


def test_other_json_is_refused():
    with pytest.raises(
        InvalidInputError, match=r"no understanding of a table: 'columns'\. Expected an object with told"
    ):
        endirector.Understanding.from_json({"season": 3})


def test_a_forecast_is_made_of_the_table_as_it_was_understood(table):
    found = again(endirector.understand(table, value="units", season=6, name="Shops", unit="t"))
    forecast = endirector.autoforecast(table, 3, understanding=found, **NAIVE)
    assert forecast.panel.name == "Shops"
    assert {source.unit for source in forecast.panel.sources().values()} == {"t"}
    assert {group.tier.plan.season for group in forecast.groups} == {6}
    assert "Season: 6 buckets, as told." in forecast.remarks


def test_the_same_with_and_without_understanding_first(table, tmp_path):
    table.write_csv(tmp_path / "shops.csv")
    found = again(endirector.understand(tmp_path / "shops.csv"))
    first = endirector.autoforecast(tmp_path / "shops.csv", 3, understanding=found, **NAIVE)
    alone = endirector.autoforecast(tmp_path / "shops.csv", 3, **NAIVE)
    assert first.table.equals(alone.table)
    assert found.season_reason in alone.remarks


def test_an_anchor_that_was_found_is_found_again():
    weeks = pl.date_range(pl.date(2020, 1, 5), pl.date(2021, 12, 26), "1w", eager=True)  # Sundays
    table = pl.DataFrame({"week": weeks, "n": np.arange(float(len(weeks)))})
    found = again(endirector.understand(table))
    forecast = endirector.autoforecast(table, 2, understanding=found, levels=(), **NAIVE)
    assert forecast.table["time"].to_list() == ["2022-01-02T00:00:00Z", "2022-01-09T00:00:00Z"]


def test_what_is_understood_is_not_told_again(table):
    found = endirector.understand(table)
    with pytest.raises(InvalidInputError, match="and value, season was given too"):
        endirector.autoforecast(table, 3, understanding=found, value="price", season=3)


def test_wide_tables_and_times_in_the_header():
    wide = pl.DataFrame({"month": MONTHS, "a": np.arange(48.0), "b": np.arange(48.0)})
    assert [each.role for each in endirector.understand(wide).columns] == ["time", "value", "value"]
    header = pl.DataFrame({"shop": ["a", "b"], **{f"2020-{month:02}": [1.0, 2.0] for month in range(1, 13)}})
    found = endirector.understand(header)
    assert not found.columns
    assert [each.rows for each in found.series] == [12, 12]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"season": 0}, "season is 0"),
        ({"value": "cost"}, "no column 'cost'"),
        ({"leave_out": "cost"}, "no column 'cost' to leave out"),
        ({"separators": ";"}, "no option 'separators'"),
    ],
)
def test_wrong_corrections_are_refused(table, options, message):
    with pytest.raises(InvalidInputError, match=message):
        endirector.understand(table, **options)


def test_a_column_may_be_left_out(table):
    found = endirector.understand(table, leave_out="units")
    assert {each.name: each.role for each in found.columns}["price"] == "value"
    assert again(found).told == {"leave_out": "units"}


def test_it_can_be_stopped(table):
    with pytest.raises(CancelledError):
        endirector.understand(table, progress=lambda *_: True)


def test_leaderboards_come_while_members_are_trained(table):
    boards = []
    endirector.autoforecast(table.filter(shop="Bern"), 3, value="units", watch=boards.append, **NAIVE)
    assert json.loads(json.dumps(boards)) == boards
    (first,) = boards
    assert first["metric"] == "mase"
    assert "Mean" in first["planned"]
    assert first["members"][0]["name"] == "Naive"
    assert first["members"][0]["error"] > 0


def test_a_metric_without_a_value_leaves_the_error_of_the_leaderboard_open():
    boards = []
    equal = pl.DataFrame({"month": MONTHS, "n": np.full(48, 5.0)})
    endirector.autoforecast(equal, 3, season=1, watch=boards.append, **NAIVE)
    assert boards[0]["members"][0]["error"] is None


def test_the_result_is_json_with_forecasts_histories_and_errors(table):
    forecast = endirector.autoforecast(table, 3, value="units", season=1, **NAIVE)
    found = json.loads(json.dumps(forecast.to_json(tail=2)))
    bern = found["series"][0]
    values = table.filter(shop="Bern")["units"].to_numpy()
    assert [each["value"] for each in bern["history"]] == values[-2:].tolist()
    assert [each["time"] for each in bern["forecast"]] == [f"2022-0{month}-01T00:00:00Z" for month in (1, 2, 3)]
    assert [each["value"] for each in bern["forecast"]] == [values[-1]] * 3
    assert list(bern["forecast"][0]["quantiles"]) == ["0.025", "0.1", "0.9", "0.975"]
    assert bern["errors"]["rows"] > 0
    group = found["groups"][bern["group"]]
    assert group["ensemble"]["leaderboard"][0]["members"] == ["Naive"]
    assert [each["key"] for each in forecast.to_json(["Oslo"], tail=0)["series"]] == ["Oslo"]
    with pytest.raises(NotFoundError, match="no series 'Rome'"):
        forecast.to_json(["Rome"])


def test_errors_by_series_are_those_by_hand(table):
    """The naive forecast: of step k the difference of values that are k apart."""
    forecast = endirector.autoforecast(table.filter(shop="Bern"), 2, value="units", season=1, **NAIVE)
    found = forecast.backtests[0]
    values = table.filter(shop="Bern")["units"].to_numpy()
    place = {value: number for number, value in enumerate(values.tolist())}
    for truth, step, ensemble in zip(found.truth, found.targets["step"], found.forecasts["ensemble"], strict=True):
        assert ensemble == values[place[truth] - step]
    (row,) = forecast.errors.iter_rows(named=True)
    assert row["mae"] == pytest.approx(np.abs(found.forecasts["ensemble"] - found.truth).mean())
    assert row["mase"] == pytest.approx(row["mae"] / np.abs(values[12:] - values[:-12]).mean())
    assert row["bias"] == pytest.approx((found.forecasts["ensemble"] - found.truth).mean())


def test_a_table_whose_rows_are_numbered_has_these_for_times(tmp_path):
    (tmp_path / "nights.csv").write_text(
        "rownames,A,B\n" + "".join(f"{row},{row % 4},{row / 2}\n" for row in range(1, 41))
    )
    found = endirector.understand(tmp_path / "nights.csv", season=4)
    assert [(column.name, column.role) for column in found.columns] == [
        ("rownames", "time"),
        ("A", "value"),
        ("B", "value"),
    ]
    assert "No column has times: rownames numbers the rows. Name another column with time." in found.remarks
    forecast = endirector.autoforecast(tmp_path / "nights.csv", 2, understanding=found, **NAIVE)
    assert forecast.table["time"].unique(maintain_order=True).to_list() == ["41", "42"]
    came = forecast.update(pl.DataFrame({"rownames": [41], "A": [7.0], "B": [8.0]}), progress=False)
    assert came.table["time"].unique(maintain_order=True).to_list() == ["42", "43"]


def test_a_table_without_times_or_numbers_of_rows_says_what_to_do():
    with pytest.raises(InvalidInputError, match="add a column that numbers them, with time_unit='step'"):
        endirector.understand(pl.DataFrame({"A": [3.5, 1.0, 2.0], "B": [1.0, 2.0, 2.5], "C": [1.5, 2.0, 2.5]}))


def test_the_zone_and_the_rows_ahead_are_those_of_the_table():
    """Days of London across the change of clocks; rows that only have a price wait for their value."""
    days = pd.date_range("2024-03-20", periods=20, tz="Europe/London")
    table = pd.DataFrame({"day": days, "sales": np.arange(20.0), "price": np.arange(20.0)})
    table.loc[16:, "sales"] = np.nan
    table.loc[4, "sales"] = np.nan
    found = endirector.understand(table, value="sales", known="price")
    assert [found.series[0].first, found.series[0].last] == ["2024-03-20T00:00:00+00:00", "2024-04-04T00:00:00+01:00"]
    assert "1 value is missing and became a gap." in found.remarks
    assert (
        "4 values are missing after the last one of a series, which is no gap: the series ends before." in found.remarks
    )
