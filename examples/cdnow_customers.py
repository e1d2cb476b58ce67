"""The days until customers of a shop buy again, forecast by one interval network that is trained on all customers.

Source: a Chinese tutorial on forecasting the times of a customer's visits by LSTM (2017): the last three intervals between
visits predict the class of the next one: below 40 days, 40 to 60, and so on. It uses a few visits of one person and has no
figure. The example uses the purchases of CDNOW, a record shop, and compares the network with always forecasting the median.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import enstorage
from enstorage import DataSet, DataSource, Model, Project
from enstorage.adapter import Bins, Interval
from entrainer import Training
from entrainer.networks import IntervalNetwork
from rows import Row
from running import Options, run, shorter, step, trained

EDGES, LOOK_BACK, EPOCHS = (40, 60, 80, 100), 3, 10
LEAST_PURCHASES, SHORT = 6, 30
PURCHASES = "https://www.brucehardie.com/datasets/CDNOW_master.zip"

Purchases = dict[str, tuple[NDArray[np.datetime64], NDArray[np.float64]]]
"""For each customer the days with purchases, and the number of purchases on each."""


def cdnow_customers(options: Options) -> list[Row]:
    """The first 70 % of the purchase days of each customer are learnt, the later ones are forecast."""
    path = options.local("events/CDNOW_master.txt")
    if path is None:
        raise SystemExit(f"Give the purchases of CDNOW: --data CDNOW_master.txt, which is packed in {PURCHASES}")
    all_customers = _read(path)
    customers = dict(list(all_customers.items())[: None if options.full else SHORT])
    with step(f"Keeping the purchases of {len(customers):,} customers"):
        sources = [DataSource(name=f"CDNOW customer {number}") for number in customers]
        enstorage.write_all(sources, list(customers.values()))
        snapshots = enstorage.create_snapshots(sources)
        preparations = enstorage.create_preparations(snapshots, "drop", "none", train_part=0.7, test_part=0.3)
        days = DataSet.from_preparations(preparations, Interval(LOOK_BACK))
        binned = DataSet.from_preparations(preparations, Bins(Interval(LOOK_BACK), EDGES))
    group = Project(name="CDNOW customers", data_source=sources[0]).create_research("Intervals", preparations[0])
    seeds, epochs = options.range_of_seeds(10), options.epochs_of(EPOCHS, 2)

    length = IntervalNetwork(last_activation="linear")
    numbers = trained(group, length, days, Training(epochs, batch_size=100, loss="mae"), seeds)
    crossentropy = Training(epochs, batch_size=100, loss="categorical_crossentropy")
    classes = trained(group, IntervalNetwork(), binned, crossentropy, seeds)

    _, known = days.targets("train")
    _, truth = days.targets("test")
    always = float(np.abs(truth - np.median(known)).mean())
    wrong = [float(np.abs(model.forecasts("test")["value"].to_numpy() - truth).mean()) for model in numbers]
    right, commonest = _classes_right(classes, binned)
    less = shorter(epochs=(epochs, EPOCHS), customers=(len(customers), len(all_customers)))
    return [
        Row(
            "Interval network on CDNOW customers",
            "days by which it is wrong",
            always,
            wrong,
            "lower",
            always=True,
            less=less,
            beside=f"always the median, {np.median(known):.0f} days: {always:.1f}",
            source_says="no figure; less than always the median",
        ),
        Row(
            "Interval network on CDNOW customers, five classes",
            "intervals in the class it says, %",
            commonest,
            right,
            "higher",
            always=True,
            less=less,
            beside=f"always the class of the median: {commonest:.1f}",
            source_says="no figure; more than always the class of the median",
        ),
    ]


def _classes_right(models: list[Model], binned: DataSet) -> tuple[list[float], float]:
    """The percentage of test intervals whose class is forecast by each network, and by the median of the train rows.

    The stored forecasts are days, Σ p_c m_c, so the networks predict the classes again.
    """
    _, known = binned.targets("train")
    _, X, y = binned.arrays("test")
    truth = y.argmax(axis=1)
    predicted = [model.load_object().predict(X, verbose=0).argmax(axis=1) for model in models]
    median = np.searchsorted(EDGES, np.median(known), side="right")
    return [100 * float((each == truth).mean()) for each in predicted], 100 * float((truth == median).mean())


def _read(path: Path) -> Purchases:
    """Customers with at least six purchases, so that each has train intervals and a test interval."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in path.read_text(encoding="utf-8").splitlines():
        customer, day, *_ = line.split()
        if day.isdigit():  # the first line has names
            counts[customer][f"{day[:4]}-{day[4:6]}-{day[6:]}"] += 1
    return {
        customer: (np.array(list(days), "datetime64[D]"), np.array(list(days.values()), float))
        for customer, days in counts.items()
        if sum(days.values()) >= LEAST_PURCHASES and len(days) > 2
    }


if __name__ == "__main__":
    run(cdnow_customers)
