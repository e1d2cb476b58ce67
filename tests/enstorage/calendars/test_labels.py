"""Labels of times: local, with the offset, and read back to the same nanosecond."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.calendars.labels import label_of, labels_of
from enstorage.instant import MAX_NS, MIN_NS, to_ns, to_ns_array

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Monrovia"]


@settings(deadline=None)  # the clocks of a decade are looked up once
@given(st.lists(st.integers(MIN_NS, MAX_NS), min_size=1, max_size=9), st.sampled_from(ZONES))
def test_many_labels_are_those_of_one_and_read_back_to_the_same_nanosecond(times, zone):
    labels = labels_of(np.array(times, np.int64), zone)
    assert labels.to_list() == [label_of(time, zone) for time in times]
    assert to_ns_array(labels.to_list()).tolist() == times
    assert [to_ns(label) for label in labels] == times


@pytest.mark.parametrize("zone", ZONES)
def test_labels_are_those_of_pandas(zone):
    index = pd.date_range("1975-01-01", "2036-01-01", periods=2001, tz="UTC").round("s").as_unit("ns")
    expected = [
        each.isoformat().replace("+00:00", "Z" if zone == "UTC" else "+00:00") for each in index.tz_convert(zone)
    ]
    assert labels_of(index.asi8, zone).to_list() == expected


def test_a_counter_is_its_number():
    assert label_of(-5001, is_counter=True) == "-5001"
