"""The series of the demonstration: sunspot numbers, or a person's own file."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enmyadmin.arguments.table import without_table_options
from enstorage.errors import InvalidInputError, MissingLibraryError
from enstorage.interval import infer_interval
from enstorage.sources.points import as_points

LAGS = (5, 7, 13)
TRAIN_PART = 0.7
TEST_PART = 0.3
SUNSPOT_SEASON = 11
SUNSPOTS_FILE = "statsmodels/datasets/sunspots/sunspots.csv"
FEWEST_ROWS = 40


@dataclass(frozen=True)
class Series:
    """The series to forecast: its points, and its name and unit."""

    name: str
    unit: str
    origin: str
    season: int
    interval: str | None
    times: NDArray[np.int64]
    values: NDArray[np.float64]


def sunspots(season: int | None = None) -> Series:
    """Yearly sunspot numbers.

    Args:
        season: rows after which they repeat, for the naive baseline; 11 by default.
    """
    # The library's data file itself: importing statsmodels and pandas for it would take a second.
    try:
        library = distribution("statsmodels")
    except PackageNotFoundError as error:
        raise MissingLibraryError(
            'The sunspot numbers come with statsmodels, which is not installed. Run: pip install "enstorage[all]"'
        ) from error
    times, values = as_points(Path(str(library.locate_file(SUNSPOTS_FILE))))
    return Series(
        name="Solar activity",
        unit="sunspots",
        origin="Yearly mean sunspot number 1700–2008, version 1, from statsmodels.datasets.sunspots (public domain).",
        season=season or SUNSPOT_SEASON,
        interval="1y",
        times=times,
        values=values,
    )


def from_csv(file: Path, season: int | None, unit: str) -> Series:
    """The series of a file of two columns.

    Raises:
        InvalidInputError: it is too short, or all of its values are equal.
    """
    with without_table_options("--csv"):
        times, values = as_points(file)
    if len(times) < FEWEST_ROWS:
        raise InvalidInputError(
            f"{file} has {len(times)} points; the experiment needs at least {FEWEST_ROWS}, since its train part has to hold "
            f"many windows of {max(LAGS)} values. Give a longer series."
        )
    if values.min() == values.max():
        raise InvalidInputError(
            f"All values of {file} are {values[0]:g}; there is nothing to forecast. Give a series that varies."
        )
    interval = infer_interval(times)
    return Series(
        name=file.stem,
        unit=unit,
        origin=f"Read from {file.name}.",
        season=season or 1,
        interval=None if interval is None else str(interval),
        times=times,
        values=values,
    )


def check_season(series: Series) -> None:
    """Refuse a season that leaves test rows without a naive forecast."""
    known = int(TRAIN_PART * len(series.times))
    if series.season > known:
        raise InvalidInputError(
            f"A season of {series.season} rows is longer than the train part of {series.name}, {known} rows, so the naive "
            "forecast would know no value for some test rows. Give a shorter --season or a longer series."
        )
