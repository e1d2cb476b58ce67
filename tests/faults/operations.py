"""The writing operations that are killed, and what a store must hold of each afterwards.

Each is done again and again with a number that decides its content: so what has to be there follows from the numbers of
those that were done. To add one, add it to `OPERATIONS`.
"""

import io
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from unittest import mock

import numpy as np
from kept import DAY, GAP, PARTS, ROWS, estimator_of, values_of
from sqlalchemy import text

import enstorage
from endirector import Conductor
from enmyadmin.arguments.table import TableArguments
from enmyadmin.commands.data.points import import_csv
from enstorage import Connector, DataSet, DataSource, Ensemble, Forecast, Model, Project, Research
from enstorage.adapter import Window

_BLOCK = 50
_OLD_STORE = Path(__file__).parents[1] / "upgrade" / "schema-0001.tar.gz"


@dataclass(frozen=True)
class Operation:
    """A way of writing to the current store; `OPERATIONS` has them by name.

    Attributes:
        do: does it, for a number.
        there: what the store has of it, by number; it is given the numbers that were begun, and leaves out those of which
            nothing is there. By default nothing can be seen of it: then what was in the store must be all.
        content: what has to be there of a number that is done.
        before: makes what the operation needs; it does not belong to the operation.
        around: what a process is inside of as long as it does the operation.
        replaces: whether the content takes the place of that of the number before.
        gathers: whether what was done in the last second may be lost.
        opens: whether `there` has to open a store, and so to write.
        pause_seconds: between two.
        databases: the kinds it can be done on.
    """

    do: Callable[[int], object]
    there: Callable[[list[int]], dict[int, object]] = dict.fromkeys
    content: Callable[[int], object] = lambda number: None
    before: Callable[[int], object] = lambda number: None
    around: Callable[[], AbstractContextManager] = nullcontext
    replaces: bool = False
    gathers: bool = False
    opens: bool = False
    pause_seconds: float = 0
    databases: tuple[str, ...] = ("sqlite", "mariadb", "postgresql")


def one(entity, name):
    """The record of that name."""
    (found,) = entity.find(f"name = '{name}'")
    return found


def numbered(entity, word):
    """The records called `word 1`, `word 2` …, by their numbers."""
    return {int(record.name.split()[-1]): record for record in entity.find(f"name LIKE '{word} %'")}


def place():
    """The folder of the store."""
    return Path(Connector.current().settings.objects.removeprefix("file:")).parent


@lru_cache(maxsize=4)
def _model(connector, name):
    """Looked up once: every look-up would write what has gathered."""
    return one(Model, name)


def facts_model():
    return _model(Connector.current(), "facts")


def curves_model():
    return _model(Connector.current(), "curves")


# Records.


def save(n):
    DataSource(name=f"save {n}", unit=f"unit {n}", description="text " * n).save()


def saved(begun):
    return {n: (record.unit, record.description) for n, record in numbered(DataSource, "save").items()}


def change(n):
    record = one(DataSource, "other")
    record.unit, record.description, record.tags["number"] = f"unit {n}", f"change {n}", n
    record.save()


def changed(begun):
    record = one(DataSource, "other")
    return {record.tags["number"]: (record.unit, record.description)} if "number" in record.tags else {}


def save_many(n):
    source = one(DataSource, "subject")
    enstorage.save_all([Project(name=f"many {part} {n}", data_source=source) for part in range(20)])


def saved_many(begun):
    numbers = [int(record.name.split()[-1]) for record in Project.find("name LIKE 'many %'")]
    return {n: numbers.count(n) for n in numbers}


def join(n):
    name = f"joined {n}"
    with Connector.current().transaction():
        source = DataSource(name=name).save()
        source.write(times_of(n), values_of_block(n))
        model = Project(name=name, data_source=source).create_research(name).create_model(name)
        model.metas({"a": n, "b": -n})


def joined(begun):
    found = [numbered(entity, "joined") for entity in (DataSource, Project, Research, Model)]
    points = {n: source.read()[1].tolist() for n, source in found[0].items()}
    facts = {n: model.metas() for n, model in found[-1].items()}
    return {n: [n in records for records in found] + [points.get(n), facts.get(n)] for n in set().union(*found)}


