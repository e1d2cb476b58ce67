"""What tests of commands begin with: a rendered ensemble of forecasts that were made elsewhere."""

import numpy as np

from endirector import Conductor
from enstorage import DataSource, Project


def make_ensemble():
    """A source of 60 hours, and a rendered ensemble of two uploaded forecasts."""
    times, level = np.arange(60) * 3_600 * 10**9, np.sin(np.arange(60) / 5)
    source = DataSource(name="s", time_interval="1h").save()
    source.write(times, level)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.2, 0.3)
    project = Project(name="p", data_source=source).save()
    research = project.create_research("r", preparation)
    for name, miss in (("near", 0.1), ("far", -0.3)):
        model = research.create_model(name)
        for part, own in (("train", slice(0, 30)), ("valid", slice(30, 42)), ("test", slice(42, 60))):
            model.save_forecasts(part, times[own], level[own] + miss)
    Conductor(project.create_ensemble("voting", models=project.models())).render()
