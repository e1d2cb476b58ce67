"""Selection of ensembles on series of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020).

The example uses the first 50 hourly and the first 50 weekly series. The next 48 hours or 13 weeks after each series are
forecast at once by a seasonal naive forecast, the Theta method, a random forest and an LSTM network. For each series
`endirector.form` selects an ensemble of these on rolling origins inside the series. Errors are MASE: mean absolute errors,
divided by that of the seasonal naive forecast within the series.
"""

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

import enstorage
import entrainer
from endirector import Conductor, form
from enstorage import DataPreparation, DataSource, Ensemble, Model, Project
from enstorage.adapter import Window
from enstorage.metrics.catalogue import METRICS
from enstorage.metrics.judged import Judged
from enstorage.metrics.scale import scale_of
from entrainer import Training
from entrainer.networks import Estimator, PaperLSTM
from rows import Row
from running import CONSOLE, Options, run, shorter

SERIES, EPOCHS, FOLDS = 50, 100, 5
LONGEST = 700
"""The largest number of last values of a series; networks in one group are padded to the longest of their series."""
FOREST = Estimator("RandomForestRegressor", {"n_estimators": 50, "min_samples_leaf": 3, "n_jobs": 2})
NAMES = ("seasonal naive", "Theta", "forest", "LSTM")


@dataclass(frozen=True)
class Frequency:
    """The settings of the hourly or the weekly series.

    Attributes:
        name: the name in the files of M4.
        interval: the time between two values.
        season: the number of values in a season; 1 for none, as M4 defines for weeks.
        horizon: the number of values to forecast.
        lag: the number of values that networks and forests see.
        transform: the transform of these values.
        origins: the largest number of rolling origins of seasonal naive and Theta.
        every: the number of values between two origins.
    """

    name: str
    interval: str
    season: int
    horizon: int
    lag: int
    transform: str
    origins: int
    every: int


FREQUENCIES = (
    Frequency("Hourly", "1h", 24, 48, 48, "seasonal_difference(24)+standard", 12, 24),
    Frequency("Weekly", "1w", 1, 13, 26, "difference+standard", 20, 13),
)


@dataclass(frozen=True)
class Series:
    """A series of M4.

    Attributes:
        name: its name in the competition.
        known: all values before the forecast, oldest first.
        future: the values to forecast.
        project: the project of its models.
        preparation: the preparation of its last values and, as the test part, those to forecast.
    """

    name: str
    known: NDArray[np.float64]
    future: NDArray[np.float64]
    project: Project
    preparation: DataPreparation


def m4(options: Options) -> list[Row]:
    """The mean MASE of what is formed, of the plain mean and of each member; and how far the best member is behind."""
    rows = []
    for frequency in FREQUENCIES:
        rows += _rows(frequency, options)
    return rows


def _rows(frequency: Frequency, options: Options) -> list[Row]:
    count = options.pick(SERIES, 2)
    training = Training(epochs=options.epochs_of(EPOCHS, 3))
    every = _read(frequency, options, count)
    models = [_members(series, frequency) for series in every]
    # Networks of all series are fitted together. A backtest has common origins, so it takes series of one length.
    entrainer.fit([model for own in models for model in own[2:]], training)
    lengths = sorted({series.preparation.rows for series in every})
    for length in lengths:
        group = [own for series, own in zip(every, models, strict=True) if series.preparation.rows == length]
        entrainer.backtest([model for own in group for model in own[2:]], training, folds=FOLDS)
    errors: dict[str, list[float]] = {name: [] for name in ("formed", "mean of all", *NAMES)}
    for series, own in track(zip(every, models, strict=True), f"{frequency.name}: forming", count, console=CONSOLE):
        _forecast_simply(series, own[:2], frequency)
        mean = Conductor(series.project.create_ensemble("voting", models=own)).render(progress=False)
        formed = form(series.project, own, metric="mae", progress=False)
        compared = {"formed": formed, "mean of all": mean, **dict(zip(NAMES, own, strict=True))}
        for name, record in compared.items():
            errors[name].append(_mase(record, series, frequency))
    return _results(frequency, errors, shorter(series=(count, SERIES), epochs=(training.epochs, EPOCHS)))