# Facts and curves.


def fact(word):
    found = facts_model().metas()
    return {int(key.split()[1]): value for key, value in found.items() if key.startswith(word)}


def record_facts(n):
    facts_model().metas({f"many {n} {part}": n + part for part in range(10)})


def recorded_facts(begun):
    values = {}
    for key, value in facts_model().metas().items():
        if key.startswith("many"):
            values.setdefault(int(key.split()[1]), []).append(value)
    return {n: sorted(each) for n, each in values.items()}


def curves(begun):
    return {row["step"]: (row["loss"], row["error"]) for row in curves_model().curves().rows(named=True)}


# Points.


def times_of(n):
    return (np.arange(_BLOCK) + n * _BLOCK) * DAY


def values_of_block(n):
    return [n + 0.5] * _BLOCK


def write(n, name="blocks"):
    one(DataSource, name).write(times_of(n), values_of_block(n))


def blocks(begun, name="blocks"):
    times, values = one(DataSource, name).read()
    number = times // DAY // _BLOCK
    return {int(n): values[number == n].tolist() for n in np.unique(number)}


def delete_points(n):
    one(DataSource, "thinned").delete_points(times_of(n)[0], times_of(n)[-1] + 1)


def points_deleted(begun):
    left = blocks(begun, "thinned")
    return {n: left.get(n, "gone") for n in begun if left.get(n) != values_of_block(n)}


def compact(n):
    Connector.current().series.compact()


def compacted(begun):
    found = blocks(begun, "compacted")
    assert found == {n: values_of_block(n) for n in found.keys() | set(begun)}
    return dict.fromkeys(begun)


def file_to_import(n):
    lines = [f"{2000 + year}-01-01,{n + 0.5}" for year in range(_BLOCK)]
    (place() / f"import {n}.csv").write_text("\n".join(["time,value", *lines]))


def import_file(n):
    settings = Connector.current().settings._asdict()
    environment = {f"ENSTORAGE_{name.upper()}": url for name, url in settings.items()}
    with mock.patch.dict(os.environ, environment), redirect_stdout(io.StringIO()):
        import_csv(place() / f"import {n}.csv", TableArguments())


def imported(begun):
    return {n: source.read()[1].tolist() for n, source in numbered(DataSource, "import").items()}


# From the source to the data set.


def new_value(n):
    one(DataSource, "subject").write([0], [float(n)])


def first_snapshot():
    return one(DataSource, "subject").snapshots()[0]


def take_snapshot(n):
    one(DataSource, "subject").create_snapshot(str(n))


def snapshots(begun):
    later = one(DataSource, "subject").snapshots()[1:]
    return {int(each.description): each.read()[1][:GAP].tolist() for each in later}


def snapshot_of(n):
    return [float(n), *values_of(0)[1:GAP].tolist()]


def prepare(n):
    first_snapshot().create_preparation(f"constant({n})", "none", 0.6, 0.2, 0.2, description=str(n))


def prepared(begun):
    later = first_snapshot().preparations()[1:]
    return {int(each.description): each.table()["value"].to_list() for each in later}


def filled(n):
    values = values_of(0)
    values[GAP] = n
    return values.tolist()


def lag_of(n):
    return 1 + n % 20


def make_set(n):
    first_snapshot().preparations()[0].create_set(Window(lag_of(n)), name=f"set {n}")


def sets(begun):
    """Ids, features and targets; None for a target that was not measured."""
    return {
        n: [np.where(np.isnan(array), None, array).tolist() for array in made.arrays()]
        for n, made in numbered(DataSet, "set").items()
    }


def samples_of(n):
    lag, values = lag_of(n), np.array(filled(0))
    features = np.lib.stride_tricks.sliding_window_view(values[:-1], lag)
    targets = [None if row == GAP else float(values[row]) for row in range(lag, ROWS)]
    return [(np.arange(lag, ROWS) * DAY).tolist(), features.tolist(), targets]


# Models and ensembles.


def save_object(n):
    one(Model, "objects").save_object(estimator_of(n))


def objects(begun):
    model = one(Model, "objects")
    coefficients = [] if model.object_sha256 is None else [model.load_object().coef_.tolist()]
    return {int(each[0]): each for each in coefficients}


