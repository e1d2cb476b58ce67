"""Tables whose times are in several columns: a year and a month, a day, a week, a quarter, a day of the year."""

import numpy as np
import pandas as pd
import pytest

from enstorage.sources.tables import TableOptions, read_table

HOURS = pd.date_range("2023-12-30T21:00", periods=30, freq="h")
DAYS = pd.date_range("2023-12-30", periods=40, freq="D")
MONTHS = pd.date_range("2023-11-01", periods=14, freq="MS")
WEEKS = pd.date_range("2020-12-14", periods=8, freq="7D")  # over the week 53 of 2020
QUARTERS = pd.date_range("2023-10-01", periods=6, freq="QS")
VALUES = np.arange(40) / 8


def read(tmp_path, text, **options):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, TableOptions.of(options))


def rows(times, *parts, header="", separator=","):
    lines = [separator.join([*map(str, part), str(value)]) for *part, value in zip(*parts, VALUES[: len(times)])]  # noqa: B905
    return f"{header}\n" * bool(header) + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("times", "header", "parts", "separator"),
    [
        (MONTHS, "year,month,value", (MONTHS.year, MONTHS.month), ","),
        (MONTHS, "Monat;Jahr;Wert", (MONTHS.month, MONTHS.year), ";"),
        (MONTHS, "Year\tMon\tvalue", (MONTHS.year, MONTHS.strftime("%b")), "\t"),
        (MONTHS, "", (MONTHS.year, MONTHS.strftime("%m")), ","),
        (DAYS, "YEAR MO DY T2M", (DAYS.year, DAYS.month, DAYS.day), " "),
        (DAYS, "yyyy,mm,dd,rain", (DAYS.year, DAYS.month, DAYS.day), ","),
        (DAYS, "", (DAYS.year, DAYS.month, DAYS.day), " "),
        (DAYS, "YEAR,DOY,rain", (DAYS.year, DAYS.dayofyear), ","),
        (HOURS, "year,month,day,hour,load", (HOURS.year, HOURS.month, HOURS.day, HOURS.hour), ","),
        (HOURS, "YEAR,DOY,HR,load", (HOURS.year, HOURS.dayofyear, HOURS.hour), ","),
        (WEEKS, "Jahr,KW,Fälle", (WEEKS.isocalendar().year, WEEKS.isocalendar().week), ","),
        (QUARTERS, "year,quarter,gdp", (QUARTERS.year, QUARTERS.quarter), ","),
        (QUARTERS, "Jahr;Quartal;BIP", (QUARTERS.year, "Q" + QUARTERS.quarter.astype(str)), ";"),
    ],
)
def test_parts_of_a_time_are_put_together(tmp_path, times, header, parts, separator):
    found = read(tmp_path, rows(times, *parts, header=header, separator=separator))
    assert found.one_series()[0].tolist() == times.as_unit("ns").asi8.tolist()
    assert found.one_series()[1].tolist() == VALUES[: len(times)].tolist()
    assert found.report.lines() == [found.report.lines()[0]]


def test_the_year_with_a_fraction_beside_a_year_and_a_month_is_left_out_and_told(tmp_path):
    decimal = MONTHS.year + (MONTHS.month - 0.5) / 12
    found = read(tmp_path, "# Mauna Loa\n" + rows(MONTHS, MONTHS.year, MONTHS.month, decimal.values.round(4)))
    assert found.one_series()[1].tolist() == VALUES[:14].tolist()
    assert found.report.left_out == ("3",)


def test_a_month_beside_a_date_is_left_out(tmp_path):
    found = read(tmp_path, rows(DAYS, DAYS.date, DAYS.year, DAYS.month, header="date,year,month,value"))
    assert (found.report.value_columns, found.report.left_out) == (("value",), ("year", "month"))
    assert found.one_series()[0].tolist() == DAYS.as_unit("ns").asi8.tolist()


def test_a_long_table_has_parts_of_times_too(tmp_path):
    text = "country,year,quarter,gdp\n" + "".join(
        f"{country},{year},{quarter},{number}\n"
        for number, (country, year, quarter) in enumerate(
            (country, year, quarter) for country in ("LV", "NO") for year in (2022, 2023) for quarter in (1, 2, 3, 4)
        )
    )
    series = read(tmp_path, text).by_series()
    expected = pd.date_range("2022-01-01", periods=8, freq="QS").as_unit("ns").asi8.tolist()
    assert [(times.tolist(), values.tolist()) for times, values in series.values()] == [
        (expected, [*range(8)]),
        (expected, [*range(8, 16)]),
    ]


def test_parts_that_are_no_date_are_bad_rows(tmp_path):
    with pytest.raises(Exception, match=r"line 4, column 'year month day': '2023 2 30' is not a time"):
        read(tmp_path, "year,month,day,v\n2023,2,27,1\n2023,2,28,2\n2023,2,30,3\n")


def test_columns_that_are_named_as_parts_are_read_so(tmp_path):
    text = "a,b,v\n2023,1,7\n2023,2,8\n2023,3,9\n"
    times, values = read(tmp_path, text, time_column=["a", "b"]).one_series()
    assert times.tolist() == pd.date_range("2023-01-01", periods=3, freq="MS").as_unit("ns").asi8.tolist()
    assert values.tolist() == [7, 8, 9]
