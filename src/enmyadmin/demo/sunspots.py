"""The paper's experiment: three LSTM networks of one series, blended (Puchkov & Terekhov 2016).

`run` does all steps in their order, from the source to the ensemble.
"""

import shlex
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enmyadmin.demo.baselines import make_baselines
from enmyadmin.demo.closing_lines import print_closing_lines
from enmyadmin.demo.loading import LoadWhileTraining
from enmyadmin.demo.outcome import summarise
from enmyadmin.demo.report import write_report
from enmyadmin.demo.result import ExperimentResult
from enmyadmin.output import to_json
from enstorage import Connector, DataSource, Ensemble, Model, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, MissingLibraryError
from enstorage.interval import infer_interval
from enstorage.sources.points import as_points
from enstorage.writing import write_whole

LAGS = (5, 7, 13)
SUNSPOT_SEASON = 11
SUNSPOTS_FILE = "statsmodels/datasets/sunspots/sunspots.csv"
AUTOREGRESSION_ORDER = 9
FEWEST_ROWS = 40
TRAIN_PART = 0.7
TEST_PART = 0.3


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


def run(
    folder: Path,
    *,
    csv: Path | None = None,
    unit: str = "",
    season: int | None = None,
    seeds: int = 1,
    tensorboard: Path | None = None,
    quiet: bool = False,
) -> ExperimentResult:
    """Run the experiment, keep everything in the store `folder/store`, write `report.html` and `metrics.json`.

    Args:
        folder: where to; made if needed.
        csv: two-column file to use instead of the sunspots.
        unit: of the values in that file.
        season: rows after which the series repeats, for the naive baseline; 11 for the sunspots, else 1.
        seeds: how many seeds, from 0, are trained together; the report shows seed 0 and the spread.
        tensorboard: folder in which TensorBoard shows the training.
        quiet: print nothing.
    """
    import endirector
    import entrainer
    from entrainer.networks import PaperLSTM

    series = _sunspots(season) if csv is None else _from_csv(csv, season, unit)
    _check_season(series)
    with Connector.in_folder(folder / "store"):
        source = DataSource(
            name=series.name, time_interval=series.interval, unit=series.unit, description=series.origin
        ).save()
        source.write(series.times, series.values)
        snapshot = source.create_snapshot()
        preparation = snapshot.create_preparation(
            "forward", "minmax", train_part=TRAIN_PART, valid_part=0.0, test_part=TEST_PART
        )
        data_sets = [preparation.create_set(Window(lag)) for lag in LAGS]
        project = Project(name=series.name, data_source=source).save()

        models: list[list[Model]] = []
        for seed in range(seeds):
            research = project.create_research(f"LSTM, min–max, seed {seed}", preparation)
            models.append([research.create_model(f"LSTM lag {lag}", PaperLSTM()) for lag in LAGS])
            for model, data_set in zip(models[-1], data_sets, strict=True):
                model.data_set(data_set)
        everyone = [model for group in models for model in group]
        entrainer.fit(
            everyone,
            seeds=[seed for seed in range(seeds) for _ in LAGS],
            monitor=LoadWhileTraining(("skops.io", "endirector.reporting.plots")),
            progress=not quiet,
            tensorboard=tensorboard,
        )

        ensembles: list[Ensemble] = []
        for group in models:
            ensemble = project.create_ensemble("blending", "LinearRegression", models=group)
            ensembles.append(endirector.Conductor(ensemble).render())

        baselines = make_baselines(project, preparation, season=series.season, order=AUTOREGRESSION_ORDER)
        result = summarise(ensembles, baselines, preparation, LAGS, _command(csv, unit, season, seeds))
        report = write_report(result, folder)
        metrics = folder / "metrics.json"
        write_whole(metrics, f"{to_json(result.metrics())}\n".encode(), overwrite=True)
        if not quiet:
            print_closing_lines(result, report, metrics)
    return result


def _check_season(series: Series) -> None:
    known = int(TRAIN_PART * len(series.times))
    if series.season > known:
        raise InvalidInputError(
            f"A season of {series.season} rows is longer than the train part of {series.name}, {known} rows, so the naive "
            "forecast would know no value for some test rows. Give a shorter --season or a longer series."
        )


def _command(csv: Path | None, unit: str, season: int | None, seeds: int) -> str:
    options = {"--csv": csv, "--unit": unit or None, "--season": season, "--seeds": seeds if seeds > 1 else None}
    words = [f"{name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None]
    return " ".join(["enstorage demo", *words])


def _sunspots(season: int | None) -> Series:
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


def _from_csv(file: Path, season: int | None, unit: str) -> Series:
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