def save_forecasts(n):
    one(Model, "objects").save_forecasts("test", np.arange(5) * DAY, np.arange(5.0) + n)


def forecasts(begun):
    tables = [each.table()["value"].to_list() for each in Forecast.of(one(Model, "objects"), "test")]
    assert len(tables) <= 1
    return {int(values[0]): values for values in tables}


def create_ensemble(n, word="ensemble"):
    members = [one(Model, f"subject {member}") for member in range(3)]
    one(Project, "subject").create_ensemble("blending", "LinearRegression", models=members, name=f"{word} {n}")


def ensembles(begun):
    return {n: [model.name for model in made.models()] for n, made in numbered(Ensemble, "ensemble").items()}


def render(n):
    Conductor(one(Ensemble, f"render {n}")).render()


def rendered(begun):
    found = {}
    for n, made in numbered(Ensemble, "render").items():
        pieces = {
            made.result is not None,
            made.rendered_at is not None,
            made.data_csv_id is not None and made.table().height > 40,
            made.object_sha256 is not None and made.load_metamodel().coef_.shape == (3,),
            {each.part for each in Forecast.of(made)} == set(PARTS),
            *("weight" in item.properties for item in made.items()),
        }
        if True in pieces:
            found[n] = pieces
    return found


# Deleting.


def tree_to_delete(n):
    project = Project(name=f"delete {n}", data_source=one(DataSource, "subject")).save()
    research = project.create_research(f"delete {n}")
    for model in (models := [research.create_model(f"delete {n}{part} {n}") for part in range(2)]):
        model.meta("fact", n)
        model.save_object(estimator_of(n))
        model.save_forecasts("test", np.arange(5) * DAY, np.arange(5.0) + n)
    project.create_ensemble("voting", models=models, name=f"delete {n}")


def delete(n):
    one(Project, f"delete {n}").delete(cascade=True)


def deleted(begun):
    names = [
        record.name for entity in (Project, Research, Model, Ensemble) for record in entity.find("name LIKE 'del%'")
    ]
    left = {n: sum(name.split()[-1] == str(n) for name in names) for n in begun}
    return {n: count for n, count in left.items() if count < 5}


def source_to_delete(n):
    for leftover in DataSource.find(f"name = 'doomed {n}'"):  # of a process that was killed while it made ready
        leftover.delete(cascade=True)
    source = DataSource(name=f"doomed {n}")
    source.write(times_of(n), values_of_block(n))
    return source


def delete_source(n):
    one(DataSource, f"doomed {n}").delete()


def sources_deleted(begun):
    left = {n: source.read()[1].tolist() for n, source in numbered(DataSource, "doomed").items()}
    return {n: left.get(n, "gone") for n in begun if left.get(n) != values_of_block(n)}


# Whole stores.


def collect(n):
    enstorage.gc(delete=True, grace=timedelta(0))


def garbage(n):
    """An object that no record refers to, and points that were replaced."""
    for step in range(2):
        one(Model, "objects").save_object(estimator_of(2 * n + step))
        write(n, "compacted")


def bundle(n):
    """A file that holds a project that is not in the store."""
    source = source_to_delete(n)
    preparation = source.create_snapshot().create_preparation()
    project = Project(name=f"bundle {n}", data_source=source).save()
    model = project.create_research("bundle", preparation).create_model(f"bundle {n}")
    model.meta("number", n)
    model.save_object(estimator_of(n))
    enstorage.export_project(project, place() / f"bundle {n}.zip")
    project.delete(cascade=True)
    source.delete(cascade=True)


def imported_bundles(begun):
    found = numbered(Project, "bundle")
    models = numbered(Model, "bundle")
    points = {n: source.read()[1].tolist() for n, source in numbered(DataSource, "doomed").items() if n in begun}
    numbers = {n for n in found.keys() | models.keys() | points.keys() if n in begun}
    return {n: [n in found, n in models and models[n].meta("number"), points.get(n)] for n in numbers}


def another_database(n):
    """An empty database beside that of the store."""
    url = Connector.current().database.url
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{place()}/made {n}/enstorage.sqlite"
    return url.set(database=f"{url.database}_{n}").render_as_string(hide_password=False)


