"""Small scenes that are made up, for the tests."""

from functools import partial

import numpy as np

from enspatial import BandFile, SceneCandidate
from enspatial.demo.generated import geotiff
from enstorage.instant import to_ns


def band(values, *, scale=1.0, offset=0.0, **place):
    """A file of a band with these pixels."""
    return BandFile(partial(geotiff, np.asarray(values), **place), "band.tif", scale=scale, offset=offset)


def index(value=0.5, rows=4, columns=6, **place):
    """A file of an index with one value, as integers."""
    counts = np.full((rows, columns), round(value * 10_000), dtype=np.int16)
    return band(counts, scale=0.0001, nodata=-32768, **place)


def classes(*clouds, rows=4, columns=6, **place):
    """A scene classification: vegetation, but clouds at these places."""
    found = np.full((rows, columns), 4, dtype=np.uint8)
    for place_of_cloud in clouds:
        found[place_of_cloud] = 9
    return band(found, **place)


def scene(id="one", day="2020-06-01", *, collection="field", **bands):
    """A scene; by default with an index alone."""
    return SceneCandidate(collection, id, to_ns(day), bands or {"ndvi": index()})
