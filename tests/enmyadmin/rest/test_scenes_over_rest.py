"""Scenes, their pictures and files, series of places, and maps of panels over REST."""

import numpy as np
import pytest
import rasterio

from enmyadmin.server.app import create_app
from enspatial import find_scenes
from enstorage import Panel, Scene
from enstorage.errors import PluginError
from satellite import COLUMNS, DAYS, FAULT, ROWS, STEPS, fill_scenes


@pytest.fixture
def filled_with():
    return fill_scenes


def picture(answer):
    """The pixels of a PNG, shape (4, rows, columns)."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    with rasterio.MemoryFile(answer.content) as memory, memory.open() as dataset:
        return dataset.read()


def geotiff(answer):
    """The names and values of the bands of a GeoTIFF."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("image/tiff")
    assert "filename" in answer.headers["content-disposition"]
    with rasterio.MemoryFile(answer.content) as memory, memory.open() as dataset:
        return dataset.descriptions, dataset.read()


def test_scenes_are_a_collection_that_is_filtered_by_place_clouds_and_quarantine(api):
    columns = "name,time,west,south,east,north,footprint,cloud_share,version,checks,quarantine"
    asked = {
        "columns": columns,
        "where": "cloud_share < 0.5 and quarantine is null and time >= '2020-01-09'",
        "count": True,
    }
    found = api.get("/api/v1/scenes", params=asked).json()
    clear = find_scenes(time_from="2020-01-09", clouds_below=0.5)
    assert [each["id"] for each in found["items"]] == [scene.id for scene in clear]
    assert 0 < found["count"]["value"] < DAYS
    first = found["items"][0]
    assert (first["west"], first["version"], first["checks"]) == (clear[0].west, 1, clear[0].checks)
    assert first["time"] == str(np.datetime64(clear[0].time, "ns").astype("datetime64[s]")) + "Z"
    (torn,) = api.get("/api/v1/scenes", params={"where": "quarantine is not null"}).json()["items"]
    assert (torn["name"], torn["quarantine"]) == ("torn", f"torn: {FAULT}")
    assert api.delete(f"/api/v1/scenes/{torn['id']}").json()["trashed"][0]["entity"] == "scene"


def test_a_scene_gives_its_bands_as_they_are_stored_and_a_picture(api, store):
    scene = Scene.get(1)
    bands = api.get("/api/v1/scenes/1/bands").json()
    assert [each["name"] for each in bands] == ["red", "nir", "scl"]
    assert bands[0]["raster"]["crs"] == "EPSG:32632"
    answer = api.get("/api/v1/scenes/1/bands/nir")
    assert answer.content == store.objects.get(scene.bands()["nir"].sha256)
    assert geotiff(answer)[1].shape == (1, ROWS, COLUMNS)
    assert picture(api.get("/api/v1/scenes/1/preview")).shape == (4, ROWS, COLUMNS)
    assert picture(api.get("/api/v1/scenes/1/preview", params={"bands": "nir", "pixels": 2})).shape == (4, 2, 2)
    for path in ("1/bands/blue", "1/preview?bands=red,nir", "13/preview", "99/bands"):
        answer = api.get(f"/api/v1/scenes/{path}")
        assert answer.status_code == 404, path
    assert "It has red" in answer.text or "There is no" in answer.text


def test_the_series_of_a_point_and_of_a_polygon_have_no_clouds(api):
    panel = Panel.get(1)
    west, south, east, north = api.get("/api/v1/panels/1/maps").json()["bounds"]
    pixel = (west + (east - west) / COLUMNS * 2.5, north - (north - south) / ROWS * 1.5)
    asked = {"geometry": {"type": "Point", "coordinates": pixel}}
    found = api.post("/api/v1/series-of-place", json=asked).json()
    _, values = panel.sources()["r1c2"].read()
    assert found["value"] == pytest.approx(values[np.isfinite(values)])
    assert len(found["scenes"]) == DAYS > len(found["time"]) > 1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    square = {"type": "Polygon", "coordinates": [ring]}
    whole = api.post("/api/v1/series-of-place", json={"geometry": square, "expression": "nir / red"}).json()
    assert all(value > 1 for value in whole["value"])
    part = {"geometry": square, "time_from": found["time"][1], "clouds_below": 0.5}
    assert api.post("/api/v1/series-of-place", json=part).json()["time"][0] == found["time"][1]
    refused = {
        "geometry": [{"type": "Point", "coordinates": [0, 0]}, {"type": "Nothing"}],
        "expression": ["__import__('os')", "thermal"],
    }
    for field, wrong in refused.items():
        for each in wrong:
            answer = api.post("/api/v1/series-of-place", json={**asked, field: each})
            assert answer.status_code == 422, answer.text
            assert answer.json()["detail"]


def test_a_panel_gives_its_maps_as_figures_pictures_and_geotiff(api):
    maps = api.get("/api/v1/panels/1/maps").json()
    layers = {(each["time"], each["layer"]): each for each in maps["layers"]}
    assert (maps["expression"], maps["grid"]["rows"], maps["grid"]["columns"]) == ("ndvi", ROWS, COLUMNS)
    assert len(maps["scenes"]) == DAYS
    ahead = sorted(time for time, layer in layers if layer == "forecast")
    assert (len(ahead), {layer for _, layer in layers}) == (STEPS, {"measured", "forecast", "q0.1", "q0.9"})
    assert layers[ahead[0], "forecast"]["mean"] == pytest.approx(0.1 + 0.01 * (ROWS * COLUMNS - 1) / 2)
    assert layers[ahead[0], "q0.9"]["minimum"] == pytest.approx(0.2)
    shown = picture(api.get("/api/v1/panels/1/maps/picture", params={"time": ahead[1], "layer": "forecast"}))
    assert (shown.shape, shown[3].min()) == ((4, ROWS, COLUMNS), 255)
    clouded = min((each for each in maps["layers"] if each["layer"] == "measured"), key=lambda each: each["pixels"])
    seen = picture(api.get("/api/v1/panels/1/maps/picture", params={"time": clouded["time"]}))
    assert (seen[3] == 255).sum() == clouded["pixels"] < ROWS * COLUMNS
    names, values = geotiff(api.get("/api/v1/panels/1/maps/file"))
    assert (names[0], len(names)) == (f"{ahead[0][:10]} forecast", 3 * STEPS)
    assert values[0].mean() == pytest.approx(layers[ahead[0], "forecast"]["mean"])
    measured, _ = geotiff(api.get("/api/v1/panels/1/maps/file", params={"kind": "measured"}))
    assert len(measured) == len([layer for _, layer in layers if layer == "measured"])
    for wrong in ({"time": "2000-01-01T00:00:00Z"}, {"time": ahead[0], "layer": "q0.5"}):
        assert api.get("/api/v1/panels/1/maps/picture", params=wrong).status_code == 404


def test_a_panel_of_other_series_has_no_maps(api):
    shops = Panel(name="Shops").save()
    for path in ("", "/file", "/picture?time=x"):
        answer = api.get(f"/api/v1/panels/{shops.id}/maps{path}")
        assert (answer.status_code, "is no panel of pixels" in answer.text) == (422, True)


def test_a_router_of_a_package_without_permissions_is_refused(store, monkeypatch):
    from fastapi import APIRouter

    from enmyadmin import routes

    router = APIRouter()
    router.add_api_route("/open", lambda: None)
    monkeypatch.setattr(routes, "names", lambda _kind: ["open"])
    monkeypatch.setattr(routes, "load", lambda _kind, _name: lambda _allowed: router)
    with pytest.raises(PluginError, match="The route /open of the router 'open' has no permission"):
        create_app(store)
