"""Panels infer the calendars of their series, and report how points cover their buckets."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from enstorage import Panel
from enstorage.sources import TableOptions
from enstorage.sources.tables import read_table
from enstorage.sources.tables.calendars import infer_calendars


def long(**series):
    return pl.concat(
        pl.DataFrame({"key": key, "time": times.to_numpy(), "value": np.arange(len(times), dtype=float)})
        for key, times in series.items()
    )


def intervals(panel):
    return {key: source.time_interval for key, source in panel.sources().items()}


@pytest.mark.parametrize(
    ("times", "interval", "anchor"),
    [
        (pd.date_range("2024-01-01", periods=40, freq="D"), "1d", None),
        (pd.bdate_range("2024-01-01", periods=40), "1b", None),
        (pd.date_range("2022-03-01", periods=12, freq="QS-MAR"), "1q", "2022-03-01"),
        (pd.date_range("2024-01-01T06:00", periods=12, freq="8h"), "8h", "2024-01-01T06:00:00"),
        (pd.date_range("2024-01-07", periods=12, freq="7D"), "1w", "2024-01-07"),
        (pd.date_range("2020-01-31", periods=24, freq="ME"), "1mo", None),
    ],
)
def test_long_and_wide_tables_have_the_calendar_of_a_single_source(store, times, interval, anchor):
    wide = pd.DataFrame({"a": 1.0, "b": np.where(np.arange(len(times)) % 5, 2.0, np.nan)}, index=times)
    for name, table in {"long": long(a=times, b=times), "wide": wide}.items():
        panel = Panel.from_table(table, name=name)
        found = {(source.time_interval, source.anchor) for source in panel.sources().values()}
        assert found == {(interval, anchor)}
        [calendar] = panel.import_report()["calendars"]
        assert calendar == {"time_interval": interval, "time_zone": "UTC", "anchor": anchor, "series": 2}


def test_local_days_of_a_zone_are_days_although_clocks_change(store):
    days = pd.date_range("2024-03-25", periods=14, freq="D")
    panel = Panel.from_table(long(a=days, b=days), name="a", time_zone="Europe/Berlin")
    assert intervals(panel) == {"a": "1d", "b": "1d"}
    assert panel.import_report()["empty_between"] == 0


def test_a_series_that_fits_into_the_buckets_of_most_shares_them(store):
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    weekly, months = days[::7], pd.date_range("2024-01-15", periods=5, freq="MS")
    rare = days[:2]
    events = pd.DatetimeIndex(["2024-01-01T01:17", "2024-01-01T01:19", "2024-02-01T05:00", "2024-02-03T05:01:07"])
    panel = Panel.from_table(long(daily=days, weekly=weekly, months=months, rare=rare, events=events), name="a")
    assert intervals(panel) == {"daily": "1d", "weekly": "1d", "months": "1d", "rare": "1d", "events": None}
    messages = panel.import_report()["messages"]
    assert "events has no interval." in messages
    hours = pd.date_range("2024-01-01", periods=30, freq="h")
    mixed = Panel.from_table(long(daily=days, hourly=hours), name="b")
    assert intervals(mixed) == {"daily": "1d", "hourly": "1h"}
    assert "hourly has the interval 1h." in mixed.import_report()["messages"]


def test_where_most_points_are_events_none_has_an_interval(store):
    random = np.random.default_rng(1)
    visits = {
        f"p{number}": pd.DatetimeIndex(
            pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(random.lognormal(10, 3, 40)), unit="s").round("s")
        )
        for number in range(3)
    }
    panel = Panel.from_table(long(**visits, twice=pd.date_range("2024-01-01", periods=2)), name="a")
    assert set(intervals(panel).values()) == {None}
    assert panel.import_report()["points"] == 122


def test_the_report_of_a_panel_counts_each_series_and_all(store):
    hours = pd.date_range("2024-01-01", periods=48, freq="h")
    late = hours + pd.to_timedelta(np.where(np.arange(48) % 7 == 3, -40, 20), unit="s")
    panel = Panel.from_table(long(exact=hours, gaps=hours.delete([5, 6, 20]), late=late), name="a", time_interval="1h")
    report = panel.import_report()
    each = report["by_series"]
    assert each == {key: source.import_report() for key, source in panel.sources().items()}
    assert (each["gaps"]["measured"], each["gaps"]["empty_between"]) == (45, 3)
    counts = pd.Series(late).dt.floor("h").value_counts()
    assert each["late"]["shared_buckets"] == int((counts > 1).sum()) > 0
    assert each["late"]["jitter_seconds"] == report["jitter_seconds"] == 40
    assert report["points"] == 48 + 45 + 48
    assert report["measured"] == sum(one["measured"] for one in each.values())
    assert "gaps: 3 buckets are empty between points." in report["messages"]
    assert any(message.startswith("late: ") and 'snap="1h"' in message for message in report["messages"])


def test_a_panel_without_points_or_sources_has_a_report(store):
    report = Panel(name="empty").save().import_report()
    assert (report["series"], report["points"], report["calendars"], report["by_series"]) == (0, 0, [], {})


def test_the_hour_that_clocks_repeat_is_found_in_each_series(store):
    local = pd.date_range("2024-10-27", periods=5, freq="h", tz="Europe/Berlin")
    text = local.tz_localize(None).strftime("%Y-%m-%d %H:%M")
    table = pl.DataFrame({"meter": ["a"] * 5 + ["b"] * 5, "time": [*text, *text], "kWh": np.arange(10.0)})
    panel = Panel.from_table(table, name="a", time_zone="Europe/Berlin")
    for source in panel.sources().values():
        assert source.time_interval == "1h"
        assert source.read()[0].tolist() == local.as_unit("ns").asi8.tolist()
    backwards = read_table(table.filter(meter="a").reverse().drop("meter"), TableOptions(time_zone="Europe/Berlin"))
    times, values = backwards.one_series()
    assert (times.tolist(), values.tolist()) == (local.as_unit("ns").asi8.tolist(), [0, 1, 2, 3, 4])


def test_calendars_are_inferred_from_times_without_values_too():
    days = pd.date_range("2024-01-01", periods=9)
    table = pl.DataFrame({"time": days.to_numpy(), "a": [1.0, None] * 4 + [2.0], "b": np.arange(9.0)})
    assert {key: str(each) for key, each in infer_calendars(read_table(table)).items()} == {"a": "1d", "b": "1d"}
