"""Sources on the clocks of people: from points to snapshots, windows and stored forecasts."""

import numpy as np
import pandas as pd
import pytest

import enstorage
from enstorage import Connector, DataSource, Panel, Project
from enstorage.adapter import Interval
from enstorage.errors import ImmutableError, InvalidInputError
from enstorage.instant import to_ns_array


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata"])
@pytest.mark.parametrize("first", ["2024-03-29", "2024-10-25"])
def test_days_stamped_at_local_midnight_stay_what_they_are(store, zone, first):
    days = pd.date_range(first, periods=5, tz=zone)
    source = DataSource(name="meter", time_interval="1d", time_zone=zone, aggregate="sum")
    source.write(days, [10.0, 20.0, 30.0, 40.0, 50.0])
    times, values = source.create_snapshot().read()
    assert values.tolist() == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert [source.label(int(time))[:10] for time in times] == [str(day)[:10] for day in days]
    assert times.tolist() == days.as_unit("ns").asi8.tolist()
    without_offset = DataSource(name="local", time_interval="1d", time_zone=zone)
    without_offset.write(days.tz_localize(None), values)
    assert without_offset.read()[0].tolist() == times.tolist()


def test_a_snapshot_keeps_its_calendar_when_the_source_changes(store):
    source = DataSource(name="sales", time_interval="3mo", anchor="2022-03", time_zone="Europe/Berlin")
    source.write(["2022-03-05", "2022-06-05", "2022-12-05"], [1.0, 2.0, 4.0])
    snapshot = source.create_snapshot()
    starts = [snapshot.label(int(time))[:7] for time in snapshot.read()[0]]
    assert starts == ["2022-03", "2022-06", "2022-09", "2022-12"]
    source.anchor, source.time_zone = None, "UTC"
    source.save()
    kept = type(snapshot).get(snapshot.id)
    assert (kept.calendar.anchor, kept.time_zone) == ("2022-03-01", "Europe/Berlin")
    assert kept.check()
    kept.time_zone = "UTC"
    with pytest.raises(ImmutableError, match="time_zone"):
        kept.save()


def test_periods_and_holidays_are_kept_and_given_out(store):
    source = DataSource(name="bank", time_interval="1b", holidays=["2024-03-29", pd.Timestamp("2024-04-01")]).save()
    listed = DataSource(name="terms", time_interval="1p", periods=["2024-02-09", "2024-01-05"]).save()
    assert DataSource.find("time_zone = 'UTC' and anchor is null") == [source, listed]
    assert DataSource.get(source.id).holidays == ["2024-03-29", "2024-04-01"]
    assert DataSource.get(listed.id).periods == ["2024-01-05", "2024-02-09"]
    source.write(["2024-03-28", "2024-04-02"], [1.0, 2.0])
    assert source.create_snapshot().rows == 2


def test_a_period_is_local_too(store):
    source = DataSource(name="x", time_interval="1d", time_zone="Asia/Tokyo", time_from="2024-01-02")
    source.write(pd.date_range("2024-01-01", periods=3, tz="Asia/Tokyo"), [1.0, 2.0, 3.0])
    assert source.create_snapshot().read()[1].tolist() == [2.0, 3.0]
    assert source.as_dictionary()["time_from"] == "2024-01-02T00:00:00+09:00"
    assert source.read("2024-01-03")[1].tolist() == [3.0]


def test_an_integer_axis_leads_from_write_to_the_snapshot(store):
    rings = DataSource(name="tree rings", time_interval="year", time_from=-5000)
    rings.write([-5001, -5000, -4999, -4997], [9.0, 1.0, 2.0, 4.0])
    snapshot = rings.create_snapshot()
    assert snapshot.read()[0].tolist() == [-5000, -4999, -4998, -4997]
    assert snapshot.label(-5000) == "-5000"
    with pytest.raises(InvalidInputError, match="integers"):
        rings.write(["2024-01-01"], [1.0])


def test_events_are_days_apart_by_the_local_calendar(store):
    visits = pd.DatetimeIndex(["2024-03-30T23:30", "2024-03-31T23:30", "2024-04-01T00:30", "2024-04-04T12:00"])
    source = DataSource(name="visits", time_zone="Europe/London")
    source.write(visits, np.ones(4))
    data_set = source.create_snapshot().create_preparation(train_part=1.0, test_part=0.0).create_set(Interval(1))
    assert data_set.arrays()[1].ravel().tolist() == [1.0, 1.0]
    assert data_set.arrays()[2].tolist() == [1.0, 3.0]


def model_over(source):
    snapshot = source.create_snapshot()
    preparation = snapshot.create_preparation(train_part=0.5)
    project = Project(name="p", data_source=source)
    return project.create_research("r", preparation).create_model("from elsewhere")


