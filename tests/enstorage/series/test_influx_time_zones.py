"""Days, weeks and months of local clocks over points in a real InfluxDB; the right values are computed by pandas."""

import urllib.parse
import urllib.request
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

import servers
from enstorage import Connector, DataSource
from enstorage.instant import to_ns_array
from enstorage.series.base import AGGREGATES

pytestmark = pytest.mark.server

#: Changes of clocks at night, at midnight (Havana, and São Paulo where midnight was skipped), of half an hour, and none.
ZONES = [
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
]
PERIODS = {"1w": "W-SUN", "1mo": "M", "1q": "Q-DEC", "1y": "Y-DEC"}
EXACT = {"1h": 3600, "8h": 8 * 3600, "15m": 900}


@pytest.fixture
def database():
    # One of its own for each test: one that is dropped and made again at once may lose points of the new one.
    server, name = servers.shared("influxdb"), f"zones{uuid4().hex}"
    server.create_database(name)
    yield server, name
    server.execute(f'DROP DATABASE "{name}"')


@pytest.fixture
def connector(database, tmp_path):
    server, name = database
    connector = Connector(f"sqlite:///{tmp_path}/a.sqlite", server.url(name), f"file:{tmp_path}/objects")
    with connector:
        yield connector
    connector.close()


@pytest.fixture
def statements(connector, monkeypatch):
    """What the server is asked for in a stream of rows."""
    asked, stream = [], connector.series._server.stream
    monkeypatch.setattr(connector.series._server, "stream", lambda text, read: asked.append(text) or stream(text, read))
    return asked


def points(year=2018):
    """One point in about five hours for a year, with a gap."""
    times = np.datetime64(f"{year}-01-01T00:07", "ns").astype(np.int64) + np.arange(1750) * 5 * 3600 * 10**9
    kept = np.delete(np.arange(1750), slice(400, 430))
    return times[kept], np.random.default_rng(7).normal(size=len(kept))


def local(times, zone):
    return pd.to_datetime(times, utc=True).tz_convert(zone)


def starts(days, zone):
    """The first moments of local days."""
    midnights = pd.DatetimeIndex(days).tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.ones(len(days), bool)
    )
    return midnights.tz_convert("UTC").tz_localize(None).to_numpy("M8[ns]").view(np.int64)


@pytest.mark.parametrize("zone", ZONES)
def test_local_days_are_grouped_by_the_server_as_pandas_groups_them(connector, statements, zone):
    times, values = points()
    source = DataSource(name=zone, time_interval="1d", time_zone=zone).save()
    source.write(times, values)
    by_day = pd.Series(values).groupby(local(times, zone).date)
    for aggregate in AGGREGATES:
        statements.clear()
        found, numbers = source.read(interval="1d", aggregate=aggregate)
        expected = by_day.agg(aggregate)
        assert len(statements) == 1
        # Where a clock shows midnight twice, InfluxDB begins the day at the second one, so it is not asked.
        assert (f"GROUP BY time(1d), * fill(none) tz('{zone}')" in statements[0]) == (zone != "America/Havana")
        kept = ~np.isnan(numbers)
        assert found[kept].tolist() == starts(expected.index, zone).tolist(), aggregate
        np.testing.assert_allclose(numbers[kept], expected.to_numpy(), rtol=1e-12, atol=1e-15, err_msg=aggregate)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("interval", PERIODS)
def test_longer_periods_are_those_of_the_local_calendar(connector, zone, interval):
    times, values = points()
    source = DataSource(name=zone, time_interval=interval, time_zone=zone).save()
    source.write(times, values)
    expected = pd.Series(values).groupby(local(times, zone).tz_localize(None).to_period(PERIODS[interval])).mean()
    found, numbers = source.read(interval=interval, aggregate="mean")
    assert found.tolist() == starts(expected.index.start_time, zone).tolist()
    np.testing.assert_allclose(numbers, expected.to_numpy(), rtol=1e-12)


@pytest.mark.parametrize("interval", EXACT)
def test_hours_stay_absolute_in_a_zone(connector, interval):
    times, values = points()
    source = DataSource(name="hours", time_interval=interval, time_zone="America/New_York").save()
    source.write(times, values)
    first = pd.Timestamp("1970-01-01", tz="America/New_York").value  # with which multiples of hours begin
    floor = times - (times - first) % (EXACT[interval] * 10**9)
    expected = pd.Series(values).groupby(floor).mean()
    found, numbers = source.read(interval=interval, aggregate="mean")
    kept = ~np.isnan(numbers)
    assert found[kept].tolist() == expected.index.tolist()
    np.testing.assert_allclose(numbers[kept], expected.to_numpy(), rtol=1e-12)


def test_days_stamped_at_local_midnight_stay_what_they_are_across_the_change_of_clocks(connector, database):
    source = DataSource(name="London", time_interval="1d", time_zone="Europe/London").save()
    days = ["2024-03-29", "2024-03-30", "2024-03-31", "2024-04-01", "2024-04-02"]
    stamps = starts(days, "Europe/London")
    server, name = database
    query = urllib.parse.urlencode({"db": name, "u": servers.USER, "p": servers.PASSWORD})
    lines = "\n".join(
        f"data_source,mysql_id={source.id} value={value} {stamp}"
        for value, stamp in zip((10, 20, 30, 40, 50), stamps, strict=True)
    )
    # Written by another program, as the paper has it.
    urllib.request.urlopen(f"http://127.0.0.1:{server.port}/write?{query}", lines.encode()).close()
    snapshot = source.create_snapshot()
    assert snapshot.read()[1].tolist() == [10, 20, 30, 40, 50]
    assert [source.label(time)[:10] for time in snapshot.read()[0]] == days
    assert snapshot.read()[0].tolist() == stamps.tolist()
    assert source.read("2024-03-30", "2024-04-01")[1].tolist() == [20, 30]
    assert source.delete_points("2024-03-31", "2024-04-01") == 1
    assert to_ns_array(source.read()[0]).tolist() == np.delete(stamps, 2).tolist()
