"""Cubes: scenes on a common grid, masked, combined, read piece by piece."""

import numpy as np
import pytest
from small_scenes import band, classes, index, scene

import enspatial
from enspatial import Area, Grid, composite, keep_scene, keep_scenes, open_cube
from enstorage.errors import InvalidInputError


def kept(*candidates):
    """The records of scenes."""
    return list(keep_scenes(candidates, progress=False).scenes)


def test_pixels_under_clouds_and_without_a_value_are_not_measured(store):
    counts = np.full((4, 6), 5000, dtype=np.int16)
    counts[0, 0], counts[3, 5] = -32768, 20_000  # no data; 2.0 is no index
    cube = open_cube(kept(scene(ndvi=band(counts, scale=0.0001, nodata=-32768), scl=classes((1, 2)))), "ndvi")
    values = cube["ndvi"].to_numpy()[0]
    assert np.argwhere(np.isnan(values)).tolist() == [[0, 0], [1, 2], [3, 5]]
    assert values[1, 1] == np.float32(0.5)
    unmasked = open_cube(enspatial.find_scenes(), "ndvi", mask=False)["ndvi"].to_numpy()[0]
    assert np.argwhere(np.isnan(unmasked)).tolist() == [[0, 0], [3, 5]]


def test_an_index_is_made_of_bands_and_offsets_are_applied(store):
    counts = {"nir": 5000, "red": 1000}
    plain = {name: band(np.full((4, 6), value, dtype=np.uint16), scale=1e-4) for name, value in counts.items()}
    shifted = {
        name: band(np.full((4, 6), value + 1000, dtype=np.uint16), scale=1e-4, offset=-0.1)
        for name, value in counts.items()
    }
    cube = open_cube(kept(scene("old", "2021-12-01", **plain), scene("new", "2022-06-01", **shifted)), "ndvi")
    assert cube["ndvi"].to_numpy() == pytest.approx(4 / 6)