def test_stamps_of_forecasts_from_elsewhere_meet_the_buckets(store):
    months = pd.date_range("2024-01-01", periods=6, freq="MS", tz="Europe/Berlin")
    source = DataSource(name="months", time_interval="1mo", time_zone="Europe/Berlin")
    source.write(months, np.arange(6.0))
    model = model_over(source)
    ends = pd.date_range("2024-04-30", periods=3, freq="ME")
    for stamps in (
        ends,
        months[3:].tz_convert("UTC"),
        ["2024-04", "2024-05", "2024-06"],
        months[3:].as_unit("ns").asi8,
    ):
        model.save_forecasts("test", stamps, [3.0, 4.0, 5.0])
        assert model.forecasts("test")["id"].to_list() == months[3:].as_unit("ns").asi8.tolist()
    with pytest.raises(InvalidInputError, match="share a target"):
        model.save_forecasts("test", ["2024-04-01", "2024-04-30"], [1.0, 2.0])


def test_a_bundle_carries_the_calendar(store, tmp_path):
    calendar = {"time_interval": "2b", "anchor": "2024-01-02", "time_zone": "Asia/Tokyo", "holidays": ["2024-01-08"]}
    source = DataSource(name="bank", **calendar)
    source.write(pd.bdate_range("2024-01-02", periods=12), np.arange(12.0))
    model = model_over(source)
    enstorage.export_project(model.research.project, tmp_path / "bank.enz")
    with Connector.in_folder(tmp_path / "other") as other:
        enstorage.import_bundle(tmp_path / "bank.enz", other)
        (arrived,) = DataSource.get_list()
        assert (arrived.calendar, arrived.calendar.to_json()) == (source.calendar, source.calendar.to_json())
        assert arrived.snapshots()[0].calendar == source.calendar
        assert enstorage.check(other) == []


def test_a_panel_is_written_by_its_clock(store):
    table = pd.DataFrame(
        {"series": ["a", "a", "b"], "time": ["2024-07-01", "2024-07-02", "2024-07-01"], "value": [1.0] * 3}
    )
    panel = Panel.from_table(table, name="shops", time_interval="1d", time_zone="Europe/Paris")
    panel.write(table.assign(time=["2024-07-03", "2024-07-04", "2024-07-03"]))
    expected = to_ns_array([f"2024-07-0{day}T00:00+02:00" for day in (1, 2, 3, 4)])
    assert panel.sources()["a"].read()[0].tolist() == expected.tolist()


def test_a_file_is_read_by_the_clock_of_its_source(store, tmp_path):
    days = tmp_path / "days.csv"
    days.write_text("day,kWh\n" + "".join(f"2024-03-{day},{day}\n" for day in range(29, 32)) + "2024-04-01,32\n")
    meter = DataSource(name="meter", time_interval="1d", time_zone="Europe/London")
    meter.write(days)
    expected = pd.date_range("2024-03-29", periods=4, tz="Europe/London")
    assert meter.read()[0].tolist() == expected.as_unit("ns").asi8.tolist()
    made = DataSource.from_table(days, name="made", time_zone="Europe/London")
    assert (made.time_interval, made.time_zone, made.read()[0].tolist()) == (
        "1d",
        "Europe/London",
        meter.read()[0].tolist(),
    )
    rings = tmp_path / "rings.csv"
    rings.write_text("year,mm\n-5001,1.5\n-5000,2.5\n")
    trees = DataSource(name="trees", time_interval="year")
    trees.write(rings)
    assert trees.read()[0].tolist() == [-5001, -5000]
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("day,value\n45292,1\n45293,2\n")
    sheet = DataSource(name="sheet", time_interval="1d", time_zone="Asia/Tokyo")
    sheet.write(numbers, time_unit="excel")
    assert sheet.label(int(sheet.read()[0][0])) == "2024-01-01T00:00:00+09:00"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"time_interval": "1dek", "anchor": "2024-01-05"}, "does not start a period"),
        ({"time_interval": "1p"}, "no periods are given"),
    ],
)
def test_what_is_no_calendar_is_refused_at_once(store, given, message):
    with pytest.raises(InvalidInputError, match=message):
        DataSource(name="x", **given)


def test_messages_show_times_on_the_clock_of_the_source(store):
    source = DataSource(name="meter", time_interval="1d", time_zone="Europe/Berlin").save()
    days = pd.date_range("2024-03-25", periods=10, tz="Europe/Berlin")
    with pytest.raises(InvalidInputError, match=r"at position 1 \(2024-03-26T00:00:00\+01:00\)"):
        source.write(days, [1.0, np.nan, *range(8)])
    source.write(days, np.arange(10.0))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.7)
    model = Project(name="p", data_source=source).save().create_research("r", preparation).create_model("m")
    with pytest.raises(InvalidInputError, match=r"the first for 2024-04-02T00:00:00\+02:00\. Leave those rows out"):
        model.save_forecasts("test", days[7:], [1.0, np.nan, 3.0])
    with pytest.raises(
        InvalidInputError, match=r"share a target, the first at 2024-04-01T00:00:00\+02:00; expected one"
    ):
        model.save_forecasts("test", days[[7, 7]], [1.0, 2.0])
    with pytest.raises(InvalidInputError, match=r"of the part 'train', the first at 2024-03-31T00:00:00\+01:00\. Save"):
        model.save_forecasts("test", days[6:], np.ones(4))
