"""Several values of one time, and times that jitter, in tables and in arrays."""

import numpy as np
import pandas as pd
import pytest

from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError
from enstorage.sources import CsvLoader
from enstorage.sources.tables import TableOptions, read_table

ROWS = "patient,day,value\n7,2024-01-02,5\n7,2024-01-01,1\n9,2024-01-01,4\n7,2024-01-02,8\n9,2024-01-01,4\n7,2024-01-02,2\n"
WAYS = ["mean", "sum", "first", "last"]


@pytest.mark.parametrize("way", WAYS)
def test_repeated_times_become_one_value_as_pandas_computes_it(store, tmp_path, way):
    (tmp_path / "a.csv").write_text(ROWS)
    panel = Panel.from_table(tmp_path / "a.csv", name="a", series="patient", time_interval="1d", duplicates=way)
    frame = pd.read_csv(tmp_path / "a.csv", parse_dates=["day"])
    expected = frame.groupby(["patient", "day"])["value"].agg(way).astype(float)
    for key, source in panel.sources().items():
        times, values = source.read()
        assert values.tolist() == expected[int(key)].tolist()
        assert times.tolist() == expected[int(key)].index.as_unit("ns").asi8.tolist()
    report = panel.table_report
    assert (report.combined, report.repeated, report.duplicates) == (3, 0, way)
    shown = {"mean": "their mean", "sum": "their sum", "first": "the first value", "last": "the last value"}[way]
    assert f"3 rows have the time of a row above; {shown} was taken." in report.lines()
    arrays = DataSource(name="arrays")
    seven = frame[frame["patient"] == 7]
    arrays.write(seven["day"], seven["value"], duplicates=way)
    assert arrays.read()[1].tolist() == expected[7].tolist()


def test_without_being_told_no_value_is_lost(store, tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    with pytest.raises(InvalidInputError, match=r"line 5.* again, with another value.*with duplicates.*mean"):
        read_table(tmp_path / "a.csv", TableOptions(series_column="patient"))
    with pytest.raises(InvalidInputError, match=r"1 points have the time of another one.*duplicates"):
        DataSource(name="a").write(["2024-01-01", "2024-01-01"], [1, 2])
    with pytest.raises(InvalidInputError, match=r"duplicates is 'max'; expected one of 'refuse', 'mean'"):
        DataSource(name="a").write(["2024-01-01", "2024-01-01"], [1, 2], duplicates="max")
    with pytest.raises(
        InvalidInputError, match=r"'decimal' is one of tables, but times and values are given as arrays"
    ):
        DataSource(name="a").write(["2024-01-01"], [1], decimal=",")


def jittered(count=48):
    random = np.random.default_rng(5)
    hours = pd.date_range("2024-03-30", periods=count, freq="h")
    return hours, hours + pd.to_timedelta(random.integers(-900, 900, count), unit="s")


def test_times_that_jitter_are_moved_in_every_table(store, tmp_path):
    hours, stamps = jittered()
    frame = pd.DataFrame({"time": stamps, "north": np.arange(48.0), "south": np.arange(48.0) * 2})
    frame.to_csv(tmp_path / "a.csv", index=False)
    panel = Panel.from_table(tmp_path / "a.csv", name="a", snap="1h")
    for source in panel.sources().values():
        assert source.time_interval == "1h"
        assert source.read()[0].tolist() == hours.as_unit("ns").asi8.tolist()
    assert (panel.table_report.snap, panel.table_report.snapped) == ("1h", 48)
    assert "48 times were moved to the nearest start of 1h." in panel.table_report.lines()
    one = DataSource.from_table(frame[["time", "north"]], name="one", snap="1h")
    assert one.read()[0].tolist() == hours.as_unit("ns").asi8.tolist()
    [loaded] = CsvLoader(str(tmp_path / "a.csv"), {"value_column": "north", "snap": "1h"}).load()
    assert loaded.times.tolist() == hours.as_unit("ns").asi8.tolist()


def test_times_that_are_moved_to_one_start_are_repeated_ones(store, tmp_path):
    frame = pd.DataFrame({"time": ["2024-01-01T00:58", "2024-01-01T01:01", "2024-01-01T02:00"], "v": [1, 2, 3]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InvalidInputError, match="again, with another value"):
        DataSource.from_table(tmp_path / "a.csv", name="a", snap="1h")
    source = DataSource.from_table(tmp_path / "a.csv", name="a", snap="1h", duplicates="mean")
    assert source.read()[1].tolist() == [1.5, 3]
    local = DataSource(name="b", time_interval="8h", anchor="2024-01-01T06:00")
    local.write(["2024-01-01T06:10", "2024-01-01T13:59"], [1, 2], snap="8h")  # its own anchor counts
    assert [local.label(time) for time in local.read()[0]] == ["2024-01-01T06:00:00Z", "2024-01-01T14:00:00Z"]


def test_a_loader_takes_the_options_of_tables_and_several_series_in_a_file(store, tmp_path):
    (tmp_path / "a.csv").write_text("t;Riga;Oslo\n01.02.2024;1,5;2,5\n02.02.2024;3,5;4,5\n")
    loader = CsvLoader(str(tmp_path / "*.csv"), {"decimal": ",", "date_order": "day-first", "time_zone": "Europe/Riga"})
    found = {each.key: (each.times.tolist(), each.values.tolist()) for each in loader.load()}
    days = pd.DatetimeIndex(["2024-02-01", "2024-02-02"]).tz_localize("Europe/Riga").as_unit("ns").asi8.tolist()
    assert found == {"a/Riga": (days, [1.5, 3.5]), "a/Oslo": (days, [2.5, 4.5])}
    again = type(loader).from_json(loader.to_json())
    assert again == loader
    assert [each.key for each in again.load()] == list(found)
    with pytest.raises(InvalidInputError, match="no option 'decimals' of a table"):
        CsvLoader("a.csv", {"decimals": ","})
    with pytest.raises(InvalidInputError, match="CsvLoader: options is 5"):
        CsvLoader("a.csv", 5)
