"""Time zones and anchors on the command line."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from enstorage import DataSource, Panel
from enstorage.adapter import Window
from enstorage.instant import to_ns


def test_an_imported_series_keeps_where_its_quarters_begin(enstorage):
    months = [f"{year}-{month:02d}-01" for year in (2021, 2022) for month in (3, 6, 9, 12)]
    file = enstorage.folder / "sales.csv"
    file.write_text("month,sales\n" + "".join(f"{month},{number}\n" for number, month in enumerate(months)))
    status, output, _ = enstorage("import-csv", file, "--json")
    assert status == 0
    source = json.loads(output)["data_source"]
    assert (source["time_interval"], source["anchor"]) == ("1q", "2021-03-01")
    assert "8 rows from 2021-03-01T00:00:00Z to 2022-12-01T00:00:00Z" in enstorage("snapshot", 1)[1]


def test_a_source_with_a_time_zone_shows_local_times(enstorage):
    enstorage("init")
    made = enstorage(
        "create", "data-source", "Meter", "--interval", "1d", "--time-zone", "Asia/Kolkata", "--time-from", "2024-01-02"
    )
    assert made[0] == 0
    file = enstorage.folder / "meter.csv"
    file.write_text("time,value\n2024-01-02T00:00+05:30,1\n2024-01-03T00:00+05:30,2\n")
    assert enstorage("import-csv", file, "--source", 1)[0] == 0
    assert "2 rows from 2024-01-02T00:00:00+05:30 to 2024-01-03T00:00:00+05:30" in enstorage("snapshot", 1)[1]
    assert "2024-01-02T00:00:00+05:30" in enstorage("show", "data-source", 1)[1]
    assert "no time zone 'Mars'" in enstorage("create", "data-source", "x", "--time-zone", "Mars")[2]


def test_counters_are_exported_as_integers_and_read_back(enstorage):
    enstorage("init")
    assert enstorage("create", "data-source", "Rings", "--interval", "step")[0] == 0
    written = "step,value\n-5001,1.25\n-5000,0.5\n3,2.0\n"
    (enstorage.folder / "rings.csv").write_text(written)
    assert enstorage("import-csv", enstorage.folder / "rings.csv", "--source", 1)[0] == 0
    assert enstorage("export-csv", "data-source", 1, enstorage.folder / "out.csv")[0] == 0
    assert (enstorage.folder / "out.csv").read_text() == written
    enstorage("snapshot", 1)
    assert enstorage("export-csv", "data-snapshot", 1, enstorage.folder / "rows.csv")[0] == 0
    assert (enstorage.folder / "rows.csv").read_text().startswith("step,value\n-5001,1.25\n-5000,0.5\n-4999,")


@pytest.mark.parametrize("as_panel", [False, True])
def test_exported_counters_are_known_as_such_without_being_told(enstorage, as_panel):
    rows = ["-5001,1.25", "-5000,0.1", "3,-0.0"]
    keyed = [f"{key},{row}" for key in ("a", "b") for row in rows]
    written = "\n".join(["series,step,value", *keyed] if as_panel else ["step,value", *rows]) + "\n"
    (enstorage.folder / "rings.csv").write_text(written)
    status, out, _ = enstorage("import-csv", enstorage.folder / "rings.csv")
    assert (status, "times in step: numbers of the unit step" in out, "interval step" in out) == (0, True, True)
    entity = "panel" if as_panel else "data-source"
    assert enstorage("export-csv", entity, 1, enstorage.folder / "out.csv")[0] == 0
    exported = (enstorage.folder / "out.csv").read_text()
    assert enstorage("import-csv", enstorage.folder / "out.csv", "--name", "again")[0] == 0
    assert enstorage("export-csv", entity, 2, enstorage.folder / "again.csv")[0] == 0
    again = (enstorage.folder / "again.csv").read_text()
    if as_panel:
        assert exported.startswith("series,key,step,value\n1,a,-5001,1.25\n1,a,-5000,0.1\n1,a,3,-0.0\n2,b,-5001,1.25\n")
        assert [line.split(",")[1:] for line in exported.splitlines()] == [
            line.split(",")[1:] for line in again.splitlines()
        ]
    else:
        assert exported == again == written
    wrong = enstorage.folder / "wrong.csv"
    wrong.write_text("step,value\n1.5,1\n2.5,2\n")
    assert enstorage("import-csv", wrong)[0] == 1


def local_hours():
    """The hours around the change of clocks in autumn, of which one is shown twice, and one before clocks had zones."""
    hours = pd.date_range("2024-10-26T20:00Z", periods=12, freq="h").as_unit("ns").asi8
    return np.concatenate([[to_ns("1880-01-01T00:00:00.123456789Z")], hours])


@pytest.mark.parametrize("as_panel", [False, True])
def test_local_times_are_exported_with_their_offset_and_read_back_to_the_same_bits(enstorage, as_panel):
    enstorage("init")
    times, values = local_hours(), np.random.default_rng(2).normal(size=13)
    zone = {"time_interval": "1h", "time_zone": "Europe/Berlin"}
    source = DataSource(name="Meter", **zone).save()
    source.write(times, values, time_unit="ns")
    kind, again = "data-source", DataSource(name="Again", **zone).save()
    if as_panel:
        tokyo = DataSource(name="Tokyo", time_interval="1h", time_zone="Asia/Tokyo").save()
        tokyo.write(times, values, time_unit="ns")
        Panel(name="Meters").save().add_all({"a": source, "b": tokyo})
        Panel(name="Copies").save().add_all({"a": again})
        kind = "panel"
    assert enstorage("export-csv", kind, 1, enstorage.folder / "out.csv")[0] == 0
    rows = pl.read_csv(enstorage.folder / "out.csv")
    shown = pd.DatetimeIndex(times[1:].view("M8[ns]"), tz="UTC").tz_convert("Europe/Berlin")
    assert rows["time"].to_list()[1:13] == [each.isoformat() for each in shown]
    assert "2024-10-27T02:00:00+02:00" in rows["time"]
    assert "2024-10-27T02:00:00+01:00" in rows["time"]
    if as_panel:
        assert rows["time"][14] == "2024-10-27T05:00:00+09:00"
        rows.filter(key="a").select("key", "time", "value").write_csv(enstorage.folder / "out.csv")
    flags = ("--panel", 2) if as_panel else ("--source", 2)
    status, _, errors = enstorage("import-csv", enstorage.folder / "out.csv", *flags)
    assert status == 0, errors
    read_times, read_values = again.read()
    assert read_times.tolist() == times.tolist()
    assert read_values.view(np.int64).tolist() == values.view(np.int64).tolist()


def test_tables_of_records_are_local_to_the_zone_of_their_source(enstorage):
    enstorage("init")
    days = [f"2024-03-{day}" for day in range(28, 32)] + [f"2024-04-0{day}" for day in range(1, 5)]
    source = DataSource(name="Meter", time_interval="1d", time_zone="Europe/London").save()
    source.write(days, np.arange(8.0))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.0, 0.5)
    preparation.create_set(Window(1))
    for kind in ("data-snapshot", "data-preparation", "data-set"):
        assert enstorage("export-csv", kind, 1, enstorage.folder / f"{kind}.csv")[0] == 0
        text = (enstorage.folder / f"{kind}.csv").read_text()
        assert "2024-03-31T00:00:00+00:00" in text
        assert "2024-04-01T00:00:00+01:00" in text


def test_several_offsets_are_told_because_days_of_utc_are_not_meant(enstorage):
    file = enstorage.folder / "meter.csv"
    file.write_text("time,v\n2024-03-30T00:00+00:00,1\n2024-03-31T00:00+00:00,2\n2024-04-01T00:00+01:00,3\n")
    output = enstorage("import-csv", file)[1]
    assert "Times have several offsets from UTC (+00:00, +01:00)" in output
    assert "--time-zone" in output
    output = enstorage("import-csv", file, "--time-zone", "Europe/London", "--name", "right")[1]
    assert "several offsets" not in output
    assert "interval 1d." in output


def test_an_integer_axis_is_imported_with_one_command(enstorage):
    file = enstorage.folder / "rings.csv"
    file.write_text("year,width\n-3,1.5\n-2,2.5\n0,3.5\n")
    assert enstorage("import-csv", file, "--interval", "year")[0] == 0
    assert DataSource.get(1).read()[0].tolist() == [-3, -2, 0]
    assert enstorage("import-csv", file, "--time-unit", "step", "--name", "steps")[0] == 0
    assert DataSource.get(2).time_interval == "step"


def test_a_panel_of_several_zones_is_read_back_by_the_offsets_of_its_times(enstorage):
    enstorage("init")
    sources = {
        zone: DataSource(name=zone, time_interval="1d", time_zone=zone).save()
        for zone in ("Europe/Berlin", "Asia/Tokyo")
    }
    panel = Panel(name="Meters").save()
    panel.add_all(sources)
    days = [f"2024-03-{day}" for day in range(28, 32)]
    for number, source in enumerate(sources.values()):
        source.write(days, np.arange(4) / 7 + number)
    before = panel.read()
    assert enstorage("export-csv", "panel", 1, enstorage.folder / "out.csv")[0] == 0
    for source in sources.values():
        source.delete_points()
    status, _, errors = enstorage("import-csv", enstorage.folder / "out.csv", "--panel", 1)
    assert status == 0, errors
    assert panel.read().equals(before)
    (enstorage.folder / "local.csv").write_text("time,key,value\n2024-04-01,Asia/Tokyo,1\n2024-04-02,Asia/Tokyo,1\n")
    errors = enstorage("import-csv", enstorage.folder / "local.csv", "--panel", 1)[2]
    assert "have several clocks: Asia/Tokyo, Europe/Berlin. Give times with an offset from UTC" in errors
