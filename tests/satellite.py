"""A store with scenes of a small field, its panel of pixels, and a forecast that was issued."""

from dataclasses import replace

import numpy as np
import polars as pl

import enspatial
from endirector.forecaster.issued.keep import issue

ROWS, COLUMNS = 3, 4
DAYS = 12
STEPS = 2
#: As the reader of STAC items writes it.
FAULT = (
    "The band red has the offset 0; expected -0.1 by its processing baseline 05.09. The metadata contradict each other: "
    "load the scene from another catalogue."
)
_LEVELS = ((None, 0.0), (0.1, -0.1), (0.9, 0.1))


def fill_scenes():
    """Twelve scenes five days apart and one in quarantine, their panel, and two steps that were forecast."""
    candidates = enspatial.generated_scenes(DAYS, ROWS, COLUMNS)
    torn = replace(candidates[0], id="torn", fault=FAULT)
    loaded = enspatial.keep_scenes([*candidates, torn], progress=False)
    cube = enspatial.open_cube(loaded.scenes, "ndvi")
    panel = enspatial.to_panel(cube, name="Field", time_interval="5d", anchor="2020-01-04")
    last = np.datetime64("2020-01-04") + 5 * (DAYS - 1)
    rows = [
        (key, f"{last + 5 * step}T00:00:00Z", step, level, 0.1 * step + 0.01 * place + add)
        for place, key in enumerate(panel.sources())
        for step in range(1, STEPS + 1)
        for level, add in _LEVELS
    ]
    schema = {"series": pl.String, "time": pl.String, "step": pl.Int64, "quantile": pl.Float64, "value": pl.Float64}
    issue(panel, pl.DataFrame(rows, schema, orient="row"), "Until 2020-02-28", {})
    return panel
