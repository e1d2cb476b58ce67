"""A project with something of everything, as a store and as a file, and other stores to take it to."""

import shutil
import sqlite3
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import enstorage
from endirector import Conductor, diagnose
from enstorage import Connector, DataSet, DataSource, Project
from enstorage.adapter import Branches, Window


def train(model, data_set):
    """Give a model all that training gives: an object, facts, a curve and forecasts."""
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    estimator = LinearRegression().fit(X.reshape(len(X), -1), y)
    model.save_object(estimator)
    model.metas(
        {
            "loss": float("nan"),
            "names": ["a", "б", "\x00"],
            "settings": {"lag": X.shape[1]},
            "none": None,
            "nul": "a\x00",
        }
    )
    for step in range(5):
        model.log(step, loss=1 / (step + 1), val_loss=float("inf"))
    for part in ("train", "test"):
        ids, _ = data_set.targets(part)
        _, inputs, _ = data_set.arrays(part)
        model.save_forecasts(part, ids, data_set.invert(estimator.predict(inputs.reshape(len(inputs), -1)), part))


def new_store(empty_store, folder, **options):
    """A store of its own: a copied database would be taken for the one that it was copied from."""
    folder.mkdir()
    shutil.copy(empty_store / "enstorage.sqlite", folder)
    with sqlite3.connect(folder / "enstorage.sqlite") as database:
        database.execute("UPDATE store SET uuid = ?", [uuid4().hex])
    database.close()
    return Connector.in_folder(folder, **options)


def occupied(connector):
    """A store with some records, so that what comes gets other ids."""
    with connector, connector.transaction():
        for number in range(3):
            source = DataSource(name=f"mine {number}").save()
            research = Project(name="mine", data_source=source).save().create_research("mine")
            for name in ("same", "other", "more", "yet more"):
                research.create_model(name).meta("loss", number)
    return connector


def make_project(connector):
    """A record of every entity: members that are called the same, a set from arrays and one of two preparations,
    something in the trash, tags; and beside it another project over the same source."""
    with connector:
        source = DataSource(name="Solar activity", time_interval="1y", unit="sunspots").save()
        years = np.arange(1700, 1740)
        source.write(years.astype(str), np.round(50 + 40 * np.sin(years * 2 * np.pi / 11) + 0.01 * years, 3))
        preparation = source.create_snapshot("as it was").create_preparation("linear", "log+minmax", 0.6, 0.0, 0.4)
        side = preparation.data_snapshot.create_preparation("linear", "log", 0.6, 0.0, 0.4)
        project = Project(name="Sun ☀", data_source=source, description="to be shared").save()
        research = project.create_research("Standard data", preparation)
        for lag, name in ((3, "same"), (4, "same"), (5, "other")):
            model = research.create_model(name, {"name": "linear", "lag": lag})
            model.tags["lag"] = lag
            model.save()
            train(
                model, preparation.create_set(Window(lag) if name == "same" else Branches([side, preparation], lag=lag))
            )
        diagnose(Conductor(project.create_ensemble("blending", "LinearRegression", models=project.models())).render())
        project.create_ensemble("voting", models=project.models()[:2], description="not rendered")
        ids = np.arange(20)
        arrays = DataSet.from_arrays(ids, np.ones((20, 2, 2)), ids * 2.0, ["train"] * 15 + ["test"] * 5, "uploaded")
        uploaded = project.create_research("Uploads").create_model("of arrays")
        train(uploaded, arrays)
        uploaded.deleted_at = datetime.now(UTC)
        uploaded.save()
        neighbour = Project(name="Neighbour", data_source=source).save()
        other = neighbour.create_research("elsewhere", source.create_snapshot().create_preparation("drop", "minmax"))
        train(other.create_model("not to be shared"), other.data_preparation.create_set(Window(2)))


@pytest.fixture(scope="session")
def sun(tmp_path_factory, empty_store):
    """The folder with the store of the project, and the project as a file."""
    folder = tmp_path_factory.mktemp("sun")
    connector = new_store(empty_store, folder / "store")
    make_project(connector)
    enstorage.export_project(Project.get(1, connector=connector), folder / "sun.enz")
    connector.close()
    return folder


@pytest.fixture(scope="session")
def original(sun):
    """The project where it was made; not to be changed."""
    connector = Connector.in_folder(sun / "store")
    yield Project.get(1, connector=connector)
    connector.close()


@pytest.fixture(scope="session")
def arrived(sun, empty_store):
    """The project in another store, where all ids are others; not to be changed."""
    connector = occupied(new_store(empty_store, sun / "other"))
    yield enstorage.import_bundle(sun / "sun.enz", connector).project
    connector.close()


@pytest.fixture(scope="session")
def untouched(sun, empty_store):
    """An empty store, for what is refused."""
    connector = new_store(empty_store, sun / "untouched")
    yield connector
    connector.close()


@pytest.fixture
def store(sun, tmp_path):
    """A copy of the store of the project; the default one."""
    shutil.copytree(sun / "store", tmp_path / "store")
    connector = Connector.in_folder(tmp_path / "store")
    yield connector
    connector.close()


@pytest.fixture
def project(store):
    """The project in that copy."""
    return Project.get(1, connector=store)


@pytest.fixture
def bundle(sun):
    """The project as a file."""
    return sun / "sun.enz"


@pytest.fixture
def another_store(tmp_path, empty_store):
    """A function that gives another store, empty."""
    opened = []

    def make(**options):
        connector = new_store(empty_store, tmp_path / f"store-{len(opened) + 2}", **options)
        opened.append(connector)
        return connector

    yield make
    for connector in opened:
        connector.close()
