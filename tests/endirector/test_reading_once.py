"""Rendering, forming and what looks at ensembles read each record once."""

from contextlib import contextmanager

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sqlalchemy import Engine, event

import endirector
import enstorage
import entrainer
from endirector import Conductor, form
from enstorage.adapter import Window
from solar import make_sunspots

MEMBERS = 10


def make():
    """A project with ten models, and their forecasts of all kinds."""
    preparation = make_sunspots().create_snapshot().create_preparation("drop", "minmax", 0.7, 0.0, 0.3)
    project = enstorage.Project(name="Sun", data_source=enstorage.DataSource.get(1)).save()
    research = project.create_research("Various", preparation)
    for lag in range(1, MEMBERS + 1):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(Ridge().fit(X, y))
        entrainer.predict(model)
    entrainer.backtest(project.models(), progress=False)
    project.create_ensemble("stacking", "LinearRegression", models=project.models())


@pytest.fixture
def filled_with():
    return make


@contextmanager
def selects():
    """The SELECT statements in the block."""
    seen = []

    def note(connection, cursor, statement, *others):
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("act", "most"),
    [
        # Of each member its data set, the tables of it and of its forecasts, its facts and what is known of it.
        pytest.param(lambda ensemble: Conductor(ensemble).render(progress=False), 16, id="render"),
        pytest.param(lambda ensemble: Conductor(ensemble).verify(progress=False), 18, id="verify"),
        pytest.param(lambda ensemble: form(ensemble.project, progress=False), 50, id="form"),
        pytest.param(lambda ensemble: endirector.diagnose(ensemble, progress=False), 25, id="diagnose"),
    ],
)
def test_selects_for_each_member_are_few(store, act, most):
    ensemble = enstorage.Ensemble.get(1)
    if act.__code__.co_names[0] != "form":
        Conductor(ensemble).render(progress=False)
    with selects() as seen:
        act(ensemble)
    assert len(seen) <= most * MEMBERS


def test_what_was_read_is_read_again_after_each_writing(store):
    model = enstorage.Model.get(1)
    with store.database.remembering():
        with selects() as seen:
            first, again = model.data_set(), enstorage.DataSet.get(model.data_set_id)
            assert first is again
            assert len(seen) == 1
        before = model.forecasts("test")
        model.save_forecasts("test", before["id"].to_numpy(), before["value"].to_numpy() + 1)
        assert np.allclose(model.forecasts("test")["value"], before["value"] + 1)
        model.meta("colour", "red")
        assert model.meta("colour") == "red"
        with store.buffered():
            model.meta("colour", "blue")
            assert model.meta("colour") == "blue"
        with store.transaction():
            model.meta("colour", "green")
            assert model.meta("colour") == "green"
        research = model.research
        assert len(research.models()) == MEMBERS
        another = research.create_model("another")
        assert another in research.models()
        another.trash()
        assert another not in research.models()
    with selects() as seen:
        model.data_set()
        model.data_set()
    assert len(seen) == 2
