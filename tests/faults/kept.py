"""What is in a store before anything happens to it: things that must stay, and things that operations work on."""

import numpy as np
from sklearn.linear_model import LinearRegression
from sqlalchemy import select

from endirector import Conductor
from enstorage import DataSource, Project
from enstorage.adapter import Window
from enstorage.entity import ENTITIES

DAY = 86_400 * 10**9
ROWS = 60
GAP = 30
PARTS = ("train", "valid", "test")


def values_of(number):
    """Values of a series of `ROWS` days."""
    return np.round(np.sin(np.arange(ROWS)), 3) + number


def estimator_of(number):
    """A fitted estimator that knows its number."""
    estimator = LinearRegression()
    estimator.coef_, estimator.intercept_, estimator.n_features_in_ = np.arange(3.0) + number, 0.5, 3
    return estimator


def make_store(connector):
    """Fill an empty store; returns what has to stay, see `kept`."""
    with connector:
        project = _make_flow("kept")
        Conductor(project.create_ensemble("blending", "LinearRegression", models=project.models())).render()
        staying = kept(connector)
        _make_flow("subject")
        for name in ("blocks", "thinned", "compacted"):
            DataSource(name=name, time_interval="1d").save()
        research = Project(name="subjects", data_source=DataSource(name="other").save()).create_research("subjects")
        for name in ("facts", "curves", "objects"):
            research.create_model(name)
        return staying


def _make_flow(name):
    source = DataSource(name=name, time_interval="1d", unit="m").save()
    there = np.arange(ROWS) != GAP
    source.write(np.arange(ROWS)[there] * DAY, values_of(0)[there])
    preparation = source.create_snapshot("first").create_preparation("constant(0)", "none", 0.6, 0.2, 0.2)
    data_set = preparation.create_set(Window(3), name=name)
    project = Project(name=name, data_source=source).save()
    research = project.create_research(name, preparation)
    for member in range(3):
        model = research.create_model(f"{name} {member}")
        model.data_set(data_set)
        model.save_object(estimator_of(member))
        model.metas({"loss": 0.5, "trained_on": ["train"]})
        model.log(np.arange(20), loss=np.arange(20.0))
        for part in PARTS:
            ids, truth = data_set.targets(part)
            near = np.nan_to_num(truth)  # a filled value is no truth
            model.save_forecasts(part, ids, near + np.cos(np.arange(len(ids)) * (member + 1)))
    return project


def kept(connector, sources=None):
    """All rows of all tables by table and id, and the points of the sources, by default of all."""
    with connector.database.reading() as session:
        rows = {
            entity.__tablename__: {row.id: tuple(row) for row in session.execute(select(entity.__table__))}
            for entity in ENTITIES
        }
    points = {
        id: [array.tolist() for array in connector.series.read(id)]
        for id in (rows["data_source"] if sources is None else sources)
    }
    return rows | {"points": points}


def check_kept(connector, staying):
    """What has to stay is there, as it was."""
    now = kept(connector, staying["points"])
    for table, rows in staying.items():
        assert {id: now[table].get(id) for id in rows} == rows, table
