"""Selection of an ensemble on the yearly sunspot numbers, compared with baselines.

The series, its parts and the network are those of the paper (Puchkov & Terekhov 2016): 1700–2008, the last 30 % for the
test, LSTM networks with lags of 5, 7 and 13 years. Candidates, transforms and folds are defined below, and were fixed before
the first run on test rows. That a square root helps an autoregression was known from the same test rows.
"""

import polars as pl
from statsmodels.datasets import sunspots

import entrainer
from endirector import form
from enmyadmin.demo.baselines import forecast_seasonal_naive
from enstorage import DataPreparation, DataSource, Model, Project
from enstorage.adapter import Window
from enstorage.preparation.split import PARTS
from entrainer import Training
from entrainer.networks import Estimator, PaperLSTM
from rows import Row
from running import Options, run, shorter

TRAIN_PART, CYCLE = 0.7, 11
TRANSFORMS = ("minmax", "sqrt+minmax")
LAGS, NETWORKS_EACH, EPOCHS = (5, 7, 13), 3, 200
ESTIMATORS = (
    ("autoregression", 9, Estimator("LinearRegression")),
    ("autoregression", CYCLE, Estimator("LinearRegression")),
    ("forest", CYCLE, Estimator("RandomForestRegressor", {"n_estimators": 200, "min_samples_leaf": 3})),
)
FOLDS = 5


def sunspots_formed(options: Options) -> list[Row]:
    """Networks, autoregressions and forests, after a square root and without; the best of what out-of-fold rows say."""
    seeds, epochs = options.range_of_seeds(5), options.epochs_of(EPOCHS, 5)
    figures: dict[str, list[float]] = {}
    for seed in seeds:
        for name, value in _formed(seed, Training(epochs=epochs)).items():
            figures.setdefault(name, []).append(value)
    formed = figures.pop("formed")
    beside = "; ".join(f"{name} {sum(values) / len(values):.0f}" for name, values in figures.items())
    less = shorter(epochs=(epochs, EPOCHS))
    work = "Forming an ensemble on the sunspots"
    return [Row(work, "test MSE, sunspots²", None, formed, better="lower", beside=beside, less=less)]


def _formed(seed: int, training: Training) -> dict[str, float]:
    """Test errors of the ensemble selected with networks of that seed, and of the baselines."""
    source = DataSource(name="Solar activity", time_interval="1y", unit="sunspots").save()
    years = sunspots.load_pandas().data
    source.write([f"{year:.0f}" for year in years["YEAR"]], years["SUNACTIVITY"].to_numpy())
    project = Project(name=f"Sunspots, networks from seed {seed}", data_source=source).save()
    snapshot = source.create_snapshot()
    plain, *_ = preparations = [
        snapshot.create_preparation("forward", transform, TRAIN_PART, 0.0, 1 - TRAIN_PART) for transform in TRANSFORMS
    ]
    models: list[Model] = []
    for preparation in preparations:
        research = project.create_research(f"After {preparation.transform_method}", preparation)
        sets = {lag: preparation.create_set(Window(lag)) for lag in {*LAGS, *(lag for _, lag, _ in ESTIMATORS)}}
        candidates = [
            (f"LSTM lag {lag} ({number})", lag, PaperLSTM()) for number in range(NETWORKS_EACH) for lag in LAGS
        ]
        candidates += [(f"{name} lag {lag}", lag, estimator) for name, lag, estimator in ESTIMATORS]
        for name, lag, network in candidates:
            models.append(research.create_model(f"{name}, {preparation.transform_method}", network))
            models[-1].data_set(sets[lag])
    chances = [seed * len(models) + number for number in range(len(models))]
    entrainer.fit(models, training, seeds=chances)
    entrainer.backtest(models, training, seeds=chances, folds=FOLDS)
    naive = _seasonal_naive(project, plain)
    ensemble = form(project)
    metrics = ensemble.metrics()["test"]["ensemble"]
    singles = {model.name: model for model in models}
    baselines = {
        "seasonal naive": naive,
        "autoregression (9)": singles["autoregression lag 9, minmax"],
        "autoregression (9) after a square root": singles["autoregression lag 9, sqrt+minmax"],
    }
    truth = plain.table().filter(part=PARTS.index("test")).select("time", "value")
    return {"formed": metrics["mse"]} | {name: _test_mse(model, truth) for name, model in baselines.items()}


def _seasonal_naive(project: Project, preparation: DataPreparation) -> Model:
    """A model that forecasts the value of eleven years ago. Nothing is trained, so its train forecasts are out of fold."""
    model = project.create_research("Baselines", preparation).create_model("seasonal naive")
    forecast_seasonal_naive(model, preparation, CYCLE)
    kept = model.forecasts("train")
    model.save_forecasts("out_of_fold", kept["id"].to_numpy(), kept["value"].to_numpy())
    return model


def _test_mse(model: Model, truth: pl.DataFrame) -> float:
    both = model.forecasts("test").join(truth, left_on="id", right_on="time", suffix="_true")
    return float(((both["value"] - both["value_true"]) ** 2).mean())


if __name__ == "__main__":
    run(sunspots_formed)
