"""Monthly airline passengers, forecast by an LSTM network with lag 1, with the leak of the source and without.

Source: the textbook of networks: look-back 1, LSTM(4), Adam, 100 epochs, batch 1; root mean squared errors of 22.93 thousand
on train and 47.53 thousand on test months. It scales by the minimum and maximum of all 144 months. This is a leak: the scale
contains how far the test months rise. The example trains with this scale, and with the scale of the train months only.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet, DataSource, Model, Project
from enstorage.adapter import Window
from entrainer import Training
from entrainer.networks import LSTM
from rows import Row
from running import Options, research, run, shorter, step, trained

EPOCHS, TRAIN_PART = 100, 0.67
NETWORK = LSTM((4,))


def airline(options: Options) -> list[Row]:
    """Both are judged on the 46 test months of the source, beside saying that the next month is as this one."""
    months, passengers = _read(options.local("airline/airline-passengers.csv"))
    training = Training(epochs=options.epochs_of(EPOCHS, 5), batch_size=1, optimizer="adam")
    seeds = options.range_of_seeds(10)

    leaking = _leaking(months, passengers)
    unit = float(np.ptp(passengers))
    leakers = trained(research("Airline passengers, with a leak", "LSTM(4)"), NETWORK, leaking, training, seeds)

    source = DataSource(name="Airline passengers", time_interval="1mo", unit="thousands").save()
    source.write(months, passengers)
    preparation = source.create_snapshot().create_preparation("drop", "minmax", TRAIN_PART, 0.0, 1 - TRAIN_PART)
    sound = preparation.create_set(Window(1))
    group = Project(name="Airline passengers", data_source=source).create_research("LSTM(4)", preparation)
    models = trained(group, NETWORK, sound, training, seeds)

    judged, _ = leaking.targets("test")
    steps = np.diff(passengers)[np.isin(months[1:].astype("datetime64[ns]").astype(np.int64), judged)]
    settings = {"better": "lower", "less": shorter(epochs=(training.epochs, EPOCHS))}
    beside = f"persistence {np.sqrt(np.mean(steps**2)):.1f}"
    leaks, honest = (
        f"LSTM(4) on airline passengers, scaled by {rows}" for rows in ("all months: leaks", "train months")
    )
    why = "without the leak the network does not know how far the test months rise"
    return [
        Row(
            leaks,
            "train RMSE, thousands",
            22.93,
            [unit * _rmse(each, leaking, "train") for each in leakers],
            **settings,
        ),
        Row(
            leaks,
            "test RMSE, thousands",
            47.53,
            [unit * _rmse(each, leaking, "test") for each in leakers],
            beside=beside,
            **settings,
        ),
        Row(
            honest,
            "test RMSE, thousands",
            47.53,
            [_rmse(each, sound, "test", judged) for each in models],
            beside=beside,
            because=why,
            **settings,
        ),
    ]


def _leaking(months: NDArray[np.datetime64], passengers: NDArray[np.float64]) -> DataSet:
    """The samples of the source, scaled by hand, since a preparation never fits a scale on test rows.

    The source uses one row fewer of each part than the look-back requires.
    """
    scaled = (passengers - passengers.min()) / np.ptp(passengers)
    cut = int(len(passengers) * TRAIN_PART)
    train, test = np.arange(1, cut - 1), np.arange(cut + 1, len(passengers) - 1)
    target = np.concatenate([train, test])
    part = ["train"] * len(train) + ["test"] * len(test)
    name = "Airline passengers, scaled by all months"
    return DataSet.from_arrays(months[target], scaled[target - 1, np.newaxis], scaled[target], part, name)


def _rmse(model: Model, data_set: DataSet, part: str, among: NDArray[np.int64] | None = None) -> float:
    """The root mean squared error of the stored forecasts, or only of those with the ids `among`."""
    ids, truth = data_set.targets(part)
    chosen = slice(None) if among is None else np.isin(ids, among)
    return float(np.sqrt(np.mean((model.forecasts(part)["value"].to_numpy() - truth)[chosen] ** 2)))


def _read(path: Path | None) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Months and thousands of passengers from a file of two columns, or from R's AirPassengers, which is downloaded."""
    if path is not None:
        with path.open(encoding="utf-8") as file:
            lines = list(csv.reader(file))[1:]
        return np.array([line[0] for line in lines], "datetime64[M]"), np.array([float(line[1]) for line in lines])
    from statsmodels.datasets import get_rdataset

    with step("Downloading R's AirPassengers"):
        table = get_rdataset("AirPassengers").data
    return np.datetime64("1949-01") + np.arange(len(table)), table["value"].to_numpy(float)


if __name__ == "__main__":
    run(airline)