def test_a_grid_of_other_pixels_and_zones_is_a_common_one(store):
    # The same place in zones 32 and 33: 12 degrees east is the border.
    here = scene("here", "2020-06-01", ndvi=index(0.5, 40, 40))
    there = scene(
        "there", "2020-06-06", ndvi=index(0.3, 80, 60, crs="EPSG:32633", left=260_700.0, top=4_974_200.0, size=20.0)
    )
    cube = open_cube(kept(here, there), "ndvi", area=Area(11.9745, 44.8700, 11.9780, 44.8725))
    assert cube.attrs["grid"]["crs"] == "EPSG:32632"
    assert cube.attrs["grid"]["resolution"] == 10
    first, second = cube["ndvi"].to_numpy()
    assert first[np.isfinite(first)] == pytest.approx(0.5)
    assert np.isfinite(second).mean() > 0.9
    assert second[np.isfinite(second)] == pytest.approx(0.3)
    coarse = open_cube(enspatial.find_scenes(), "ndvi", area=Area(11.9745, 44.8700, 11.9780, 44.8725), resolution=20)
    assert coarse.sizes["x"] in (cube.sizes["x"] // 2, cube.sizes["x"] // 2 + 1)


def test_pixels_on_their_own_grid_are_copied_and_not_interpolated(store):
    random = np.random.default_rng(1).integers(1, 9000, (50, 70)).astype(np.int16)
    (one,) = kept(scene(ndvi=band(random, scale=1e-4, nodata=-32768)))
    whole = open_cube([one], "ndvi")
    assert (np.round(whole["ndvi"].to_numpy()[0] / 1e-4) == random).all()
    area = Area(*one.bounds)
    part = open_cube([one], "ndvi", area=area)
    joined = whole["ndvi"].to_dataset().reindex_like(part)["ndvi"].to_numpy()
    assert np.array_equal(part["ndvi"].to_numpy(), joined, equal_nan=True)


def test_pieces_give_the_same_as_the_whole_and_are_read_when_they_are_asked_for(store, monkeypatch):
    random = np.random.default_rng(1).integers(1, 9000, (50, 70)).astype(np.int16)
    scenes = kept(scene(ndvi=band(random, scale=1e-4), scl=classes((3, 3), rows=25, columns=35, size=20.0)))
    whole, pieces = (open_cube(scenes, "ndvi", piece=piece)["ndvi"] for piece in (1000, 16))
    assert pieces.data.numblocks == (1, 4, 5)
    assert np.array_equal(whole.to_numpy(), pieces.to_numpy(), equal_nan=True)
    assert np.isnan(whole.to_numpy()).sum() == 4  # a class of 20 m covers four pixels of 10 m
    asked = []
    get = type(store.objects).get
    monkeypatch.setattr(type(store.objects), "get", lambda self, sha256: asked.append(sha256) or get(self, sha256))
    cube = open_cube(scenes, "ndvi", piece=16)
    assert asked == []
    cube["ndvi"][0, :8, :8].to_numpy()
    assert len(asked) == 2  # the index and the classes


def test_tiles_of_one_day_are_joined(store):
    west = scene("west", "2020-06-01T10:00:00", ndvi=index(0.5))
    east = scene("east", "2020-06-01T10:00:14", ndvi=index(0.3, left=734_940.0))
    cube = open_cube(kept(west, east), "ndvi")
    assert cube.sizes == {"time": 1, "y": 4, "x": 12}
    assert cube["ndvi"].to_numpy()[0, 0] == pytest.approx([0.5] * 6 + [0.3] * 6)


def test_what_is_asked_for_and_is_not_there_is_named(store):
    one = kept(scene())
    for asked, message in (
        ({"bands": ["B08"]}, "No scene has the band nir; there are ndvi"),
        ({"expression": "evi"}, "No scene has the band nir, red, blue"),
        ({}, "neither an expression nor bands"),
        ({"expression": "ndvi", "resolution": 1e-9}, "expected 1 to 400,000,000 pixels"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            open_cube(one, **asked)
    with pytest.raises(InvalidInputError, match=r"there are no scenes"):
        open_cube([], "ndvi")
    with pytest.raises(InvalidInputError, match="No scene meets the area -170 -10 -169 -9"):
        Grid.of_scenes(one, ["ndvi"], area=Area(-170, -10, -169, -9))


def test_composites_join_the_measured_values_of_a_bucket(store):
    days = {"2020-06-01": 0.2, "2020-06-06": 0.4, "2020-07-01": 0.6}
    found = [scene(day, day, ndvi=index(value), scl=classes((0, 0))) for day, value in days.items()]
    found.append(
        scene(
            "cloudy",
            "2020-07-11",
            ndvi=index(0.9),
            scl=classes(*((row, column) for row in range(4) for column in range(6))),
        )
    )
    cube = open_cube(kept(*found), "ndvi")
    monthly = composite(cube, "1mo", "mean")
    assert monthly["ndvi"].to_numpy()[:, 1, 1] == pytest.approx([0.3, 0.6])
    assert np.isnan(monthly["ndvi"].to_numpy()[:, 0, 0]).all()
    assert [str(each)[:10] for each in monthly["time"].to_numpy()] == ["2020-06-01", "2020-07-01"]
    assert composite(cube, "10d", "count")["ndvi"].sizes["time"] == 3
    assert composite(cube, "1mo", "count")["ndvi"].to_numpy()[:, 1, 1].tolist() == [2, 1]
    with pytest.raises(InvalidInputError, match="no composite 'mode'; expected one of median"):
        composite(cube, "1mo", "mode")


def test_a_scene_in_quarantine_is_in_no_cube(store):
    good = keep_scene(scene()).scene
    bad = keep_scenes([scene("bad", red=enspatial.BandFile(lambda: b"", "red.tif"))], progress=False).quarantined[0]
    assert open_cube([good, bad], "ndvi").attrs["scenes"] == [good.id]
