"""Tables as people have them become the same points; the report says what was taken."""

import gzip
import io
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter

from enstorage import DataSource
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso
from enstorage.sources.tables import TableOptions, read_table

DAYS = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"]


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it as a table: times, values by series, and the report."""

    def read_text(content, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_one(path, **options)

    return read_text


def read_one(table, **options):
    read = read_table(table, TableOptions.of(options))
    found = {key: (shown(times), values.tolist()) for key, (times, values) in read.by_series().items()}
    return found, read.report


def shown(times):
    return [to_iso(time) for time in times.tolist()]


@pytest.mark.parametrize(
    "text",
    [
        "time,level\n2024-01-01,1234.5\n2024-01-02,-0.5\n",
        "time;level\n01.01.2024;1234,5\n02.01.2024;-0,5\n",
        "time;level;\n01.01.2024;1.234,5;\n02.01.2024;-0,5;\n;;\n",
        "sep=|\ntime|level\n2024-01-01|1 234,5\n2024-01-02|-0,5\n",
        "time\tlevel\n2024-01-01\t1'234.5\n2024-01-02\t-0.5\n",
        'time,level\n"2024-01-01","1,234.5"\n"2024-01-02","-0.5"\n',
        'time;level\n"2024-01-01" ; "1 234,5"\n"2024-01-02" ; "-0,5"\n',
        "% comment\nStation 7\n\ntime,level,\n2024-01-01,1234.5,\n2024-01-02,-.5,\n\n",
        '"","level"\n2024-01-01,1234.5\n2024-01-02,-5e-1\n',
        "Station;7\nin m\n\nday;level;remark\n01.01.2024;1.234,5;\n02.01.2024;-0,5;\n03.01.2024;;ice\n04.01.2024;-;\n",
        "\ufefftime,level\r\n2024/1/1,1234.5\r\n2024/1/2,-0.5\r\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_every_dialect_gives_the_same_points(read, text, encoding):
    found, report = read(text.encode(encoding))
    assert list(found.values()) == [(DAYS, [1234.5, -0.5])]
    assert (report.points, report.left_out) == (2, ("remark",) if "remark" in text else ())


def test_the_report_tells_what_was_taken(read):
    text = (
        "# exported\nStation: Köln\nDatum;Pegel;Status\n01.01.2024;1.234,5;ok\n02.01.2024;-;weg\n\n03.01.2024;0,5;ok\n"
    )
    _, report = read(text.encode("latin-1"))
    assert report.lines()[1:] == ["1 value is missing and became a gap.", "Columns left out: Status."]
    assert report.lines()[0].endswith(
        "table.csv: text in Windows-1252 (Latin-1), separator semicolon, decimal comma, thousands with points, 3 lines "
        "skipped, times in Datum: dates with the day first (31.12.2024), values in Pegel."
    )
    assert (report.rows, report.points, report.series, report.skipped_lines) == (3, 2, 1, 3)
    assert report.to_json()["left_out"] == ("Status",)


@pytest.mark.parametrize(
    ("text", "options", "times"),
    [
        ("31.12.2024", {}, "2024-12-31T00:00:00Z"),
        ("1.2.2024 13:45", {}, "2024-02-01T13:45:00Z"),
        ("31.12.24 1:05", {}, "2024-12-31T01:05:00Z"),
        ("12/31/2024 1:45 PM", {}, "2024-12-31T13:45:00Z"),
        ("31/12/2024, 12:00:01,5 am", {}, "2024-12-31T00:00:01.5Z"),
        ("01/02/2024", {"date_order": "month-first"}, "2024-01-02T00:00:00Z"),
        ("01/02/2024", {"date_order": "day-first"}, "2024-02-01T00:00:00Z"),
        ("2024/1/5 3:00", {}, "2024-01-05T03:00:00Z"),
        ("2024-06-01T03:00+02:00", {}, "2024-06-01T01:00:00Z"),
        ("2024Q1", {}, "2024-01-01T00:00:00Z"),
        ("2024-Q3", {}, "2024-07-01T00:00:00Z"),
        ("Q4 2024", {}, "2024-10-01T00:00:00Z"),
        ("2020-W01", {}, "2019-12-30T00:00:00Z"),
        ("2020W53", {}, "2020-12-28T00:00:00Z"),
        ("Jan 2024", {}, "2024-01-01T00:00:00Z"),
        ("September 2024", {}, "2024-09-01T00:00:00Z"),
        ("2024 Feb", {}, "2024-02-01T00:00:00Z"),
        ("2024-01", {}, "2024-01-01T00:00:00Z"),
        ("2024M11", {}, "2024-11-01T00:00:00Z"),
        ("31-Dec-2024 08:00", {}, "2024-12-31T08:00:00Z"),
        ("Dec 31, 2024", {}, "2024-12-31T00:00:00Z"),
        ("1704067200", {"time_unit": "s"}, "2024-01-01T00:00:00Z"),
        ("1704067200.000000001", {"time_unit": "s"}, "2024-01-01T00:00:00.000000001Z"),
        ("-1500", {"time_unit": "ms"}, "1969-12-31T23:59:58.5Z"),
        ("1704067200000001", {"time_unit": "us"}, "2024-01-01T00:00:00.000001Z"),
        ("1704067200000000001", {"time_unit": "ns"}, "2024-01-01T00:00:00.000000001Z"),
        ("20240131", {"date_format": "%Y%m%d"}, "2024-01-31T00:00:00Z"),
        ("2024-07-01 02:00", {"time_zone": "Europe/Berlin"}, "2024-07-01T00:00:00Z"),
        ("2024-07-01T02:00Z", {"time_zone": "Europe/Berlin"}, "2024-07-01T02:00:00Z"),
    ],
)
def test_dates_are_read_as_they_are_written(read, text, options, times):
    found, _ = read(f"time;value\n{text};5\n", **options)
    assert found == {"value": ([times], [5.0])}


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%MZ"]
)
def test_times_of_one_form_are_read_as_others_are(read, form):
    """Polars reads them at once; a text of another form, or of a day that is not there, is none the less read or told."""
    moments = pd.date_range("1899-12-28 22:58", periods=50, freq="1553h")
    texts = moments.strftime(form).tolist()
    right = [to_iso(time) for time in pd.to_datetime(pd.Series(texts), utc=True).dt.as_unit("ns").astype("int64")]
    assert read("".join(f"{text};1\n" for text in texts))[0]["2"][0] == right
    texts[3:5], right[3:5] = ["1899-02-30T00:00", "1600-01-01"], []
    found, report = read(
        "".join(f"{text};1\n" for text in [*texts, "1900-01-01T00:00:60", "1920-01-01T00:00+00:30"]), skip_bad_rows=True
    )
    assert found["2"][0] == [*right, "1919-12-31T23:30:00Z"]
    assert [row.value for row in report.bad_rows] == ["1899-02-30T00:00", "1600-01-01", "1900-01-01T00:00:60"]


@pytest.mark.parametrize("order", ["day-first", "month-first"])
@pytest.mark.parametrize("form", ["{}.{}.%Y", "{}/{}/%Y %H:%M", "{}-{}-%YT%H:%M:%SZ"])
def test_dates_of_one_form_are_read_as_others_are(read, order, form):
    moments = pd.date_range("1899-12-28", periods=50, freq="1553h").floor("D")
    texts = moments.strftime(form.format(*(["%d", "%m"] if order == "day-first" else ["%m", "%d"]))).tolist()
    for given in (texts, [*texts, "1/1/2024"]):
        found, _ = read("".join(f"{text};1\n" for text in given), date_order=order)
        assert found["2"][0][:50] == [f"{moment:%Y-%m-%d}T00:00:00Z" for moment in moments]


def test_a_year_and_a_month_are_not_a_decimal_year(read):
    rows = [f"{year}.{month:02d}".removesuffix("0") + ";1" for year in (1871, 1872) for month in range(1, 13)]
    found, report = read("\n".join(rows))
    assert found["2"][0][9:13] == [f"{month}-01T00:00:00Z" for month in ("1871-10", "1871-11", "1871-12", "1872-01")]
    assert report.times == "a year and a month (1871.01 … 1871.12)"


def test_the_order_of_day_and_month_follows_from_the_whole_column(read):
    found, report = read("time;value\n" + "".join(f"{month}/{day}/2024;1\n" for month in (1, 2) for day in (1, 13)))
    assert found["value"][0] == [f"2024-0{month}-{day}T00:00:00Z" for month in (1, 2) for day in ("01", "13")]
    assert report.times == "dates with the month first (12/31/2024)"


def test_missing_values_are_gaps_and_counted(read):
    words = ["", "NA", "NaN", "null", "-", "N/A", "-999", "unknown"]
    rows = "".join(f"2024-01-{day:02d};{word}\n" for day, word in enumerate(words, start=3))
    found, report = read(f"time;value\n2024-01-01;5\n{rows}2024-01-02;6\n", missing=["-999", "Unknown"])
    assert found == {"value": (DAYS[:1] + DAYS[1:], [5.0, 6.0])}
    assert report.missing == len(words)


def test_bad_rows_are_left_out_on_request_and_listed(read):
    text = "time,value\n2024-01-01,1\n2024-01-32,2\n2024-01-02,two\n2024-01-02,3,x\n2024-01-02,4\n"
    text += '2024-01-01,9\n"a\nb",1\n?,1\n'
    found, report = read(text, skip_bad_rows=True)
    assert found == {"value": (DAYS, [1.0, 4.0])}
    places = [(row.place, row.column, row.value) for row in report.bad_rows]
    assert places == [
        ("line 3", "time", "2024-01-32"),
        ("line 4", "value", "two"),
        ("line 5", "3", "x"),
        ("line 7", "time", "2024-01-01"),
        ("line 8", "time", "a\nb"),
        ("line 10", "time", "?"),
    ]
    assert report.lines()[1:3] == [
        "6 bad rows left out:",
        "  line 3, column 'time': '2024-01-32' is not a time; expected ISO 8601 (2015-01-29T21:55:43Z, 2015-01)",
    ]
    with pytest.raises(InvalidInputError, match=r"line 3, column 'time'.* Further bad rows: 5\. .*skip_bad_rows"):
        read(text)


def test_rows_that_repeat_another_one_count_once(read):
    found, report = read("time,value\n2024-01-01,1\n2024-01-02,2\n2024-01-01,1\n")
    assert (found, report.repeated) == ({"value": (DAYS, [1.0, 2.0])}, 1)


WIDE = {"Riga": (DAYS, [1.0, 2.0]), "Oslo": (DAYS[:1], [3.0])}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("date,Riga,Oslo\n2024-01-01,1,3\n2024-01-02,2,\n", {}),
        ("shop;date;sales\nRiga;2024-01-01;1\nRiga;2024-01-02;2\nOslo;2024-01-01;3\nOslo;2024-01-02;NA\n", {}),
        ("ds,unique_id,y,z\n2024-01-01,Riga,1,7\n2024-01-02,Riga,2,7\n2024-01-01,Oslo,3,7\n", {}),
        (
            "n,b,a,when\n1,x,Riga,2024-01-01\n2,y,Riga,2024-01-02\n3,y,Oslo,2024-01-01\n",
            {"series_column": "a", "time_column": "when", "value_column": "n"},
        ),
        ("x,Riga,date,Oslo\n7,1,2024-01-01,3\n7,2,2024-01-02,NA\n", {"value_column": ["Riga", "Oslo"]}),
    ],
)
def test_long_and_wide_tables_give_the_same_series(read, text, options):
    assert read(text, **options)[0] == WIDE


def test_a_column_of_remarks_is_no_key_because_one_time_is_there_twice(read):
    rows = [f"2024-01-{day:02d};{day};{'ok' if day % 9 else 'estimated'}\n" for day in range(1, 31)]
    assert read("time;value;quality\n" + "".join(rows))[1].left_out == ("quality",)
    with pytest.raises(InvalidInputError, match=r"line 32, column 'time': .* is the time 2024-01-07.* of line 8 again"):
        read("time;value;quality\n" + "".join([*rows, "2024-01-07;8;estimated\n"]))


def test_keys_may_be_numbers(read):
    text = "shop,date,sales\n7,2024-01-01,1\n12,2024-01-01,2\n"
    assert read(text, series_column="shop")[0] == {"7": (DAYS[:1], [1.0]), "12": (DAYS[:1], [2.0])}


def test_a_file_without_header_has_numbered_columns(read):
    text = "1749;01;1749.042;  96.7; -1.0\n1749;02;1749.123; 104.3; -1.0\n"
    found, report = read(text, time_column="3", value_column="4")
    assert next(iter(found.values()))[1] == [96.7, 104.3]
    assert report.left_out == ("1", "2", "5")
    found, _ = read(text, time_column=["1", "2"], date_format="%Y %m", value_column="4")
    assert found == {"4": (["1749-01-01T00:00:00Z", "1749-02-01T00:00:00Z"], [96.7, 104.3])}


def test_a_date_and_a_time_of_day_may_be_two_columns(read):
    found, report = read("Date;Time;kW\n16/12/2006;17:24:00;4.216\n16/12/2006;17:25:00;?\n16/12/2006;17:26:00;5.1\n")
    assert found == {"kW": (["2006-12-16T17:24:00Z", "2006-12-16T17:26:00Z"], [4.216, 5.1])}
    assert report.time_columns == ("Date", "Time")


MOMENTS = np.array(["2024-01-01", "2024-01-02"], "M8[ns]")
INDEX = pd.DatetimeIndex(MOMENTS)


@pytest.mark.parametrize(
    "table",
    [
        pd.Series([1.0, None], index=INDEX, name="a"),
        pd.Series([1.0, None], index=pd.period_range("2024-01-01", periods=2, freq="D"), name="a"),
        pd.DataFrame({"a": [1.0, None]}, index=INDEX.tz_localize("UTC").tz_convert("Asia/Tokyo")),
        pd.DataFrame({"a": pd.array([1, None], "Int64")}, index=INDEX.rename("when")),
        pd.DataFrame({"when": pd.period_range("2024-01-01", periods=2, freq="D"), "a": [1, None]}),
        pd.DataFrame({"when": ["1.1.2024", "2.1.2024"], "a": ["1,0", "-"]}),
        pd.DataFrame({"when": ["1.1.2024", "2.1.2024"], "a": ["1,0", None]}, dtype=object),
        pl.DataFrame({"when": MOMENTS, "a": [1, None]}),
        pl.DataFrame({"when": MOMENTS.astype("M8[D]"), "a": [1.0, np.nan]}),
        pl.LazyFrame({"when": MOMENTS.astype("M8[ms]"), "a": ["1", "null"]}),
        pa.table({"when": MOMENTS, "a": [1, None]}),
        pa.table({"when": MOMENTS.astype(int), "a": [1, None]}),
    ],
)
def test_tables_in_memory_are_read_as_files_are(table):
    found, report = read_one(table)
    assert found == {"a": (DAYS[:1], [1.0])}
    assert report.missing == 1


def test_wide_and_long_tables_of_pandas():
    wide = pd.DataFrame({"Riga": [1, 2], "Oslo": [3, None]}, index=INDEX)
    assert read_one(wide)[0] == WIDE
    long = wide.melt(ignore_index=False).rename(columns={"variable": "city"})
    assert read_one(long)[0] == WIDE
    assert read_one(long.set_index("city", append=True))[0] == WIDE


def test_whole_numbers_in_a_column_of_years_are_years():
    assert read_one(pl.DataFrame({"year": [1700, 1701], "a": [1, 2]}))[0]["a"][0][0] == "1700-01-01T00:00:00Z"
    assert read_one(pd.DataFrame({"YEAR": [1700.0], "a": [1]}))[0]["a"][0] == ["1700-01-01T00:00:00Z"]


TEXT = "time;a\n01.01.2024;1,5\n02.01.2024;NA\n"


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.parquet", "a.pq.gz", "a.xlsx"])
def test_files_of_every_kind_are_read_alike(tmp_path, name):
    path = tmp_path / name
    content = TEXT.encode()
    if ".p" in name:
        pl.DataFrame({"time": MOMENTS, "a": [1.5, None]}).write_parquet(tmp_path / "plain")
        content = (tmp_path / "plain").read_bytes()
    if name.endswith(".gz"):
        content = gzip.compress(content)
    elif name.endswith(".zst"):
        content = pa.compress(content, "zstd", asbytes=True)
    path.write_bytes(content)
    if name.endswith(".xlsx"):
        write_excel(path, {"Sheet": [["Report"], [], ["time", "a"], [MOMENTS[0].item() // 10**9, 1.5], [None, None]]})
    assert list(read_one(path)[0].values()) == [(DAYS[:1], [1.5])]


def write_excel(path, sheets):
    """Sheets of an Excel file; seconds in the first column become dates."""
    with xlsxwriter.Workbook(path) as workbook:
        date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
                if row and isinstance(row[0], int) and row[0] > 10**8:
                    sheet.write_number(number, 0, row[0] / 86_400 + 25_569, date)


def test_a_sheet_is_named_and_its_rows_are_counted_as_excel_does(tmp_path):
    path = tmp_path / "a.xlsx"
    rows = [["year", "a", "b"], [1700, 1, "NA"], [1701, "-", 4.5]]
    write_excel(path, {"empty": [], "data": rows, "bad": [*rows, [], [1702, "x", 1]]})
    found, report = read_one(path, sheet="data")
    assert found == {"a": (["1700-01-01T00:00:00Z"], [1.0]), "b": (["1701-01-01T00:00:00Z"], [4.5])}
    assert (report.kind, report.missing) == ("Excel", 2)
    with pytest.raises(InvalidInputError, match=r"a\.xlsx, row 5, column 'a': 'x' is not a finite number"):
        read_one(path, sheet="bad")
    with pytest.raises(InvalidInputError, match=r"no sheet 'c'; it has empty, data, bad. Name one"):
        read_one(path, sheet="c")
    with pytest.raises(
        InvalidInputError, match=r"its sheet 'empty' is empty. The sheet .* others are data, bad: name one"
    ):
        read_one(path)


def test_an_excel_file_whose_cells_lie_far_apart_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "time")
        sheet.write(1_048_575, 16_383, 1)
    with pytest.raises(InvalidInputError, match=r"a sheet of 1048576 rows and 16384 columns.*ENSTORAGE_MAX_FILE_BYTES"):
        read_one(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"PAR1 and no more", "is not a readable Parquet file|has a footer of"),
        ("a.parquet", b"PAR1" + b"\xff" * 7 + b"\x7fPAR1", "has a footer of"),
        ("a.xlsx", b"PK\x03\x04 and no more", "is not a readable Excel file"),
        ("a.csv.zst", b"no frame", "is not a complete zstd file"),
        ("a.csv.gz", b"no member", "is not a complete gzip file"),
        ("a.csv.gz", gzip.compress(TEXT.encode())[:-9], "is not a complete gzip file"),
    ],
    ids=["parquet begun", "parquet footer", "excel begun", "no zstd", "no gzip", "gzip cut"],
)
def test_damaged_files_are_one_message(read, name, content, message):
    with pytest.raises(InvalidInputError, match=message):
        read(content, name=name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ";"}, "no option 'delimiter' of a table; known are series_column"),
        ({"separator": "x"}, "separator is 'x'; expected one of 'comma'"),
        ({"decimal": ",", "thousands": ","}, "decimal and thousands are both ','"),
        ({"encoding": "utf-99"}, "no encoding 'utf-99'"),
        ({"encoding": "ascii"}, r"is not text in ascii \(byte \d+ is not\)"),
        ({"time_zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"date_format": "%Q"}, "'01.01.2024' is not a time; expected times of the form %Q"),
        ({"value_column": "b"}, "no column 'b'; it has time, ä"),
        ({"series_column": "a", "value_column": ["b", "c"]}, "received series_column and several of value_column"),
    ],
)
def test_a_wrong_option_is_one_message(read, options, message):
    with pytest.raises(InvalidInputError, match=message):
        read("time;ä\n01.01.2024;1,5\n", **options)


def test_the_encoding_is_found_or_told(read):
    names = "время;значение уровня воды"
    for encoding, told in (("cp1251", None), ("koi8-r", "koi8-r"), ("utf-8", None), ("utf-16-be", None)):
        _, report = read(f"{names}\n01.01.2024;1,5\n".encode(encoding), encoding=told)
        assert report.value_columns == ("значение уровня воды",), encoding


def test_the_interval_is_inferred_from_the_times_of_missing_values_too(store):
    months = "time,value\n2024-01-31,1\n2024-02-29,\n2024-03-31,-\n2024-04-30,4\n"
    table = pl.read_csv(io.StringIO(months), infer_schema=False)
    assert DataSource.from_table(table, name="months", connector=store).time_interval == "1mo"


def test_a_column_of_few_remarks_tells_no_series_apart(tmp_path):
    """Also where a time stands in two rows, as that of a value that was found later."""
    path = tmp_path / "sun.csv"
    path.write_text("Year;Number;Remark\n1951;-;closed\n1952;31,5;\n1953;13,9;provisional\n1954;n/a;\n1954;4,4;\n")
    table = read_table(path)
    assert (table.report.series, table.report.series_column, table.report.left_out) == (1, None, ("Remark",))
    assert table.one_series()[1].tolist() == [31.5, 13.9, 4.4]


@pytest.mark.parametrize("keys", [["a"] * 48 + ["b"], ["b"] + ["a"] * 48], ids=["last", "first"])
def test_a_series_of_one_row_beside_a_long_one_is_a_series(keys):
    days = [*range(48)] if keys[0] == "a" else [47, *range(48)]
    days = [*days, 47] if keys[0] == "a" else days
    table = pl.DataFrame({"shop": keys, "day": [date(2024, 1, 1) + timedelta(each) for each in days], "units": 1.5})
    report = read_table(table, TableOptions()).report
    assert (report.series_column, report.series) == ("shop", 2)


@pytest.mark.parametrize("state", [["ok"] * 20 + ["late"] + ["ok"] * 28, ["ok"] * 49], ids=["in between", "the same"])
def test_a_column_of_states_tells_no_series_apart_because_a_time_is_there_twice(state):
    days = [date(2024, 1, 1) + timedelta(each) for each in (*range(48), 47)]
    with pytest.raises(InvalidInputError, match="of row 48 again"):
        read_table(pl.DataFrame({"state": state, "day": days, "units": np.arange(49.0)}), TableOptions())
