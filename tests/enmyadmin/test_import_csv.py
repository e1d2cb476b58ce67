"""Tables as banks, shops, meters, hospitals and observatories export them, read by Python and by the command line."""

import json

import numpy as np
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import enstorage as es
from enstorage import DataSource, Panel
from enstorage.instant import MAX_NS, MIN_NS, to_iso
from enstorage.sources.csv_file import with_iso_times, write_csv_points
from enstorage.sources.tables import read_table

BANK = """Kontonummer;DE12 3456
Zeitraum;01.01.2024 - 31.03.2024

"Buchungstag";"Saldo";"Währung";
"31.01.2024";"1.234,56";"EUR";
"29.02.2024";"-12,00";"EUR";
"31.03.2024";"10.000,00";"EUR";
"""
SHOP = """date,store_id,sku,units
2024-01-01,7,bread,12
2024-01-01,12,bread,"1,005"
2024-01-02,7,bread,NA
2024-01-02,12,bread,"1,010"
2024-01-03,7,bread,14
"""
METER = """# logger 4711
Date,Time,kW,flag
12/31/2024,11:30:00 PM,1.5,ok
12/31/2024,11:45:00 PM,-,off
01/01/2025,12:00:00 AM,1.25,ok
01/01/2025,12:15:00 AM,0.5,ok
"""
OBSERVATORY = """1749 01 1749.042   96.7  -1.0
1749 02 1749.123  104.3  -1.0
1749 03 1749.204   -1.0  -1.0
"""


