"""Tables as banks, shops, meters, hospitals and observatories export them, with times computed by pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter

from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError
from enstorage.sources.tables import TableOptions, read_table


def read(tmp_path, text, **options):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, TableOptions.of(options))


def times_of(table):
    return table.points["time"].to_numpy()


def starts(first, count, frequency):
    return pd.date_range(first, periods=count, freq=frequency).to_numpy().astype("datetime64[ns]").astype(np.int64)


HOURS = [(day, hour) for day in ("2024-01-01", "2024-01-02") for hour in range(24)]


class TestHourColumns:
    @pytest.mark.parametrize("name", ["Hour", "HE", "Stunde", "hour_ending"])
    @pytest.mark.parametrize("first", [0, 1])
    def test_a_date_and_an_hour_are_one_time(self, tmp_path, name, first):
        rows = (f"{day},{hour + first},{number}\n" for number, (day, hour) in enumerate(HOURS))
        found = read(tmp_path, f"Date,{name},Load\n" + "".join(rows))
        assert (times_of(found) == starts("2024-01-01", 48, "h")).all()
        assert found.points["value"].to_list() == [*range(48)]
        assert found.report.value_columns == ("Load",)
        assert ("hours from 1 to 24, of which the first begins at 00:00" in found.report.lines()[0]) == bool(first)

    def test_minutes_stand_beside_them(self, tmp_path):
        rows = [f"{day},{hour},{minute},{hour}" for day, hour in HOURS for minute in (0, 15, 30, 45)]
        found = read(tmp_path, "\n".join(["Date,Hour,Minute,Load", *rows]))
        assert (times_of(found) == starts("2024-01-01", 192, "15min")).all()
        rows = [f"2024,1,{1 + place // 24},{hour},30,{hour}" for place, (_, hour) in enumerate(HOURS)]
        found = read(tmp_path, "\n".join(["YEAR,MONTH,DAY,HR,MN,Load", *rows]))
        assert (times_of(found) == starts("2024-01-01T00:30", 48, "h")).all()

    def test_an_hour_that_tells_no_rows_apart_is_a_value(self, tmp_path):
        found = read(tmp_path, "date,hour\n2024-01-01,8\n2024-01-02,9\n")
        assert (found.report.time_columns, found.report.value_columns) == (("date",), ("hour",))

    def test_a_25th_hour_is_no_time_of_a_clock(self, tmp_path):
        rows = "".join(f"2024-10-27,{hour},{hour}\n" for hour in range(1, 26))
        with pytest.raises(InvalidInputError, match=r"line 26, column 'Date Hour': '2024-10-27 25' is not a time"):
            read(tmp_path, "Date,Hour,Load\n" + rows)

    @pytest.mark.parametrize(("parts", "frequency"), [(4, "h"), (5, "30min")])
    def test_a_file_of_a_buoy_has_no_header(self, tmp_path, parts, frequency):
        expected = pd.date_range("2024-01-01", periods=50, freq=frequency)
        rows = [" ".join(f"{each:%Y %m %d %H %M}".split()[:parts]) + " 1.5" for each in expected]
        found = read(tmp_path, "#YY MM DD hh mm WSPD\n#yr mo dy hr mn m/s\n" + "\n".join(rows))
        assert (times_of(found) == expected.to_numpy().astype("datetime64[ns]").astype(np.int64)).all()

    def test_a_mark_among_times_of_day_is_a_bad_row_and_no_key(self, tmp_path):
        text = "Datum;Uhrzeit;kWh\n27.10.2024;01:00;1\n27.10.2024;2A:00;2\n27.10.2024;2B:00;3\n"
        with pytest.raises(
            InvalidInputError, match=r"line 3, column 'Datum Uhrzeit': '27.10.2024 2A:00' is not a time"
        ):
            read(tmp_path, text + "27.10.2024;03:00;4\n27.10.2024;04:00;4\n")


@pytest.mark.parametrize(
    ("texts", "first", "frequency"),
    [
        (["FY2015/16", "FY2016/17", "FY2017/18"], "2015-01-01", "YS"),
        (["2003/04", "2004/05", "2005/06"], "2003-01-01", "YS"),
        (["2009-10", "2010-11", "2011-12"], "2009-01-01", "YS"),
        (["1998/1999", "1999/2000", "2000/2001"], "1998-01-01", "YS"),
        (["1998/99", "1999/00", "2000/01"], "1998-01-01", "YS"),
        (["FY2015", "FY2016", "FY2017"], "2015-01-01", "YS"),
        (["2022H1", "2022H2", "2023H1"], "2022-01-01", "6MS"),
        (["S1 2022", "S2 2022", "S1 2023"], "2022-01-01", "6MS"),
        (["1Q22", "2Q22", "3Q22"], "2022-01-01", "QS"),
        (["1Q 2022", "2Q 2022", "3Q 2022"], "2022-01-01", "QS"),
        (["Q1'22", "Q2'22", "Q3'22"], "2022-01-01", "QS"),
        (["KW 1 2023", "KW 2 2023", "KW 3 2023"], "2023-01-02", "W-MON"),
        (["2023 W9", "2023 W10", "2023 W11"], "2023-02-27", "W-MON"),
        (["янв 2024", "Февраль 2024", "марта 2024"], "2024-01-01", "MS"),
        (
            [
                "2024-10-27T01:00:00+02:00[Europe/Berlin]",
                "2024-10-27T02:00:00+02:00[Europe/Berlin]",
                "2024-10-27T02:00:00+01:00[Europe/Berlin]",
            ],
            "2024-10-26T23:00",
            "h",
        ),
    ],
)
def test_times_of_offices(tmp_path, texts, first, frequency):
    found = read(tmp_path, "when,value\n" + "".join(f"{text},{place}\n" for place, text in enumerate(texts)))
    assert times_of(found).tolist() == starts(first, 3, frequency).tolist()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["2003/04", "2003/05", "2003/07"], None),  # months
        (
            ["2015/16", "2016/18", "2017/18"],
            "line 3, column 'when': '2016/18' is not a time; expected years into the next",
        ),
        (["0.0", "0.1", "0.2"], "times such as '0.0', .* Give time_unit"),
    ],
)
def test_what_only_looks_like_years_into_the_next(tmp_path, texts, message):
    text = "when,value\n" + "".join(f"{text},{place}\n" for place, text in enumerate(texts))
    if message is None:
        assert times_of(read(tmp_path, text)).tolist() == [
            *starts("2003-04-01", 2, "MS").tolist(),
            *starts("2003-07-01", 1, "MS").tolist(),
        ]
        return
    with pytest.raises(InvalidInputError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("texts", "form"),
    [(["202301", "202302"], "%G%V"), (["01/2023", "02/2023"], "%V/%G"), (["2023 1", "2023 2"], "%Y %W")],
)
def test_a_format_of_weeks_means_their_mondays(tmp_path, texts, form):
    found = read(tmp_path, "when,value\n" + "".join(f"{text},1\n" for text in texts), date_format=form)
    assert times_of(found).tolist() == starts("2023-01-02", 2, "W-MON").tolist()


def test_dekads_by_their_number(tmp_path):
    rows = [f"2023,{month},{dekad},{month}.{dekad}" for month in range(1, 13) for dekad in (1, 2, 3)]
    found = read(tmp_path, "\n".join(["year,month,dekad,ndvi", *rows]))
    expected = [np.datetime64(f"2023-{month:02d}-{day:02d}", "ns") for month in range(1, 13) for day in (1, 11, 21)]
    assert (times_of(found) == np.array(expected).astype(np.int64)).all()


def test_a_sum_below_the_table_does_not_hide_the_order_of_dates(tmp_path):
    text = "Tag;Umsatz\n02.01.2024;1\n03.01.2024;2\nSumme;3\n"
    with pytest.raises(
        InvalidInputError, match=r"line 4, column 'Tag': 'Summe' is not a time; expected dates with the day"
    ):
        read(tmp_path, text)
    assert times_of(read(tmp_path, text, skip_bad_rows=True)).tolist() == starts("2024-01-02", 2, "D").tolist()


def test_groups_of_two_digits_are_those_of_india(tmp_path):
    found = read(tmp_path, 'day,Rs\n2024-01-01,"1,23,456.50"\n2024-01-02,"-12,34,567"\n2024-01-03,"100.25"\n')
    assert found.points["value"].to_list() == [123456.5, -1234567.0, 100.25]
    assert found.report.thousands == ","


class TestZoneOfTheTimes:
    """Local midnights across the change of clocks stay 10, 20, 30, 40, 50, wherever the table says its zone."""

    frame = pd.DataFrame(
        {"t": pd.date_range("2024-03-29", periods=5, tz="Europe/London"), "v": [10.0, 20.0, 30.0, 40.0, 50.0]}
    )

    @pytest.mark.parametrize("kind", ["pandas", "index", "Polars", "Arrow", "Parquet"])
    def test_days_are_those_of_the_zone(self, store, tmp_path, kind):
        table = {
            "pandas": lambda: self.frame,
            "index": lambda: self.frame.set_index("t"),
            "Polars": lambda: pl.from_pandas(self.frame),
            "Arrow": lambda: pa.Table.from_pandas(self.frame),
            "Parquet": lambda: self.frame.to_parquet(tmp_path / "a.parquet") or tmp_path / "a.parquet",
        }[kind]()
        source = DataSource.from_table(table, name="a")
        assert (source.time_interval, source.time_zone) == ("1d", "Europe/London")
        assert source.create_snapshot().read()[1].tolist() == [10, 20, 30, 40, 50]
        assert source.table_report.time_zone == "Europe/London"
        panel = Panel.from_table(table, name="p", time_interval="1d", snap="1d")
        assert next(iter(panel.create_snapshots())).read()[1].tolist() == [10, 20, 30, 40, 50]

    def test_what_is_told_counts(self, store):
        source = DataSource.from_table(self.frame, name="a", time_zone="UTC", time_interval="1d")
        assert source.time_zone == "UTC"
        assert source.create_snapshot().read()[1].tolist() == [10, 20, 35, 50]

    def test_times_without_zone_are_those_of_utc(self, store):
        source = DataSource.from_table(self.frame.assign(t=self.frame["t"].dt.tz_localize(None)), name="a")
        assert (source.time_zone, source.table_report.time_zone) == ("UTC", None)


def test_columns_of_categories_are_texts(tmp_path):
    frame = pd.DataFrame({"t": ["2024-01-01", "2024-01-02"] * 2, "k": ["a", "a", "b", "b"], "v": [1.0, 2.0, 3.0, 4.0]})
    for table in (frame.astype({"t": "category", "k": "category"}), _dictionaries(frame)):
        found = read_table(table).by_series()
        assert {key: values.tolist() for key, (_, values) in found.items()} == {"a": [1, 2], "b": [3, 4]}
    _write_parquet(tmp_path / "a.parquet", _dictionaries(frame))
    assert list(read_table(tmp_path / "a.parquet").by_series()) == ["a", "b"]


def _dictionaries(frame):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for place, name in enumerate(("t", "k")):
        table = table.set_column(place, name, table[name].dictionary_encode())
    return table


def _write_parquet(path, table):
    import pyarrow.parquet as pq

    pq.write_table(table, path)


def test_an_excel_file_of_several_sheets_names_them(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as workbook:
        workbook.add_worksheet("Info").write_column(0, 0, ["Report of the shop", "made yesterday"])
        sheet, date = workbook.add_worksheet("Data"), workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["Date", "Sales"])
        for row in range(3):
            sheet.write_datetime(row + 1, 0, dt.datetime(2024, 1, 1 + row), date)  # noqa: DTZ001 - Excel knows no zones
            sheet.write_number(row + 1, 1, row)
    with pytest.raises(InvalidInputError, match=r"The sheet 'Info' was read; others are Data: name one with sheet"):
        read_table(tmp_path / "a.xlsx")
    found = read_table(tmp_path / "a.xlsx", TableOptions(sheet="Data"))
    assert found.report.lines()[0].startswith("Read a.xlsx: Excel, sheet Data, ")
    assert times_of(found).tolist() == starts("2024-01-01", 3, "D").tolist()


def test_rows_that_wait_for_a_value_are_no_gaps(tmp_path):
    text = "day,shop,sales,price\n" + "".join(
        f"2024-01-{day:02d},{shop},{'' if day > 8 or (day, shop) == (4, 'A') else day},{day}\n"
        for shop in ("A", "B")
        for day in range(1, 11)
    )
    found = read(tmp_path, text, value_column="sales", series_column="shop")
    assert (found.report.missing, found.report.missing_after) == (5, 4)
    assert found.report.lines()[1:3] == [
        "1 value is missing and became a gap.",
        "4 values are missing after the last one of a series, which is no gap: the series ends before.",
    ]
