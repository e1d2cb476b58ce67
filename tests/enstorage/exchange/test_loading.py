"""Loading into the store: only what is new is written, what is not as expected changes nothing, and a set is blocked."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import entrainer
from enstorage import DataSet, DataSource, Panel, Project, errors, load
from enstorage.adapter import Window
from enstorage.sources import CsvLoader, ExpectedValues, LoadedSeries, SourceLoader, Wanted
from entrainer.networks import Estimator


def csv(folder, rows, name="load.csv"):
    (folder / name).write_text("time,value\n" + "".join(f"2024-01-{day:02d},{value}\n" for day, value in rows))
    return CsvLoader(str(folder / name))


def test_the_same_again_changes_nothing_and_what_is_new_is_a_new_snapshot(store, tmp_path, census):
    loader = csv(tmp_path, [(day, day * 1.5) for day in range(1, 9)])
    first = load(loader, "Load", snapshot=True, progress=False)
    assert (first.is_new, first.added, first.changed, first.target.time_interval) == (True, 8, 0, "1d")
    before, version = census(store), store.series.version()
    again = load(loader, "Load", snapshot=True, progress=False)
    assert (again.is_new, again.added, again.changed, again.unchanged) == (False, 0, 0, 8)
    assert (again.target, again.snapshots) == (first.target, first.snapshots)
    assert (census(store), store.series.version()) == (before, version)
    more = load(csv(tmp_path, [(2, 3.0), (3, 40.0), (9, 1.0)]), first.target, snapshot=True, progress=False)
    assert (more.added, more.changed, more.unchanged) == (1, 1, 1)
    assert more.snapshots != first.snapshots
    assert more.target.read()[1].tolist() == [1.5, 3, 40, 6, 7.5, 9, 10.5, 12, 1]


def test_several_series_are_a_panel_to_which_new_ones_are_added(store, tmp_path):
    for name in ("a", "b"):
        csv(tmp_path, [(1, 1), (2, 2), (3, 3)], f"{name}.csv")
    loader = CsvLoader(str(tmp_path / "*.csv"))
    panel = load(loader, "Meters", progress=False).target
    assert isinstance(panel, Panel)
    csv(tmp_path, [(4, 4)], "c.csv")
    found = load(loader, "Meters", progress=False)
    assert (found.added, found.unchanged, [*panel.sources()]) == (1, 6, ["a", "b", "c"])
    with pytest.raises(errors.InvalidInputError, match="is one series"):
        load(loader, panel.sources()["a"], progress=False)


@dataclass(frozen=True)
class Broken(SourceLoader):
    """Gives points, and then fails or lies."""

    name: ClassVar[str] = "broken"
    how: str = "fails"

    def read(self, wanted, report):
        times = np.arange(5, dtype=np.int64) * 86_400_000_000_000
        yield LoadedSeries("a", times, np.ones(5))
        report("Reading", 1, 2)
        if self.how == "fails":
            raise errors.StoreError("The line went dead.")
        yield LoadedSeries("a", times + 1, np.ones(5))


@pytest.mark.parametrize(
    ("loader", "given", "error", "message"),
    [
        (Broken(), {}, errors.StoreError, "went dead"),
        (Broken("lies"), {}, errors.StoreError, "has a defect"),
        (Broken(), {"wanted": Wanted(most_points=3)}, errors.InvalidInputError, "more than 3 points"),
        (Broken(), {"target": "Twice"}, errors.StoreError, "went dead"),
        (None, {"target": "Twice"}, errors.InvalidInputError, "Several sources"),
        (None, {"target": ""}, errors.InvalidInputError, "name of the source"),
        (
            None,
            {"expected": ExpectedValues(maximum=5)},
            errors.InvalidInputError,
            "value 9, above 5. Nothing was stored",
        ),
        (None, {"progress": lambda *_: True}, errors.CancelledError, None),
    ],
)
def test_a_load_that_fails_changes_nothing(loader, given, error, message, store, tmp_path, census):
    for _ in range(2):
        DataSource(name="Twice").save()
    before, version = census(store), store.series.version()
    with pytest.raises(error, match=message):
        load(loader or csv(tmp_path, [(1, 9), (2, 2)]), **{"target": "Load", "progress": False} | given)
    assert (census(store), store.series.version()) == (before, version)


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({"minimum": 2}, "the value 1, below 2"),
        ({"maximum": 6.5}, "the value 7, above 6.5"),
        ({"fewest_values": 9}, "7 values, fewer than 9"),
        ({"most_missing": 0.2}, "no value in 30.0% of its buckets, more than 20.0%"),
        ({"most_gaps": 2}, "3 empty buckets, more than 2"),
        ({"longest_gap": 1}, "2 empty buckets in a row, more than 1"),
        ({"longest_run": 2}, "3 equal values in a row, more than 2"),
        ({"is_even": True}, "1 points that are not alone"),
        ({"minimum": 1, "maximum": 7, "most_missing": 0.3, "most_gaps": 3, "longest_gap": 2, "longest_run": 3}, None),
    ],
)
def test_what_is_looked_at(expected, fault):
    from enstorage.calendars.calendar import Calendar
    from enstorage.sources.expected import SeriesFacts

    hour = 3_600_000_000_000
    times = np.array([0, 1, 2, 5, 7 * 24, 8, 9]) * 24 * hour  # days 3, 4 and 6 are empty
    times[4] = 7 * 24 * hour + hour
    facts = SeriesFacts.of(times, np.array([1, 2, 2, 2, 5, 6, 7.0]), Calendar.parse("1d"))
    found = ExpectedValues(**expected).faults(facts)
    assert found == [] if fault is None else (len(found) == 1 and fault in found[0]), found


@pytest.mark.parametrize(
    "wrong",
    [
        {"minimum": float("nan")},
        {"minimum": 2, "maximum": 1},
        {"most_missing": 1.5},
        {"longest_gap": -1},
        {"longest_run": 1.5},
        {"is_even": 1},
    ],
)
def test_expectations_that_cannot_be_are_refused(wrong):
    with pytest.raises(errors.InvalidInputError, match="ExpectedValues"):
        ExpectedValues(**wrong)


def test_nothing_is_trained_on_a_set_whose_check_failed(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "none", 0.7, 0.0, 0.3)
    data_set = preparation.create_set(Window(3))
    model = Project(name="Sun", data_source=sunspots).save().create_research("R", preparation)
    model = model.create_model("ridge", Estimator("Ridge"))
    model.data_set(data_set)
    assert not data_set.check(ExpectedValues(maximum=50))["passed"]
    for train in (entrainer.fit, entrainer.backtest):
        with pytest.raises(errors.InvalidInputError, match=r"is blocked: .*above 50"):
            train([model], progress=False)
    assert DataSet.get(data_set.id).check_result["facts"]
    assert data_set.check(ExpectedValues(minimum=0))["passed"]
    entrainer.fit(model, progress=False)
    assert model.forecasts("test").height


DAYS = ["2024-03-29", "2024-03-30", "2024-03-31", "2024-04-01", "2024-04-02"]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("way", ["load", "write", "new"])
def test_times_without_offset_are_local_to_the_source(store, tmp_path, zone, way):
    path = tmp_path / "days.csv"
    path.write_text("day,v\n" + "".join(f"{day},{place}\n" for place, day in enumerate(DAYS)))
    if way == "new":
        source = load(CsvLoader(str(path), {"time_zone": zone}), "a", progress=False).target
    else:
        source = DataSource(name="a", time_interval="1d", time_zone=zone).save()
        loader = CsvLoader(str(path))
        if way == "load":
            assert load(loader, "a", progress=False).added == 5
            assert load(loader, "a", progress=False).unchanged == 5
        else:
            source.write(loader)
    times, values = source.create_snapshot().read()
    assert (source.time_interval, source.time_zone) == ("1d", zone)
    assert [source.label(time)[:16] for time in times.tolist()] == [f"{day}T00:00" for day in DAYS]
    assert values.tolist() == [0, 1, 2, 3, 4]


def test_times_with_offset_stay_where_they_are(store, tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text("at,v\n2024-03-31T01:00:00+01:00,1\n2024-03-31T03:00:00+02:00,2\n")
    source = DataSource(name="a", time_interval="1h", time_zone="America/New_York").save()
    load(CsvLoader(str(path)), "a", progress=False)
    assert [source.label(time) for time in source.read()[0].tolist()] == [
        "2024-03-30T20:00:00-04:00",
        "2024-03-30T21:00:00-04:00",
    ]
