"""Forming on short series: thirty monthly series of M1, 18 months ahead, by ridge, forest, MLP and LSTM.

python benchmarks/bench_forming.py M1.csv.xz [--series 30] [--folds 4] [--epochs 50]

The series are spread evenly over those of 50 to 130 values, sorted by length. The last 18 values of each are the test
part and decide nothing. Errors are MASE: mean absolute errors divided by the one of the seasonal naive forecast (12 months)
of the values before. The file is `M1.csv.xz` of the M1 competition (Makridakis et al. 1982), in long form with the columns
`series`, `period` and `value`.
"""

import argparse
import csv
import lzma
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import enstorage
import entrainer
from endirector import Conductor, form
from enstorage import Ensemble, Project
from enstorage.adapter import Window
from entrainer import Training
from entrainer.networks import LSTM, MLP, Estimator

HORIZON, SEASON, LAG = 18, 12, 12
MEMBERS = {
    "ridge": Estimator("Ridge"),
    "forest": Estimator("RandomForestRegressor", {"n_estimators": 50, "n_jobs": 1}),
    "MLP": MLP(hidden=(16,)),
    "LSTM": LSTM(units=(16,)),
}
Floats = NDArray[np.float64]


def main() -> None:
    """Form an ensemble for each series, and print a line for each and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--series", type=int, default=30)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=50)
    given = parser.parse_args()
    scores: dict[str, list[float]] = defaultdict(list)
    chosen = short_series(given.file, given.series)
    with tempfile.TemporaryDirectory() as folder:
        enstorage.Connector(f"sqlite:///{folder}/store.sqlite", "memory:", f"file:{folder}/objects")
        for name, values in chosen:
            for what, score in measured(name, values, given.folds, given.epochs).items():
                scores[what].append(score)
            shown = "  ".join(f"{what} {own[-1]:.3f}" for what, own in scores.items())
            print(f"{name:8} {len(values):4} values  {shown}", flush=True)
    print(f"formed {len(scores['formed'])} of {len(chosen)}")
    formed = np.array(scores["formed"])
    for what, own in scores.items():
        difference = np.array(own) - formed
        error = difference.std(ddof=1) / len(difference) ** 0.5
        print(f"{what:24} mean MASE {np.mean(own):.3f}, minus formed {difference.mean():+.3f} ± {error:.3f}")


def short_series(file: Path, count: int) -> list[tuple[str, Floats]]:
    """Names and values of the monthly series of 50 to 130 values, evenly many of each length."""
    values: dict[str, list[float]] = defaultdict(list)
    with lzma.open(file, "rt") as rows:
        for row in csv.DictReader(rows):
            if row["period"] == "MONTHLY":
                values[row["series"]].append(float(row["value"]))
    short = sorted((len(own), name) for name, own in values.items() if 50 <= len(own) <= 130)
    places = np.linspace(0, len(short) - 1, count).astype(int)
    return [(short[place][1], np.array(values[short[place][1]])) for place in places]


def measured(name: str, values: Floats, folds: int, epochs: int) -> dict[str, float]:
    """MASE on the test part: of the formed ensemble, of mean and median, of each member, and of the best ones."""
    months = np.datetime64("1970-01", "M") + np.arange(len(values))
    source = enstorage.DataSource(
        name=name, time_from="1970-01-01", time_to=str(months[-1] + 1) + "-01", time_interval="1mo"
    )
    source.save().write(months.astype("datetime64[ns]"), values)
    test = HORIZON / len(values)
    preparation = source.create_snapshot().create_preparation("drop", "standard", 1 - test, 0.0, test)
    project = Project(name=name, data_source=source).save()
    research = project.create_research("members", preparation)
    data_set = preparation.create_set(Window(LAG, horizon=HORIZON))
    models = []
    for member, network in MEMBERS.items():
        models.append(research.create_model(member, network))
        models[-1].data_set(data_set)
    entrainer.fit(models, Training(epochs=epochs), progress=False)
    ensemble = form(project, metric="mae", folds=folds, progress=False)
    known = values[:-HORIZON]
    scale = float(np.abs(known[SEASON:] - known[:-SEASON]).mean())
    plain = Conductor(project.create_ensemble("voting", models=models)).render(progress=False)
    median = Conductor(project.create_ensemble("voting", models=models, parameters={"average": "median"})).render(
        progress=False
    )
    table = plain.table().filter(plain.table()["part"] == 2)
    truth = table["truth"].to_numpy()
    found = {
        "formed": mase(ensemble, truth, scale),
        "mean": mase(plain, truth, scale),
        "median": mase(median, truth, scale),
    }
    for model in models:
        found[model.name] = float(np.abs(table[f"member_{model.id}"].to_numpy() - truth).mean()) / scale
    found["best by out-of-fold"] = found[best_of(ensemble)]
    found["best in hindsight"] = min(found[model.name] for model in models)
    return found


def best_of(ensemble: Ensemble) -> str:
    """The member that forecasts best alone, among those that were tried alone."""
    alone = [row for row in ensemble.tried().iter_rows(named=True) if len(row["members"]) == 1]
    return str(min(alone, key=lambda row: row["error"])["members"][0]) if alone else "ridge"


def mase(ensemble: Ensemble, truth: Floats, scale: float) -> float:
    """MASE of the test part, whose targets are in the same order for all ensembles of a project."""
    table: Sequence[float] = ensemble.table().filter(ensemble.table()["part"] == 2)["ensemble"].to_numpy()
    return float(np.abs(np.asarray(table) - truth).mean()) / scale


if __name__ == "__main__":
    main()
