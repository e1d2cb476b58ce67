"""Local times of zones, against pandas."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from enstorage.calendars.zone import from_stamps, repeats_midnight, to_local, to_utc
from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS

ZONES = ["Europe/London", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "America/Havana", "Pacific/Apia"]


@pytest.mark.parametrize("zone", ZONES)
def test_clocks_are_those_of_pandas(zone):
    index = pd.date_range("1940-01-01", "2060-01-01", periods=20_001, tz="UTC").as_unit("ns")
    local = index.tz_convert(ZoneInfo(zone)).tz_localize(None).as_unit("ns")
    assert (to_local(index.asi8, zone) == local.asi8).all()
    back = local.tz_localize(ZoneInfo(zone), ambiguous=np.ones(len(local), bool), nonexistent="shift_forward")
    assert (to_utc(local.asi8, zone) == back.as_unit("ns").asi8).all()


def test_an_hour_that_the_clock_shows_twice_is_read_in_the_order_of_the_series():
    index = pd.date_range("2024-10-26T22:00", periods=8, freq="30min", tz="UTC").as_unit("ns")
    local = index.tz_convert("Europe/London").tz_localize(None).as_unit("ns").asi8
    assert from_stamps(local, "Europe/London").tolist() == index.asi8.tolist()


def test_a_time_that_the_clock_skips_is_refused():
    local = np.array(["2024-03-31T00:30", "2024-03-31T01:30"], dtype="datetime64[ns]").view(np.int64)
    with pytest.raises(InvalidInputError, match="1 times do not exist in Europe/London, the first 2024-03-31T01:30:00"):
        from_stamps(local, "Europe/London")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_ends_of_time_do_not_overflow(zone):
    ends = np.array([MIN_NS, MAX_NS], dtype=np.int64)
    assert (np.sign(to_local(ends, zone)) == [-1, 1]).all()
    assert (np.sign(to_utc(ends, zone)) == [-1, 1]).all()


@pytest.mark.parametrize(
    ("zone", "first", "last", "expected"),
    [
        ("America/Havana", "2018-11-01", "2018-11-10", True),
        ("America/Havana", "2018-11-04T04:30", "2018-11-04T04:40", True),
        ("America/Havana", "2018-06-01", "2018-10-30", False),
        ("Atlantic/Azores", "2018-10-01", "2018-11-30", True),
        ("Europe/London", "2000-01-01", "2024-01-01", False),
        ("America/Sao_Paulo", "2018-11-01", "2018-11-10", False),  # skips one
    ],
)
def test_a_midnight_that_a_clock_shows_twice_is_found(zone, first, last, expected):
    assert repeats_midnight(pd.Timestamp(first).value, pd.Timestamp(last).value, zone) is expected
