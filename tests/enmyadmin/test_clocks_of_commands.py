"""Time zones and anchors on the command line."""

import json


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
    written = "time,value\n-5001,1.25\n-5000,0.5\n3,2.0\n"
    (enstorage.folder / "rings.csv").write_text(written)
    assert enstorage("import-csv", enstorage.folder / "rings.csv", "--source", 1)[0] == 0
    assert enstorage("export-csv", "data-source", 1, enstorage.folder / "out.csv")[0] == 0
    assert (enstorage.folder / "out.csv").read_text() == written
    enstorage("snapshot", 1)
    assert enstorage("export-csv", "data-snapshot", 1, enstorage.folder / "rows.csv")[0] == 0
    assert (enstorage.folder / "rows.csv").read_text().startswith("time,value\n-5001,1.25\n-5000,0.5\n-4999,")
