"""The demonstration: scenes of one field, forecasts of each pixel judged on held-out dates, the next dates as maps."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from endirector.reporting.page import at_two_widths, render_page
from endirector.reporting.plots import plot_fan
from enspatial.area import Area
from enspatial.catalogue.search import search_catalogue
from enspatial.cubes.cube import open_cube
from enspatial.demo.generated import generated_scenes
from enspatial.demo.held_out import ENSEMBLE, LEVEL, HeldOut, judge, split
from enspatial.demo.pictures import ndvi_map, width_map
from enspatial.maps.forecast_map import FORECAST, forecast_map, to_geotiff
from enspatial.scenes.candidate import SceneCandidate
from enspatial.scenes.folder import scenes_in
from enspatial.scenes.store import keep_scenes
from enspatial.series.forecast import forecast_pixels
from enspatial.series.panels import grid_of
from enspatial.series.pixels import pixel_table
from enstorage import Connector
from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError, StoreError
from enstorage.progress import Progress, listening
from enstorage.writing import make_folder, write_whole

#: What is loaded without a folder: a crop field near Ferrara in 2020, some hundred pixels.
CATALOGUE, AREA, PERIOD = "earth-search", Area(11.9736, 44.8725, 11.9767, 44.8733), ("2020-01-01", "2020-11-01")
HORIZON = 6
#: Fewer dates leave too little before those that are held out.
FEWEST_DATES = 3 * HORIZON
_DAY = 86_400 * 10**9
_LOWER, _UPPER = f"q{(1 - LEVEL) / 2:g}", f"q{1 - (1 - LEVEL) / 2:g}"


def run(
    output: Path, *, data: Path | None = None, generated: bool = False, progress: bool | Progress = True
) -> dict[str, Any]:
    """Run the demonstration.

    Args:
        output: folder for `report.html`, `forecast.tif`, `metrics.json` and the store.
        data: folder with scenes of one field, see `scenes_in`; None: those of a field from Earth Search.
        generated: take scenes that are made up.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        The figures, as `metrics.json` has them, and the `lines` to print about them.

    Raises:
        InvalidInputError: the folder has too few scenes.
        StoreError: neither data nor generated scenes were asked for, and the catalogue cannot be reached.
    """
    started = time.monotonic()
    candidates = _candidates(data, generated=generated)
    make_folder(output)
    with listening(progress) as report, Connector.in_folder(output / "store") as store:
        loaded = keep_scenes(candidates, connector=store, progress=_within(report))
        cube = open_cube(loaded.scenes, "ndvi")
        table = pixel_table(cube)
        interval = _interval(cube["time"].to_numpy())
        pixels = table["series"].n_unique()
        if cube.sizes["time"] < FEWEST_DATES or not pixels:
            raise InvalidInputError(
                f"There are {cube.sizes['time']} dates with {pixels} measured pixels; expected at least {FEWEST_DATES} "
                "dates. Give a "
                "folder with more scenes.",
                field="data",
            )
        calendar = Calendar.parse(interval)
        before, later, start = split(table, calendar, HORIZON, pixels)
        known = cube.sel(time=cube["time"] < np.datetime64(start, "ns"))
        forecast = forecast_pixels(
            known,
            HORIZON,
            time_interval=interval,
            name="Pixels",
            levels=(LEVEL,),
            connector=store,
            progress=_within(report),
        )
        held = judge(forecast.table, before, later, calendar, start)
        coming = forecast.update(later, progress=_within(report))
        coming.panel.add_scenes(loaded.scenes)
        maps = forecast_map(coming.table, grid_of(forecast.panel))
        to_geotiff(maps, output / "forecast.tif", overwrite=True)
        figures = {
            **held.to_json(),
            "scenes": len(loaded.scenes),
            "quarantined": [scene.quarantine for scene in loaded.quarantined],
            "pixels": pixels,
            "interval_of_dates": interval,
            "is_generated": generated,
            "next_dates": [str(moment)[:10] for moment in maps["time"].to_numpy()],
        }
        page = _page(cube, held, maps, figures, [*loaded.remarks, *forecast.remarks])
    write_whole(output / "report.html", page.encode(), overwrite=True)
    figures["seconds"] = time.monotonic() - started
    write_whole(output / "metrics.json", json.dumps(figures, indent=2).encode(), overwrite=True)
    return {**figures, "lines": _lines(figures, output)}


def _lines(figures: Mapping[str, Any], output: Path) -> list[str]:
    errors = figures["errors"]
    best = min(errors, key=lambda name: errors[name]["mae"])
    kind = "generated scenes (made up, no satellite saw them)" if figures["is_generated"] else "scenes"
    judged = f"{figures['values']} values on {figures['dates']} held-out dates; 80 % intervals contain "
    judged += f"{figures['covered']:.1%} of them."
    verdict = (
        "The ensemble is better than the naive forecasts."
        if best == ENSEMBLE
        else f"The naive forecast “{best}” is better than the ensemble."
    )
    return [
        f"{figures['pixels']} pixels, {figures['scenes']} {kind}.",
        judged,
        *(f"{name}: MAE {error['mae']:.4f}, RMSE {error['rmse']:.4f}" for name, error in errors.items()),
        verdict,
        f"Report: {output / 'report.html'}",
        f"Map: {output / 'forecast.tif'}",
        f"Figures: {output / 'metrics.json'}",
        f"Store: {output / 'store'}",
        f"{figures['seconds']:.1f} s in all",
    ]


def _candidates(data: Path | None, *, generated: bool) -> list[SceneCandidate]:
    if data is not None and generated:
        raise InvalidInputError(
            "--data and --generated are both given; expected one of them. Leave one out.", field="data"
        )
    if data is not None:
        return scenes_in(data, bands=("ndvi", "red", "nir", "scl"))
    if generated:
        return generated_scenes()
    try:
        return search_catalogue(CATALOGUE, AREA, *PERIOD, bands=("red", "nir", "scl"), cut=True)
    except StoreError as error:
        raise StoreError(
            f"No scenes: there is no folder, and the catalogue {CATALOGUE} cannot be reached. {error} Or give a folder "
            "with "
            "--data, or --generated for scenes that are made up."
        ) from error


def _within(report: Any) -> Progress:
    """Progress of a part as that of the whole."""

    def told(what: str, done: int, total: int) -> None:
        report(what, done, total)

    return told


def _interval(times: np.ndarray[Any, Any]) -> str:
    """The usual distance of dates, in days."""
    days = np.diff(np.sort(times).astype("datetime64[ns]").astype(np.int64)) / _DAY
    return f"{max(1, round(float(np.median(days)))) if len(days) else 1}d"


def _page(cube: Any, held: HeldOut, maps: Any, figures: Mapping[str, Any], remarks: list[str]) -> str:
    means = held.table.group_by("time").agg(pl.col("truth", "forecast", "lower", "upper").mean()).sort("time")
    times = means["time"].to_numpy()

    def fan(width: float) -> str:
        ends = (means["lower"].to_numpy(), means["upper"].to_numpy())
        return plot_fan(
            times, means["truth"].to_numpy(), means["forecast"].to_numpy(), {LEVEL: ends}, unit="NDVI", width=width
        )

    widths = (maps[_UPPER] - maps[_LOWER]).to_numpy()
    shown = []
    counts = np.isfinite(maps[FORECAST].to_numpy()).sum(axis=(1, 2))  # a pixel is forecast from its own last clear date
    full = np.flatnonzero(counts == counts.max())
    for index in dict.fromkeys((int(full[0]), int(full[-1]))):
        date = figures["next_dates"][index]
        shown += [
            {"title": f"{date}: forecast", "source": ndvi_map(maps[FORECAST].to_numpy()[index])},
            {"title": f"{date}: width of the interval", "source": width_map(widths[index], float(np.nanmax(widths)))},
        ]
    moments = [str(each)[:10] for each in cube["time"].to_numpy()]
    return render_page(
        "enspatial.demo",
        "report.html.j2",
        title="Vegetation index of one field" + (" (generated)" if figures["is_generated"] else ""),
        first=moments[0],
        last=moments[-1],
        is_generated=figures["is_generated"],
        best=min(held.errors, key=lambda name: held.errors[name]["mae"]),
        pixels=figures["pixels"],
        scenes=figures["scenes"],
        held=held,
        start=str(np.datetime64(held.start, "ns"))[:10],
        fan=at_two_widths(fan),
        maps=shown,
        remarks=remarks,
    )
