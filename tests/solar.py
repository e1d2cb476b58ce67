"""The source that many tests begin with."""

import numpy as np

from enstorage import DataSource


def yearly(count=40):
    """Years from 1700 and a made-up solar activity: positive, periodic, never twice the same."""
    years = np.arange(count)
    times = (years - 270).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
    return times, np.round(50 + 40 * np.sin(years * 2 * np.pi / 11) + 0.1 * years, 3)


def make_sunspots():
    """A source with 40 yearly points from 1700 on, in the current store."""
    source = DataSource(name="Solar activity", time_interval="1y", unit="sunspots").save()
    source.write(*yearly())
    return source
