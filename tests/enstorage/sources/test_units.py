"""Units beside numbers, Julian days, and years as integers in tables."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError
from enstorage.sources.tables import TableOptions, read_table


def read(tmp_path, text, **options):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    found = read_table(path, TableOptions.of(options))
    return found.one_series()[1].tolist(), found.report


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["€ 1.234,50", "€ -0,5", "-€ 7,00"], "€"),
        (["1.234,50 EUR", "-0,50 EUR", "-7 EUR"], "EUR"),
        (["$1,234.50", "$-0.50", "-$7.00"], "$"),
        (["US$ 1,234.50", "US$ -0.5", "US$ -7"], "US$"),
        (["CHF 1'234.50", "CHF -0.50", "CHF -7.00"], "CHF"),
        (["1234,5 %", "-0,5 %", "-7,0 %"], "%"),
        (["1234.5kWh", "-0.5kWh", "\u22127kWh"], "kWh"),
        (["1234.5 mg/dl", "-0.5 mg/dl", "-7 mg/dl"], "mg/dl"),
        (["1234.5 °C", "-0.5 °C", "-7 °C"], "°C"),
        (["1234.5 m³", "-0.5 m³", "-7 m³"], "m³"),
    ],
)
def test_a_unit_beside_the_numbers_is_taken_off_and_told(store, tmp_path, cells, unit):
    text = "day;amount\n" + "".join(f"2024-01-0{day};{cell}\n" for day, cell in enumerate(cells, start=1))
    values, report = read(tmp_path, text + "2024-01-04;-\n")
    assert values == [1234.5, -0.5, -7.0]
    assert (report.unit, report.missing) == (unit, 1)
    assert report.lines()[0].endswith(f"values in amount with the unit {unit}.")
    assert DataSource.from_table(tmp_path / "a.csv", name="a").unit == unit
    assert DataSource.from_table(tmp_path / "a.csv", name="a", unit="own").unit == "own"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "day,v\n2024-01-01,$5\n2024-01-02,$6\n2024-01-03,€7\n",
            r"line 4, column 'v': '€7' is not a finite number in \$",
        ),
        ("day,v\n2024-01-01,5 %\n2024-01-02,6 %\n2024-01-03,0.07\n", r"line 4, column 'v': '0.07' is not .* in %"),
        (
            "day,v\n2024-01-01,5\n2024-01-02,6\n2024-01-03,7 kg\n",
            r"line 4, column 'v': '7 kg' is not a finite number\.",
        ),
        ("day,v\n2024-01-01,<0.1\n2024-01-02,0.2\n", r"line 2, column 'v': '<0.1' is not a finite number"),
    ],
)
def test_values_of_several_units_are_refused(tmp_path, text, message):
    with pytest.raises(InvalidInputError, match=message):
        read(tmp_path, text)


def test_names_with_numbers_stay_keys(store, tmp_path):
    (tmp_path / "a.csv").write_text("shop,day,v\nShop 1,2024-01-01,5\nShop 2,2024-01-01,6\nShop 1,2024-01-02,7\n")
    assert list(Panel.from_table(tmp_path / "a.csv", name="a").sources()) == ["Shop 1", "Shop 2"]


def test_the_sources_of_a_wide_table_have_their_own_units(store, tmp_path):
    (tmp_path / "a.csv").write_text("day,load,price\n2024-01-01,5 MW,€ 1\n2024-01-02,6 MW,€ 2\n")
    panel = Panel.from_table(tmp_path / "a.csv", name="a")
    assert {key: source.unit for key, source in panel.sources().items()} == {"load": "MW", "price": "€"}
    assert "with the units MW, €" in panel.table_report.lines()[0]


NIGHTS = pd.DatetimeIndex(["1858-11-18T00:00", "1999-12-31T12:00", "2000-01-01T12:00", "2024-02-29T06:00"])


@pytest.mark.parametrize("unit", ["jd", "mjd"])
def test_julian_days_are_those_of_pandas(store, tmp_path, unit):
    days = NIGHTS.to_julian_date().to_numpy() - (2_400_000.5 if unit == "mjd" else 0)
    expected = NIGHTS.as_unit("ns").asi8.tolist()
    source = DataSource(name="star")
    source.write(days, np.arange(4.0), time_unit=unit)
    assert source.read()[0].tolist() == expected
    text = "t,magnitude\n" + "".join(f"{day!r},{number}\n" for number, day in enumerate(days.tolist()))
    (tmp_path / "a.csv").write_text(text)
    for table in (tmp_path / "a.csv", pl.DataFrame({"t": days, "magnitude": np.arange(4.0)})):
        found = read_table(table, TableOptions(time_column="t", time_unit=unit))
        assert found.one_series()[0].tolist() == expected
    (tmp_path / "a.csv").write_text(text.replace("t,", f"{unit.upper()},", 1))  # the name says it
    found = read_table(tmp_path / "a.csv")
    assert found.one_series()[0].tolist() == expected
    assert f"times in {unit.upper()}: numbers of the unit {unit}" in found.report.lines()[0]


def test_decimals_of_julian_days_are_exact_to_the_nanosecond(tmp_path):
    (tmp_path / "a.csv").write_text("JD,m\n2451545.123456789,1\n2451545.5,2\n")
    times, _ = read_table(tmp_path / "a.csv").one_series()
    noon = pd.Timestamp("2000-01-01T12:00").as_unit("ns").value
    assert times.tolist() == [noon + round(0.123456789 * 86_400 * 10**9), noon + 43_200 * 10**9]


@pytest.mark.parametrize("days", [[-5.0, 1.0], [60_310.0, 60_311.0], [2_460_310.5, np.nan]])
def test_what_is_no_julian_day_is_refused(store, days):
    with pytest.raises(InvalidInputError, match=r"time_unit"):
        DataSource(name="star").write(days, [1.0, 2.0], time_unit="jd")


def test_whole_years_are_years_in_every_table_and_others_are_refused(store, tmp_path):
    expected = pd.to_datetime(["1900", "1901", "1902"]).as_unit("ns").asi8.tolist()
    (tmp_path / "a.csv").write_text("t,v\n1900,1\n1901,2\n1902,3\n")
    frame = pd.DataFrame({"t": [1900, 1901, 1902], "v": [1.0, 2.0, 3.0]})
    for table in (tmp_path / "a.csv", frame, pl.from_pandas(frame)):
        found = read_table(table, TableOptions(time_column="t"))
        assert found.one_series()[0].tolist() == expected
        assert found.report.times == "a year (1749 or 1749.042)"
    (tmp_path / "a.csv").write_text("year,v\n1500,1\n1501,2\n")
    with pytest.raises(InvalidInputError, match=r"years such as '1500', before 1678.*time_interval as year"):
        read_table(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("t,v\n3001,1\n3002,2\n")
    seconds = pl.DataFrame({"t": [1_704_067_200, 1_704_067_260 + 1], "v": [1.0, 2.0]})
    for table in (tmp_path / "a.csv", seconds):
        with pytest.raises(InvalidInputError, match=r"time_unit"):
            read_table(table, TableOptions(time_column="t"))


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["(5.00)", "12.50", "(1,234.50)"], [-5.0, 12.5, -1234.5], ""),
        (["(5,00)", "12,50", "(1.234,50)"], [-5.0, 12.5, -1234.5], ""),
        (["($5.00)", "$12.50", "$(1,234.50)"], [-5.0, 12.5, -1234.5], "$"),
        (["(5,00) €", "12,50 €", "(1.234,50 €)"], [-5.0, 12.5, -1234.5], "€"),
    ],
)
def test_numbers_in_parentheses_are_negative_and_told(tmp_path, cells, values, unit):
    text = "day;amount\n" + "".join(f"2024-01-0{day};{cell}\n" for day, cell in enumerate(cells, start=1))
    found, report = read(tmp_path, text)
    assert found == values
    assert (report.unit, report.in_parentheses) == (unit, 2)
    assert "2 values in parentheses were read as negative." in report.lines()


@pytest.mark.parametrize("cell", ["(-5.00)", "(5.00", "5.00)", "5.00(1)", "(a)"])
def test_other_parentheses_are_bad_cells(tmp_path, cell):
    with pytest.raises(InvalidInputError, match=r"line 3, column 'amount': .* is not a finite number"):
        read(tmp_path, f"day;amount\n2024-01-01;4.00\n2024-01-02;{cell}\n")
