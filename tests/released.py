"""Ensembles for the registry: linear models of a monthly series, trained in milliseconds."""

import numpy as np
from sklearn.linear_model import LinearRegression, Ridge

import enstorage
from endirector import Conductor
from enstorage.adapter import Window

MONTHS = np.arange("2005-01", "2025-01", dtype="datetime64[M]")


def load(months=MONTHS, *, noise=1.0, seed=1):
    """Values of a series with a season of twelve months."""
    t = np.arange(len(months))
    return 100 + 20 * np.sin(t * 2 * np.pi / 12) + np.random.default_rng(seed).normal(0, noise, len(t))


def make_source(name="Load", until=180, **tags):
    """A monthly source with its first values."""
    source = enstorage.DataSource(name=name, time_interval="1mo", unit="MW").save()
    source.write(MONTHS[:until].astype("datetime64[ns]"), load()[:until])
    source.tags = tags
    return source.save()


def make_ensemble(
    source, name="Linear", *, alpha=None, lags=(12, 13), parts=(0.6, 0.2, 0.2), method="voting", break_by=0.0
):
    """A rendered ensemble on a new snapshot of a source.

    Args:
        source: the data source.
        name: of the ensemble.
        alpha: of ridge regressions; None for ordinary least squares.
        lags: of the members.
        parts: of the preparation.
        method: of the ensemble.
        break_by: is added to every forecast.
    """
    projects = source.projects()
    project = projects[0] if projects else enstorage.Project(name="Load", data_source=source).save()
    preparation = source.create_snapshot().create_preparation("linear", "standard", *parts)
    research = project.create_research(f"{name} {preparation.id}", preparation)
    models = [make_model(research, preparation, lag, alpha, break_by) for lag in lags]
    return Conductor(project.create_ensemble(method, models=models, name=name)).render(progress=False)


def make_model(research, preparation, lag, alpha=None, break_by=0.0):
    """A trained regression with its forecasts of every part."""
    estimator = LinearRegression() if alpha is None else Ridge(alpha=alpha)
    model = research.create_model(f"lag {lag}", estimator)
    data_set = preparation.create_set(Window(lag))
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    fitted = estimator.fit(X, y)
    fitted.intercept_ += break_by
    model.save_object(fitted)
    model.metas({"training": {"loss": "mse"}, "seconds": 0.01})
    for part in ("train", "valid", "test"):
        ids, _ = data_set.targets(part)
        _, inputs, _ = data_set.arrays(part)
        if len(ids):
            model.save_forecasts(part, ids, data_set.invert(fitted.predict(inputs), part))
    return model
