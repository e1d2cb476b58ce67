"""`enstorage deliver`: the forecasts of a model or an ensemble in files, tables of databases, websites and object stores."""

import json
import shutil
import sqlite3
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from sqlalchemy import create_engine, text

import endirector
import entrainer
import servers
from enorchestrator import create_registered, deliver, evaluate, promote, register
from enstorage import Connector, DataPreparation, DataSource, Project
from enstorage.adapter import Window
from enstorage.database.url import parse_url
from enstorage.sinks.files import FileSink
from entrainer.networks import Estimator
from websites import answer, website

TABLE = "CREATE TABLE forecast (at TIMESTAMP NULL, quantile DOUBLE PRECISION, river DOUBLE PRECISION)"
MAPPED = ('key=["at", "quantile"]', 'columns={"at": "time", "quantile": "quantile", "river": "value"}')
SQL = ("deliver", "ensemble", "1", "sql", "connection=warehouse", "table=forecast", *MAPPED, "--horizon", "2")


def make():
    """A project with a trained model and the ensemble of it."""
    source = DataSource(name="River", time_interval="1d").save()
    days = np.datetime64("2024-01-01") + np.arange(60)
    source.write(days, 5 + np.sin(np.arange(60)))
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.6, 0.2, 0.2)
    project = Project(name="River", data_source=source).save()
    model = project.create_research("Windows", preparation).create_model("lag 3")
    model.data_set(preparation.create_set(Window(3)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    endirector.Conductor(project.create_ensemble("voting", models=[model])).render()


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path):
    """Runs `enstorage …` in the folder of a store with a trained model and its ensemble."""
    shutil.copytree(filled_once(make), tmp_path / "enstorage-data")
    return enstorage


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def warehouse(request, monkeypatch, tmp_path):
    """A database with a table, as an engine."""
    url = f"sqlite:///{tmp_path / 'warehouse.sqlite'}"
    if request.param != "sqlite":
        server, name = servers.shared(request.param), f"warehouse_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text(TABLE))
    monkeypatch.setenv("ENSTORAGE_CONNECTION_WAREHOUSE", url)
    yield engine
    engine.dispose()


def test_rows_of_a_table_are_replaced_by_their_key_and_given_once(enstorage, warehouse):
    def rows():
        with warehouse.connect() as connection:
            return connection.execute(text("SELECT * FROM forecast ORDER BY at, quantile")).all()

    status, output, errors = enstorage(*SQL)
    assert (status, output) == (0, "Delivered 10 rows to warehouse: forecast.\n")
    assert errors.startswith("note: The quantiles 0.025, 0.975 of Ensemble(1, 'voting') for the steps 1 to 2 rest on")
    forecast = json.loads(enstorage("forecast", "ensemble", "1", "--horizon", "2", "--json")[1])["forecasts"]
    given = rows()
    assert sorted(row[2] for row in given) == pytest.approx(sorted(each["value"] for each in forecast))
    assert {str(row[0])[:10] for row in given} == {"2024-03-01", "2024-03-02"}
    assert enstorage(*SQL)[1] == "Delivered nothing: warehouse: forecast was given these 10 rows last.\n"
    assert enstorage(*SQL[:-1], "1", "--level", "0.9")[1] == "Delivered 3 rows to warehouse: forecast.\n"
    assert len(rows()) == 12  # of the first day 0.05 and 0.95 are new, and the point forecast is replaced


def test_a_file_is_replaced_whole_and_the_key_is_that_of_the_step_of_a_pipeline(enstorage):
    words = ("deliver", "model", "lag 3", "file", "path=river.csv", "--horizon", "3", "--json")
    status, output, errors = enstorage(*words)
    found = json.loads(output)
    assert (status, errors, found["target"], found["rows"], found["is_new"]) == (0, "", "river.csv", 3, True)
    assert pl.read_csv("river.csv")["name"].to_list() == ["River"] * 3
    again = json.loads(enstorage(*words)[1])
    assert (again["is_new"], again["key"]) == (False, found["key"])
    with Connector.in_folder("enstorage-data"):
        assert not deliver(pl.read_csv("river.csv"), FileSink("river.csv")).is_new


def test_a_registered_model_forecasts_by_what_is_in_production(enstorage):
    words = ("deliver", "registered", "river", "file", "path=river.csv", "--json")
    assert "There is no registered model river" in enstorage(*words)[2]
    with Connector.in_folder("enstorage-data"):
        preparation = DataPreparation.get(1)
        model = Project.get(1).create_research("Estimators", preparation).create_model("lag 2", Estimator("Ridge"))
        model.data_set(preparation.create_set(Window(2)))
        entrainer.fit([model], progress=False)
        ensemble = endirector.Conductor(Project.get(1).create_ensemble("voting", models=[model])).render()
        create_registered("river")
        register("river", model, progress=False)
        register("river", ensemble, progress=False)
    assert "river has no version production" in enstorage(*words)[2]
    assert not Path("river.csv").exists()
    assert (
        len(json.loads(enstorage("forecast", "registered", "river", "--version", "1", "--json")[1])["forecasts"]) == 1
    )
    for version, rows in ((1, 1), (2, 5)):  # an ensemble has intervals without being asked
        with Connector.in_folder("enstorage-data"):
            evaluate("river", version, progress=False)
            promote("river", version)
        assert json.loads(enstorage(*words)[1])["rows"] == rows
        assert pl.read_csv("river.csv").height == rows


def test_a_version_is_of_a_registered_model_alone(enstorage):
    for word in ("model", "ensemble"):
        status, output, errors = enstorage("forecast", word, "1", "--version", "2")
        assert (status, output) == (1, "")
        assert f"--version is that of a registered model; received it with {word} 1. Leave it out" in errors


def test_a_website_is_told_the_key(enstorage, monkeypatch):
    with website() as site:
        site.pages["/in"] = lambda handler, body: answer(handler, 204)
        monkeypatch.setenv("ENSTORAGE_CONNECTION_HOOK", f"http://t0ken@{site.host}")
        words = ("deliver", "model", 1, "webhook", "connection=hook", "path=in", "--json")
        key = json.loads(enstorage(*words)[1])["key"]
        assert json.loads(enstorage(*words)[1])["key"] == key
        [(path, headers, body)] = site.asked
    assert (path, headers["Idempotency-Key"], len(json.loads(body)["rows"])) == ("/in", key, 1)


def test_an_object_is_replaced_in_a_bucket(enstorage, monkeypatch, bucket):
    import s3fs

    monkeypatch.setenv("ENSTORAGE_CONNECTION_BUCKET", f"s3://{bucket}/north")
    words = ("deliver", "ensemble", "1", "objects", "connection=bucket", "path=river.parquet")
    assert enstorage(*words)[1] == "Delivered 5 rows to bucket: river.parquet.\n"
    assert "Delivered nothing" in enstorage(*words)[1]
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    assert files.find(bucket) == [f"{bucket}/north/river.parquet"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pigeon",), "There is no sink 'pigeon'"),
        (("sql", "connection=warehouse"), "table"),
        (("sql", "connection=warehouse", "table=forecast", "key=at"), """key 'at' and columns {}.*such as ["time"]"""),
        (
            ("sql", "connection=warehouse", "table=forecast", "key=[at]"),
            "key is '[at]', which begins as JSON and is none",
        ),
        (
            ("sql", "warehouse"),
            "A parameter of the sink received 'warehouse'; expected KEY=VALUE, such as connection=grid.",
        ),
        (("sql", "connection=a", "connection=b"), "The sink received connection twice"),
        (("sql", "connection=nowhere", "table=forecast"), "There is no connection 'nowhere' here"),
        (("file", "path=river.xlsx"), "expected one that ends in .csv, .parquet or .pq"),
        (("file", "path=--5"), "expected one that ends in .csv, .parquet or .pq"),
        (
            ("sql", "connection=warehouse", "table=forecast", 'key=["at"]', MAPPED[1]),
            "The key at does not tell the rows apart: 5 of 5 share theirs, such as at 2024-03-01",
        ),
    ],
)
def test_what_cannot_be_delivered_is_one_message_and_changes_nothing(words, message, enstorage, monkeypatch):
    with sqlite3.connect("warehouse.sqlite") as connection:
        connection.execute(TABLE)
    monkeypatch.setenv("ENSTORAGE_CONNECTION_WAREHOUSE", f"sqlite:///{Path('warehouse.sqlite').resolve()}")
    status, output, errors = enstorage("deliver", "ensemble", 1, *words)
    assert (status, output, errors.count("\n")) == (1, "", 1)
    first, _, second = message.partition(".*")
    assert first in errors
    assert second in errors
    with sqlite3.connect("warehouse.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM forecast").fetchone() == (0,)
    assert not list(Path().glob("river*"))


def test_a_store_that_is_not_there_is_not_made(enstorage):
    status, _, errors = enstorage("deliver", "model", 1, "file", "path=river.csv", "--store", "nowhere")
    assert (status, "There is no store in" in errors) == (1, True)
    assert not Path("river.csv").exists()
    assert not Path("nowhere").exists()