def _results(frequency: Frequency, errors: dict[str, list[float]], less: str) -> list[Row]:
    work = f"M4, {frequency.name.lower()}: "
    best = min(NAMES, key=lambda name: np.mean(errors[name]))
    behind = np.subtract(errors[best], errors["formed"])
    error = behind.std(ddof=1) / len(behind) ** 0.5
    wins, ties = int((behind > 0).sum()), int((behind == 0).sum())
    rows = [Row(work + name, "MASE", None, values, of="series", less=less) for name, values in errors.items()]
    beside = f"standard error of the mean {error:.3f}; formed is better on {wins} series, the same on {ties}"
    figure = f"MASE of the best member ({best}) less that of what was formed"
    return [*rows, Row(work + "gain", figure, None, behind.tolist(), of="series", beside=beside, less=less)]


def _read(frequency: Frequency, options: Options, count: int) -> list[Series]:
    known, future = (_values(options, f"{frequency.name}-{part}.csv", count) for part in ("train", "test"))
    sources, points = [], []
    first = np.datetime64("2001-01-01T00", "ns")  # M4 has no times; this is a Monday
    step = np.timedelta64(1, "h") if frequency.interval == "1h" else np.timedelta64(7, "D")
    for name, values in known.items():
        used = np.concatenate([values[-LONGEST:], future[name]])
        sources.append(DataSource(name=f"M4 {name}", time_interval=frequency.interval))
        points.append((first + step * np.arange(len(used)), used))
    enstorage.write_all(sources, points)
    snapshots = enstorage.create_snapshots(sources)
    found = []
    for (name, values), source, snapshot in zip(known.items(), sources, snapshots, strict=True):
        test = frequency.horizon / snapshot.rows
        preparation = snapshot.create_preparation("drop", frequency.transform, 1 - test, 0.0, test)
        project = Project(name=f"M4 {name}", data_source=source).save()
        found.append(Series(name, values, future[name], project, preparation))
    return found


def _values(options: Options, file: str, count: int) -> dict[str, NDArray[np.float64]]:
    path = options.local(f"forecast/m4/{file}")
    if path is None:
        raise SystemExit(
            "The series of M4 are in https://github.com/Mcompetitions/M4-methods, folder Dataset. Put Hourly-train.csv, "
            "Hourly-test.csv, Weekly-train.csv and Weekly-test.csv into FOLDER/forecast/m4 and give --data FOLDER."
        )
    with Path(path).open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))[1 : count + 1]
    return {name: np.array([float(value) for value in values if value]) for name, *values in rows}


def _members(series: Series, frequency: Frequency) -> list[Model]:
    research = series.project.create_research("Members", series.preparation)
    data_set = series.preparation.create_set(Window(frequency.lag, horizon=frequency.horizon))
    models = []
    for name, network in zip(NAMES, (None, None, FOREST, PaperLSTM()), strict=True):
        models.append(research.create_model(name, network))
        if network is not None:
            models[-1].data_set(data_set)
    return models


def _forecast_simply(series: Series, models: Sequence[Model], frequency: Frequency) -> None:
    """Store the forecasts of seasonal naive and Theta from the end of the series, and from origins within it."""
    values = series.preparation.table()["value"].to_numpy()
    times = series.preparation.table()["time"].to_numpy()
    end, horizon = len(values) - frequency.horizon, frequency.horizon
    origins = np.arange(end - horizon, end // 2, -frequency.every)[: frequency.origins][::-1]
    for model, forecast in zip(models, (_seasonal_naive, _theta), strict=True):
        model.meta("trained_on", ["train"])
        ids = np.stack([times[origin : origin + horizon] for origin in origins])
        forecasts = np.stack([forecast(values[:origin], frequency) for origin in origins])
        model.save_forecasts("out_of_fold", ids, forecasts)
        model.save_forecasts("test", times[None, end:], forecast(values[:end], frequency)[None])


def _seasonal_naive(known: NDArray[np.float64], frequency: Frequency) -> NDArray[np.float64]:
    return np.resize(known[-frequency.season :], frequency.horizon)


def _theta(known: NDArray[np.float64], frequency: Frequency) -> NDArray[np.float64]:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # if the smoothing did not converge, its forecast is used nevertheless
        model = ThetaModel(known, period=frequency.season, deseasonalize=frequency.season > 1, use_test=True)
        return np.asarray(model.fit().forecast(frequency.horizon), dtype=np.float64)


def _mase(record: Model | Ensemble, series: Series, frequency: Frequency) -> float:
    forecast = record.forecasts("test").sort("step")["value"].to_numpy()
    scale = scale_of(series.known, np.arange(len(series.known)), frequency.season)
    return METRICS["mase"].measure(Judged(series.future, forecast, scales={0: scale}))


if __name__ == "__main__":
    run(m4)
