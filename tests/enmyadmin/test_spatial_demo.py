"""The demonstration on satellite images: forecasts, judged on held-out dates beside naive ones, maps and a page."""

import json
import os
import time

import numpy as np
import polars as pl
import pytest
import rasterio

from enspatial import generated_scenes
from enspatial.demo.held_out import judge, split
from enspatial.demo.run import run
from enstorage import Connector, Panel, Scene
from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError


def test_without_a_folder_it_says_so_and_offers_generated_scenes(enstorage, tmp_path):
    status, _, output = enstorage("demo", "--spatial", "--output", str(tmp_path / "out"))
    assert status == 1
    for part in ("the catalogue earth-search cannot be reached", "--data", "--generated for scenes that are made up"):
        assert part in " ".join(output.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options", [["--data", "x"], ["--generated"], ["--spatial", "--seeds", "2"], ["--spatial", "--orchestrated"]]
)
def test_options_that_do_not_go_together_are_refused(enstorage, options):
    status, _, output = enstorage("demo", *options)
    assert status == 1
    assert "are options of --spatial, which takes no other" in " ".join(output.split())


def test_a_folder_with_too_few_scenes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("enspatial.demo.run.generated_scenes", lambda: generated_scenes(5, 2, 2))
    with pytest.raises(InvalidInputError, match="There are 5 dates with 4 measured pixels; expected at least 18 dates"):
        run(tmp_path, generated=True, progress=False)
    with pytest.raises(InvalidInputError, match="both given; expected one"):
        run(tmp_path, data=tmp_path, generated=True, progress=False)


def days(*values, first="2020-01-01", series="r0c0"):
    """A pixel that was seen every five days."""
    times = [np.datetime64(first) + 5 * place for place in range(len(values))]
    table = pl.DataFrame({"series": series, "time": np.array(times, dtype="datetime64[ns]"), "value": values})
    return table.filter(pl.col("value").is_not_null())


def test_held_out_dates_end_where_most_pixels_were_seen_and_clouds_are_in_no_error():
    one = days(0.1, 0.2, 0.3, None, 0.5, 0.9)
    two = days(0.1, 0.2, 0.3, 0.4, 0.5, None, series="r0c1")
    three = days(0.1, 0.2, 0.3, 0.4, 0.5, None, series="r0c2")
    calendar = Calendar.parse("5d", anchor="2020-01-01")
    before, later, start = split(pl.concat([one, two, three]), calendar, 2, 3)
    assert str(np.datetime64(start, "ns"))[:10] == "2020-01-16"
    assert (before.height, later.height) == (9, 6)
    forecasts = pl.DataFrame(
        [
            {"series": key, "time": f"2020-01-{day}T00:00:00Z", "step": step, "quantile": quantile, "value": value}
            for key in ("r0c0", "r0c1", "r0c2")
            for step, day in ((1, 16), (2, 21))
            for quantile, value in ((None, 0.4), (0.1, 0.35), (0.9, 0.45))
        ],
        schema_overrides={"quantile": pl.Float64},
    )
    held = judge(forecasts, before, later, calendar, start)
    assert (held.values, held.dates) == (5, 2)  # the cloud is none, and the last value has no forecast
    assert held.errors["ensemble"]["mae"] == pytest.approx(0.06)
    assert held.errors["last value"]["mae"] == pytest.approx((3 * 0.2 + 2 * 0.1) / 5)
    assert held.errors["mean of the pixel"]["mae"] == pytest.approx((3 * 0.3 + 2 * 0.2) / 5)
    assert held.covered == pytest.approx(2 / 5)


@pytest.mark.long
def test_the_real_dates_are_forecast_within_a_minute_of_two_cores(enstorage, tmp_path, test_data):
    before = os.times()
    status, output = enstorage(
        "demo", "--spatial", "--data", str(test_data / "s2" / "sen2rts_sampleroi"), "--output", str(tmp_path)
    )[:2]
    used = sum(now - then for now, then in zip(os.times()[:4], before[:4], strict=True))
    assert status == 0, output
    assert used < 60
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert (figures["scenes"], figures["pixels"], figures["interval_of_dates"], figures["dates"]) == (60, 175, "5d", 4)
    assert figures["values"] > 500
    errors = {name: each["mae"] for name, each in figures["errors"].items()}
    assert errors["ensemble"] < 0.05 < errors["mean of the pixel"]
    best = min(errors, key=errors.get)
    said = (
        "The ensemble is better" if best == "ensemble" else f"The naive forecast “{best}” is better than the ensemble."
    )
    assert said in " ".join(output.split())
    page = (tmp_path / "report.html").read_text()
    assert page.count('<img src="data:image/png;base64,') == 4
    assert "https://" not in page.replace("http://www.w3.org", "")
    with rasterio.open(tmp_path / "forecast.tif") as file:
        assert (file.shape, file.crs.to_epsg()) == ((7, 25), 32632)
        assert {each.split()[1] for each in file.descriptions} == {"forecast", "q0.1", "q0.9"}
        values = file.read()
        assert np.isfinite(values).any()
        assert np.nanmax(values) <= 1.5
    with Connector.in_folder(tmp_path / "store"):
        assert Scene.count() == 60
        (panel,) = [each for each in Panel.get_list() if each.tags.get("spatial")]
        assert len(panel.scenes()) == 60


@pytest.mark.long
def test_generated_scenes_are_marked_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr("enspatial.demo.run.generated_scenes", lambda: generated_scenes(40, 2, 3))
    started = time.process_time()
    figures = run(tmp_path, generated=True, progress=False)
    assert time.process_time() - started < 60
    assert figures["is_generated"]
    assert "generated scenes (made up, no satellite saw them)" in figures["lines"][0]
    assert "<strong>The scenes are generated:</strong>" in (tmp_path / "report.html").read_text()
    with Connector.in_folder(tmp_path / "store"):
        assert {scene.collection for scene in Scene.get_list()} == {"generated"}