def hospital(path):
    """Two wards side by side, one row a week, under a title."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Beds")
        for number, row in enumerate(
            [["Occupied beds"], [], ["Week", "Ward A", "Ward B"], ["2024-W01", 31, 12], ["2024-W02", "n/a", 14.5]]
        ):
            sheet.write_row(number, 0, row)


def kind(name):
    """The file, its options, and the right points by series."""
    return {
        "bank": (
            BANK.encode("cp1252"),
            {"value_column": "Saldo"},
            {"Saldo": {"2024-01-31": 1234.56, "2024-02-29": -12.0, "2024-03-31": 10000.0}},
        ),
        "shop": (
            SHOP.encode("utf-16"),
            {"series_column": "store_id", "thousands": ","},
            {"7": {"2024-01-01": 12.0, "2024-01-03": 14.0}, "12": {"2024-01-01": 1005.0, "2024-01-02": 1010.0}},
        ),
        "meter": (
            METER.encode(),
            {},
            {"kW": {"2024-12-31T23:30": 1.5, "2025-01-01T00:00": 1.25, "2025-01-01T00:15": 0.5}},
        ),
        "hospital": (
            hospital,
            {},
            {"Ward A": {"2024-01-01": 31.0}, "Ward B": {"2024-01-01": 12.0, "2024-01-08": 14.5}},
        ),
        "observatory": (
            OBSERVATORY.encode(),
            {"time_column": ["1", "2"], "value_column": "4", "date_format": "%Y %m", "missing": "-1"},
            {"4": {"1749-01-01": 96.7, "1749-02-01": 104.3}},
        ),
    }[name]


def points(source):
    times, values = source.read()
    return {to_iso(time): value for time, value in zip(times.tolist(), values.tolist(), strict=True)}


def right(series):
    return {f"{day}T00:00:00Z" if "T" not in day else f"{day}:00Z": value for day, value in series.items()}


@pytest.mark.parametrize("name", ["bank", "shop", "meter", "hospital", "observatory"])
def test_a_table_is_read_alike_by_python_and_by_the_command_line(enstorage, name):
    content, options, expected = kind(name)
    path = enstorage.folder / (f"{name}.xlsx" if callable(content) else f"{name}.csv")
    content(path) if callable(content) else path.write_bytes(content)
    flags = []
    for option, values in options.items():
        for value in values if isinstance(values, list) else [values]:
            flags += [f"--{option.replace('_', '-')}", value]
    status, output, errors = enstorage("import-csv", path, "--name", name, *flags)
    assert (status, errors.splitlines()[1:]) == (0, []), errors
    assert output.startswith(f"Read {path.name}: ")
    count = sum(map(len, expected.values()))
    assert f"Wrote {count} points to " in output
    if len(expected) == 1:
        sources = {"": DataSource.get(1), " again": DataSource.from_table(path, name="again", **options)}
        assert all(points(source) == right(*expected.values()) for source in sources.values())
        assert sources[" again"].time_interval == sources[""].time_interval
        assert sources[" again"].table_report.points == count
    else:
        for panel in (Panel.get(1), Panel.from_table(path, name="again", **options)):
            assert {key: points(source) for key, source in panel.sources().items()} == {
                key: right(series) for key, series in expected.items()
            }


def test_bad_rows_are_listed_and_the_rest_is_written_on_request(enstorage):
    (enstorage.folder / "a.csv").write_text("time,a,b\n2024-01-01,1,2\n2024-01-02,x,3\n2024-13-01,4,5\n")
    status, output, errors = enstorage("import-csv", "a.csv", "--store", "made")
    assert (status, output) == (1, "")
    assert errors == (
        "error: a.csv, line 3, column 'a': 'x' is not a finite number. Further bad rows: 1. Correct or remove it, count "
        "it as a missing value with --missing, or leave bad rows out with --skip-bad-rows; nothing was kept.\n"
    )
    assert not (enstorage.folder / "made").exists()
    _, output, _ = enstorage("import-csv", "a.csv", "--store", "made", "--skip-bad-rows")
    assert output.splitlines()[1:] == [
        "2 bad rows left out:",
        "  line 3, column 'a': 'x' is not a finite number",
        "  line 4, column 'time': '2024-13-01' is not a time; expected ISO 8601 (2015-01-29T21:55:43Z, 2015-01)",
        "Wrote 3 points to panel 1 (a), 2 series, interval 1d.",
    ]


def test_later_rows_are_written_to_the_panel_and_told_as_json(enstorage):
    (enstorage.folder / "a.csv").write_text("time,a,b\n2024-01-01,1,2\n2024-01-02,,3\n")
    first = json.loads(enstorage("import-csv", "a.csv", "--json")[1])
    assert (first["points"], first["panel"]["name"], first["table"]["missing"]) == (3, "a", 1)
    (enstorage.folder / "b.csv").write_text("time,a\n2024-01-02,7\n")
    _, output, _ = enstorage("import-csv", "b.csv", "--panel", "a")
    assert output.splitlines()[-1] == "Wrote 1 point to panel 1 (a), 1 series, interval 1d."
    assert Panel.get(1).sources()["a"].read()[1].tolist() == [1, 7]
    _, _, errors = enstorage("import-csv", "a.csv", "--source", 1)
    assert "a.csv has 2 series, such as 'a', 'b'; expected one. Choose the column" in errors
    assert "Leave out either" in enstorage("import-csv", "a.csv", "--source", 1, "--panel", 1)[2]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.lists(st.integers(MIN_NS, MAX_NS), min_size=1, max_size=8, unique=True)


def bits(values):
    return np.asarray(values, np.float64).view(np.int64).tolist()


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=9), TIMES),
    st.data(),
)
def test_an_exported_panel_is_read_back_to_the_same_bits(tmp_path, series, data):
    series = {key: times for key, times in series.items() if key.strip() == key} or {"a,b": [0]}
    series = {"only": [1, 2], **series}
    rows = [(1, key, time, data.draw(NUMBERS)) for key, times in series.items() for time in sorted(times)]
    table = pl.DataFrame(rows, schema={"series": int, "key": str, "time": int, "value": float}, orient="row")
    (tmp_path / "panel.csv").write_text(with_iso_times(table).write_csv(), encoding="utf-8", newline="")
    read = read_table(tmp_path / "panel.csv").points
    assert read["series"].to_list() == table["key"].to_list()
    assert read["time"].to_list() == table["time"].to_list()
    assert bits(read["value"]) == bits(table["value"])


def test_what_is_exported_of_any_record_is_read_back(enstorage):
    times = np.datetime64("2024-01-01", "ns") + np.arange(40) * np.timedelta64(1, "D")
    values = np.random.default_rng(0).standard_normal(40) * 1e-3
    values[7] = -0.0
    es.Connector.in_folder("enstorage-data")
    source = DataSource(name="a", time_interval="1d")
    source.write(np.delete(times, 5), np.delete(values, 5))
    panel = Panel(name="p")
    panel.add_all({"7": source, "b": DataSource.from_table(pl.DataFrame({"t": times, "v": values}), name="b")})
    snapshot = source.create_snapshot()
    preparation = snapshot.create_preparation("linear", "minmax")
    preparation.create_set(es.adapter.Window(2))
    for entity in ("data_source", "panel", "data_snapshot", "data_preparation", "data_set"):
        file = f"{entity}.csv"
        assert enstorage("export-csv", entity, 1, file)[0] == 0
        text = (enstorage.folder / file).read_text().splitlines()
        assert "2024-01-06T00:00:00Z" in text[6] if entity == "data_snapshot" else "2024-01-" in text[1]
        read = read_table(enstorage.folder / file)
        found = next(iter(read.by_series().values()))
        if entity != "data_set":
            expected = snapshot if entity == "data_preparation" else source
            assert found[0].tolist() == expected.read()[0].tolist(), entity
        if entity in ("data_source", "panel", "data_snapshot"):
            assert bits(found[1]) == bits(source.read()[1])
    assert list(read_table(enstorage.folder / "panel.csv").by_series()) == ["7", "b"]
    assert read_table(enstorage.folder / "data_snapshot.csv").report.missing == 1


def test_text_that_is_written_by_hand_and_by_us_is_the_same_file(tmp_path):
    write_csv_points(tmp_path / "a.csv", np.array([0, 1]), np.array([0.1, -0.0]))
    assert (tmp_path / "a.csv").read_text().splitlines()[2] == "1970-01-01T00:00:00.000000001Z,-0.0"
