"""Times of a zone that are taken as UTC: the hour that is missing where clocks are set forward is told."""

import pandas as pd
import pytest

from enstorage import DataSource

TOLD = "missing as where clocks are set forward"


def written(zone, start, days, frequency="15min"):
    """A file of times on the clocks of a zone, without offset, each once."""
    times = pd.date_range(start, periods=days * 96, freq="15min", tz=zone)[:: 1 if frequency == "15min" else 4]
    local = times.tz_localize(None)
    return pd.DataFrame({"time": local[~local.duplicated()], "value": 1.0})


@pytest.fixture
def told(store, tmp_path):
    """A function that writes a table to a source as a file, and gives the sentences about it."""

    def lines(table, **options):
        table.to_csv(tmp_path / "meter.csv", index=False)
        return " ".join(DataSource.from_table(tmp_path / "meter.csv", name="meter", **options).table_report.lines())

    return lines


@pytest.mark.parametrize(
    ("zone", "start", "hour"),
    [
        ("Europe/Berlin", "2026-03-20", "2026-03-29 02:00"),
        ("Europe/London", "2026-03-20", "2026-03-29 01:00"),
        ("America/New_York", "2026-03-01", "2026-03-08 02:00"),
        ("Australia/Sydney", "2026-10-01", "2026-10-04 02:00"),
    ],
)
@pytest.mark.parametrize("frequency", ["15min", "1h"])
def test_the_hour_is_named_with_the_option_that_helps(told, zone, start, hour, frequency):
    table = written(zone, start, 14, frequency)
    lines = told(table)
    assert f"1 hour is {TOLD} ({hour})" in lines
    assert "name it with time_zone" in lines
    assert TOLD not in told(table, time_zone=zone)


def test_a_table_of_pandas_has_it_too(store):
    source = DataSource.from_table(written("Europe/Berlin", "2026-03-20", 14), name="meter")
    assert source.table_report.skipped_hours == ("2026-03-29 02:00",)


def test_other_gaps_are_gaps(told):
    table = written("UTC", "2026-03-20", 14)
    time = table["time"].dt.floor("1h")
    assert TOLD not in told(table)
    assert TOLD not in told(table[time != "2026-03-25 02:00"])  # a Wednesday
    assert TOLD not in told(table[time != "2026-03-29 12:00"])
    assert TOLD not in told(table[(time != "2026-03-29 02:00") & (time != "2026-03-29 03:00")])
    assert TOLD not in told(
        table.assign(time=table["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))[time != "2026-03-29 02:00"]
    )
