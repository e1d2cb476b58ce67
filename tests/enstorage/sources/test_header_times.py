"""Tables with times in their header, and titles above it."""

import pandas as pd
import pytest

from enstorage.errors import InvalidInputError
from enstorage.sources.tables import TableOptions, read_table

MONTHS = ["2024-01-01", "2024-02-01", "2024-03-01"]
EACH = {"Brot": [1204.5, 987.0, 5.0], "Milch": [5.0, 6.0, 7.0]}


def read(tmp_path, text, **options):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    return found(tmp_path / "a.csv", **options)


def found(table, **options):
    table = read_table(table, TableOptions.of(options))
    series = {
        key: dict(zip(times.astype("M8[ns]").astype("M8[D]").astype(str).tolist(), values.tolist(), strict=True))
        for key, (times, values) in table.by_series().items()
    }
    return series, table.report


@pytest.mark.parametrize(
    "head",
    [
        "Jan 2024;Feb 2024;Mar 2024",
        "Januar 2024;Februar 2024;März 2024",
        "2024-01;2024-02;2024-03",
        "Jan-24;Feb-24;Mrz-24",
        "01/2024;02/2024;03/2024",
        "2024M01;2024M02;2024M03",
        "01.01.2024;01.02.2024;01.03.2024",
    ],
)
def test_a_column_for_each_month_is_a_series_for_each_row(tmp_path, head):
    series, report = read(tmp_path, f"Artikel;{head}\nBrot;1.204,5;987,0;5\nMilch;5;6;7\n")
    assert series == {key: dict(zip(MONTHS, values, strict=True)) for key, values in EACH.items()}
    assert (report.time_columns, report.series_column, report.value_columns) == (("header",), "Artikel", ("cells",))


def test_consecutive_years_and_quarters_are_times_too(tmp_path):
    series, _ = read(tmp_path, "Region,Code,2019,2020,2021\nNorth,17,5,..,7\nSouth,18,1,2,3\n")
    assert series["North"] == {"2019-01-01": 5, "2021-01-01": 7}
    series, report = read(tmp_path, "Land;Jahr;I;II;III;IV\nA;2023;1;2;3;4\nA;2024;5;6;7;8\nB;2024;9;9;9;9\n")
    assert list(series["A"].values()) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert list(series["B"]) == ["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"]
    assert report.series == 2


def test_a_frame_of_pandas_with_times_as_columns(tmp_path):
    frame = pd.DataFrame(EACH, index=pd.DatetimeIndex(MONTHS)).T.rename_axis("article").reset_index()
    frame.columns = [str(name)[:10] for name in frame.columns]
    assert found(frame)[0] == {key: dict(zip(MONTHS, values, strict=True)) for key, values in EACH.items()}


def test_a_bad_cell_is_told_by_its_line_in_the_file(tmp_path):
    with pytest.raises(InvalidInputError, match=r"a\.csv, line 3, column '2024-02': 'x' is not a finite number"):
        read(tmp_path, "Artikel;2024-01;2024-02\nBrot;1;2\nMilch;3;x\n")
    with pytest.raises(InvalidInputError, match=r"a\.csv, line 3, column 'III': 'x' is not a finite number"):
        read(tmp_path, "Jahr;I;II;III;IV\n2023;1;2;3;4\n2024;5;6;x;8\n")
    with pytest.raises(InvalidInputError, match=r"a\.csv, line 3, column 'Jahr': '20x4-01' is not a time"):
        read(tmp_path, "Jahr;I;II;III;IV\n2023;1;2;3;4\n20x4;5;6;7;8\n")


@pytest.mark.parametrize(
    "text",
    [
        "time,2024,2025\n2024-01-01,1,2\n2024-01-02,3,4\n",  # columns called by numbers beside times
        "day,a,b\n2024-01-01,1,2\n2024-01-02,3,4\n",
    ],
)
def test_tables_with_a_column_of_times_stay_as_they_are(tmp_path, text):
    series, report = read(tmp_path, text)
    assert report.time_columns == (text.split(",")[0],)
    assert [list(each.values()) for each in series.values()] == [[1, 3], [2, 4]]


def test_lines_of_two_cells_above_the_header_are_titles(tmp_path):
    series, report = read(tmp_path, "Meter;DE0001\nUnit;kWh\nStamp;Load\n2024-01-01;1,5\n2024-01-02;2,5\n")
    assert series == {"Load": {"2024-01-01": 1.5, "2024-01-02": 2.5}}
    assert (report.skipped_lines, report.time_columns) == (2, ("Stamp",))
    with pytest.raises(InvalidInputError, match="line 2, column 'day': 'foo' is not a time"):
        read(tmp_path, "day;load\nfoo;bar\n2024-01-01;1,5\n2024-01-02;2,5\n")