def database_to_open(n):
    engine = Connector.current().database.engine
    if engine.dialect.name != "sqlite":
        options = {"isolation_level": "AUTOCOMMIT", "enstorage_reading": True}
        with engine.connect().execution_options(**options) as connection:
            connection.execute(text(f"CREATE DATABASE {engine.url.database}_{n}"))


def open_another(n):
    return Connector(another_database(n), f"delta:{place()}/made {n}/series", f"file:{place()}/made {n}/objects")


def opened(begun):
    found = dict.fromkeys(begun, True)
    for n in begun[-2:]:
        with open_another(n) as made:
            DataSource(name="it works").write([0], [1.0])
            found[n] = enstorage.check() == [] and DataSource.get(1).read()[1].tolist() == [1.0]
        made.close()
    return found


def old_store(n):
    shutil.unpack_archive(_OLD_STORE, place() / f"old {n}")


def upgrade(n):
    return Connector.in_folder(place() / f"old {n}" / "store", upgrade=True)


def upgraded(begun):
    found = {n: ["lag 3", "lag 5"] for n in begun}
    for n in begun[-2:]:
        with upgrade(n) as old:
            found[n] = [model.name for model in Model.get_list()] + enstorage.check()
        old.close()
    return found


OPERATIONS = {
    "save": Operation(save, saved, lambda n: (f"unit {n}", "text " * n)),
    "save a change": Operation(change, changed, lambda n: (f"unit {n}", f"change {n}"), replaces=True),
    "save_all": Operation(save_many, saved_many, lambda n: 20),
    "transaction": Operation(join, joined, lambda n: [*[True] * 4, values_of_block(n), {"a": n, "b": -n}]),
    "meta": Operation(lambda n: facts_model().meta(f"one {n}", n), lambda begun: fact("one"), lambda n: n),
    "metas": Operation(record_facts, recorded_facts, lambda n: list(range(n, n + 10))),
    "meta, buffered": Operation(
        lambda n: facts_model().meta(f"buffered {n}", n), lambda begun: fact("buffered"), lambda n: n,
        around=lambda: Connector.current().buffered(), gathers=True, pause_seconds=0.02,
    ),
    "log": Operation(
        lambda n: curves_model().log(n, loss=n + 0.5, error=-n), curves, lambda n: (n + 0.5, -n),
        gathers=True, pause_seconds=0.02,
    ),
    "write": Operation(write, blocks, values_of_block),
    "delete_points": Operation(
        delete_points, points_deleted, lambda n: "gone", before=lambda n: write(n, "thinned")
    ),
    "compact": Operation(compact, compacted, before=lambda n: write(n, "compacted")),
    "import-csv": Operation(import_file, imported, values_of_block, before=file_to_import),
    "create_snapshot": Operation(take_snapshot, snapshots, snapshot_of, before=new_value),
    "create_preparation": Operation(prepare, prepared, filled),
    "create_set": Operation(make_set, sets, samples_of),
    "save_object": Operation(save_object, objects, lambda n: [n, n + 1, n + 2], replaces=True),
    "save_forecasts": Operation(save_forecasts, forecasts, lambda n: [n, n + 1, n + 2, n + 3, n + 4], replaces=True),
    "create_ensemble": Operation(create_ensemble, ensembles, lambda n: ["subject 0", "subject 1", "subject 2"]),
    "render": Operation(render, rendered, lambda n: {True}, before=lambda n: create_ensemble(n, "render")),
    "delete": Operation(delete, deleted, lambda n: 0, before=tree_to_delete),
    "delete a source": Operation(delete_source, sources_deleted, lambda n: "gone", before=source_to_delete),
    "gc": Operation(collect, before=garbage),
    "import_bundle": Operation(
        lambda n: enstorage.import_bundle(place() / f"bundle {n}.zip"), imported_bundles,
        lambda n: [True, n, values_of_block(n)], before=bundle,
    ),
    "open an empty store": Operation(
        lambda n: open_another(n).close(), opened, lambda n: True, before=database_to_open, opens=True
    ),
    "upgrade an old store": Operation(
        lambda n: upgrade(n).close(), upgraded, lambda n: ["lag 3", "lag 5"],
        before=old_store, opens=True, databases=("sqlite",),
    ),
}  # fmt: skip
