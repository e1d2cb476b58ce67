"""Pixels and polygons as series, and forecasts as maps."""

import numpy as np
import polars as pl
import pytest
import rasterio
from small_scenes import classes, index, scene

import enspatial
from enspatial import forecast_map, grid_of, keep_scenes, open_cube, pixel_table, polygon_table, to_geotiff, to_panel
from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError


@pytest.fixture
def cube(store):
    """Eight dates of 4 × 6 pixels; on the third all but one row, on the fourth all is clouds."""
    rows = [(row, column) for row in range(4) for column in range(6)]
    clouds = {2: rows[:18], 3: rows}
    found = [
        scene(
            f"{number}",
            f"2020-06-{1 + 3 * number:02}",
            ndvi=index(0.1 * (number + 1)),
            scl=classes(*clouds.get(number, ())),
        )
        for number in range(8)
    ]
    return open_cube(keep_scenes(found, progress=False).scenes, "ndvi")


def test_only_what_was_measured_becomes_a_point(cube):
    table = pixel_table(cube)
    assert table["series"].n_unique() == 24
    assert table.height == 24 * 6 + 6
    assert table.filter(pl.col("series") == "r0c0")["value"].to_list() == pytest.approx([0.1, 0.2, 0.5, 0.6, 0.7, 0.8])
    assert table.filter(pl.col("series") == "r3c5").height == 7


def test_a_panel_of_pixels_knows_its_grid_and_its_scenes(cube, store):
    panel = to_panel(cube, name="Field", time_interval="3d", anchor="2020-06-01")
    assert len(panel.sources()) == 24
    assert len(panel.scenes()) == 8
    assert grid_of(panel).to_json() == cube.attrs["grid"]
    assert panel.tags["spatial"]["expression"] == "ndvi"
    snapshot = panel.sources()["r0c0"].create_snapshot()
    assert (snapshot.rows, snapshot.empty_rows) == (8, 2)  # clouds are empty buckets
    preparation = snapshot.create_preparation("linear", "none", 0.5, 0, 0.5)
    assert preparation.table().height == 8
    with pytest.raises(InvalidInputError, match="is no panel of pixels"):
        grid_of(Panel(name="shops").save())


@pytest.mark.long
def test_thousands_of_pixels_are_written_in_one_go(store):
    found = [scene(f"{day}", f"2020-06-{day:02}", ndvi=index(0.5, 50, 60)) for day in (1, 6, 11)]
    cube = open_cube(keep_scenes(found, progress=False).scenes, "ndvi")
    panel = to_panel(cube, name="Large", time_interval="5d")
    assert (DataSource.count(), len(panel.members()), panel.read().height) == (3000, 3000, 9000)


def test_all_clouds_are_refused_and_leave_nothing(store, census):
    rows = [(row, column) for row in range(4) for column in range(6)]
    cube = open_cube(keep_scenes([scene(ndvi=index(), scl=classes(*rows))], progress=False).scenes, "ndvi")
    before = census(store)
    with pytest.raises(InvalidInputError, match="No pixel was measured at any time: all are masked as clouds"):
        to_panel(cube, name="Field", time_interval="5d")
    with pytest.raises(InvalidInputError, match="No pixel was measured at any time"):
        enspatial.forecast_pixels(cube, 2, time_interval="5d", connector=store, progress=False)
    assert census(store) == before


def test_a_polygon_is_the_mean_of_its_measured_pixels(cube):
    west, south, east, north = rasterio.warp.transform_bounds("EPSG:32632", "EPSG:4326", *grid_of_cube(cube).edges)
    middle = (south + north) / 2
    lower = {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, middle], [west, middle], [west, south]]],
    }
    table = polygon_table(cube, {"lower half": lower}, measured=0.4)
    assert table["series"].unique().to_list() == ["lower half"]
    assert table["value"].to_list() == pytest.approx([0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8])
    assert polygon_table(cube, {"lower half": lower}, measured=0.9).height == 6  # the third date is half clouds
    for wrong in ({"type": "Point", "coordinates": [0, 0]}, {"type": "Nothing"}):
        with pytest.raises(InvalidInputError, match=r"The polygon 'x' (has no pixel|cannot be read)"):
            polygon_table(cube, {"x": wrong})


def grid_of_cube(cube):
    return enspatial.Grid.from_json(cube.attrs["grid"])


def forecasts(keys=("r0c0", "r3c5")):
    """A table as `AutoForecast.table` is."""
    return pl.DataFrame(
        [
            {
                "series": key,
                "time": f"2020-07-0{step}T00:00:00Z",
                "step": step,
                "quantile": quantile,
                "value": 0.1 * step + add,
            }
            for key in keys
            for step in (1, 2)
            for quantile, add in ((None, 0.0), (0.1, -0.05), (0.9, 0.05))
        ],
        schema_overrides={"quantile": pl.Float64},
    )


def test_forecasts_are_placed_on_their_grid_and_written_with_their_intervals(cube, tmp_path):
    maps = forecast_map(forecasts(), grid_of_cube(cube))
    assert list(maps.data_vars) == ["forecast", "q0.1", "q0.9"]
    assert np.argwhere(np.isfinite(maps["forecast"].to_numpy()[1])).tolist() == [[0, 0], [3, 5]]
    assert maps["q0.9"].to_numpy()[1, 3, 5] == pytest.approx(0.25)
    content = to_geotiff(maps, tmp_path / "map.tif")
    assert (tmp_path / "map.tif").read_bytes() == content
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.descriptions[:3] == ("2020-07-01 forecast", "2020-07-01 q0.1", "2020-07-01 q0.9")
        assert (file.crs.to_epsg(), file.transform.a, file.transform.c) == (32632, 10, 734_880)
        assert file.read(4)[0, 0] == pytest.approx(0.2)
        assert np.isnan(file.read(1)).sum() == 22
    with pytest.raises(InvalidInputError, match="'r9c9' is no pixel of a grid of 4 × 6"):
        forecast_map(forecasts(["r9c9"]), grid_of_cube(cube))
    with pytest.raises(InvalidInputError, match="'Riga' is no pixel"):
        forecast_map(forecasts(["Riga"]), grid_of_cube(cube))


@pytest.mark.long
def test_pixels_are_forecast_by_an_ensemble_that_never_sees_clouds(store):
    found = enspatial.generated_scenes(40, 3, 3)
    cube = open_cube(keep_scenes(found, progress=False).scenes, "ndvi")
    result = enspatial.forecast_pixels(cube, 3, time_interval="5d", levels=(0.8,), connector=store, progress=False)
    assert set(result.table["series"]) == {f"r{row}c{column}" for row in range(3) for column in range(3)}
    assert result.panel.read()["value"].min() > -0.2  # clouds have an index of 0.0 in red and near infrared alike
    assert result.panel.read().height == pixel_table(cube).height
    maps = forecast_map(result.table, grid_of(result.panel))
    known = np.isfinite(maps["forecast"].to_numpy())
    assert known.sum() == 27
    assert (maps["q0.1"].to_numpy() <= maps["q0.9"].to_numpy())[known].all()
    assert len(result.panel.scenes()) == 40
