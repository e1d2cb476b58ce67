"""Models that answer the inference protocol."""

import numpy as np
from sklearn.linear_model import LinearRegression

import entrainer
from endirector import Conductor
from enstorage import DataSource, Project
from enstorage.adapter import Window


def make_linear_models():
    """Two linear models over hourly values, and an ensemble of both; gives their research."""
    source = DataSource(name="Load", time_interval="1h").save()
    source.write(np.arange(200) * 3_600 * 10**9, np.sin(np.arange(200.0) / 5) + 10)
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.5, 0.2, 0.3)
    project = Project(name="p", data_source=source).save()
    research = project.create_research("r", preparation)
    for lag in (6, 12):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(LinearRegression().fit(X, y))
        entrainer.predict(model)
    Conductor(project.create_ensemble("voting", models=project.models())).render()
    return research
