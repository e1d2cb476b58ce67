"""Every long call takes the same `progress`, tells how far it is, and can be stopped from there without a trace."""

import inspect
import shutil
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sqlalchemy import select

import endirector
import enstorage
import entrainer
from enstorage import Connector, DataSnapshot, DataSource, Ensemble, Model, Project, Research, progress
from enstorage.adapter import Window
from enstorage.entity import ENTITIES
from enstorage.entity._object_columns import referred_to
from enstorage.errors import CancelledError
from enstorage.sources import CsvLoader
from entrainer.networks import TLFN, Estimator

QUICK = entrainer.Training(epochs=3)
MEMBERS, WAITING, NETWORKS = "members", "waiting", "networks"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The folder of a store with something of everything, and a bundle of its project beside it."""
    folder = tmp_path_factory.mktemp("long")
    with Connector.in_folder(folder / "store") as store:
        source = DataSource(name="Sun", time_interval="1y").save()
        years = np.arange(60)
        times = (years - 270).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
        source.write(times, 50 + 40 * np.sin(years * 2 * np.pi / 11) + 0.1 * years)
        preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
        data_sets = [preparation.create_set(Window(lag)) for lag in (2, 3)]
        project = Project(name="Sun", data_source=source).save()
        names = {MEMBERS: Estimator("Ridge"), WAITING: Estimator("Ridge"), NETWORKS: TLFN(hidden=(3,))}
        for name, network in names.items():
            research = project.create_research(name, preparation)
            for data_set in data_sets:
                research.create_model(f"{name} {data_set.id}", network).data_set(data_set)
        members = named(MEMBERS)
        entrainer.fit(members, QUICK, progress=False)
        entrainer.backtest(members, QUICK, folds=2, progress=False)
        ensemble = project.create_ensemble("weighted_voting", models=members, name="rendered")
        endirector.Conductor(ensemble).render(progress=False)
        # A member that has an object, and no forecasts yet.
        unpredicted = project.researches()[0].create_model("unpredicted")
        unpredicted.data_set(data_sets[0])
        unpredicted.save_object(Ridge().fit(*data_sets[0].arrays("train")[1:]))
        project.create_ensemble("voting", models=[*members, unpredicted], name="new")
        enstorage.export_project(project, folder / "sun.enz")
        enstorage.backup_store(folder / "sun.backup")
        store.objects.put(b"garbage")
    store.close()
    return folder


def named(research):
    return next(each for each in Research.get_list() if each.name == research).models()


def ensemble_named(name):
    return next(each for each in Ensemble.get_list() if each.name == name)


def write(folder, progress):
    (folder / "new.csv").write_text("time,value\n" + "".join(f"{year},1.5\n" for year in range(1800, 1830)))
    return DataSource.get(1).write(folder / "new.csv", progress=progress)


def import_lines(folder, progress):
    (folder / "new.txt").write_text("data_source,mysql_id=1 value=0.5 1422568543702900257\n")
    return DataSource.get(1).import_lines(folder / "new.txt", progress=progress)


def load(folder, progress):
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text("time,value\n2024-01-01,1\n2024-01-02,2\n")
    return enstorage.load(CsvLoader(str(folder / "?.csv")), "Meters", snapshot=True, progress=progress)


def write_all(folder, progress):
    sources = [DataSource(name=str(number), time_interval="1y") for number in range(3)]
    return enstorage.write_all(sources, [(["1800", "1801"], [1.0, 2.0])] * 3, progress=progress)


def import_bundle(folder, progress):
    with Connector.in_folder(folder / "other") as other:
        try:
            return enstorage.import_bundle(folder / "sun.enz", other, progress=progress)
        finally:
            other.close()


def backup(folder, progress):
    return enstorage.backup_store(folder / "store.backup", overwrite=True, progress=progress)


def restore(folder, progress):
    """Restore into the same place, which holds nothing if the call was stopped."""
    shutil.rmtree(folder / "other", ignore_errors=True)
    with Connector.in_folder(folder / "other") as other:
        try:
            return enstorage.restore_store(folder / "sun.backup", other, progress=progress)
        finally:
            other.close()


def understand(folder, progress):
    (folder / "new.csv").write_text("month,sold\n" + "".join(f"2020-{month:02},1.5\n" for month in range(1, 13)))
    return endirector.understand(folder / "new.csv", progress=progress)


def tune(folder, progress):
    def propose(trial):
        network = TLFN(hidden=(trial.suggest_int("units", 2, 3),))
        return entrainer.Proposal(network, named(NETWORKS)[0].data_set(), QUICK)

    return entrainer.tune(Research.get(1), propose, 2, at_once=1, progress=progress)


def report(folder, progress):
    return endirector.report(ensemble_named("rendered"), folder / "report.html", progress=progress)


CALLS = {
    "DataSource.write": write,
    "DataSource.import_lines": import_lines,
    "write_all": write_all,
    "load": load,
    "create_snapshots": lambda folder, progress: enstorage.create_snapshots(DataSource.get_list(), progress=progress),
    "create_preparations": lambda folder, progress: enstorage.create_preparations(
        DataSnapshot.get_list(), progress=progress
    ),
    "check": lambda folder, progress: enstorage.check(notes=True, progress=progress),
    "export_project": lambda folder, progress: enstorage.export_project(
        Project.get(1), folder / "export.enz", overwrite=True, progress=progress
    ),
    "import_bundle": import_bundle,
    "backup_store": backup,
    "restore_store": restore,
    "understand": understand,
    "Conductor.render": lambda folder, progress: endirector.Conductor(ensemble_named("new")).render(progress=progress),
    "Conductor.verify": lambda folder, progress: endirector.Conductor(ensemble_named("rendered")).verify(
        progress=progress
    ),
    "form": lambda folder, progress: endirector.form(
        Project.get(1), named(MEMBERS)[:2], ["voting", "greedy"], progress=progress
    ),
    "calibrate": lambda folder, progress: endirector.calibrate(
        ensemble_named("rendered"), (0.5,), horizon=2, progress=progress
    ),
    "forecast of an ensemble": lambda folder, progress: endirector.forecast(
        ensemble_named("rendered"), 2, levels=(0.5,), progress=progress
    ),
    "contributions": lambda folder, progress: endirector.contributions(
        ensemble_named("rendered"), 2, progress=progress
    ),
    "diagnose": lambda folder, progress: endirector.diagnose(ensemble_named("rendered"), progress=progress),
    "report": report,
    "remake of an ensemble": lambda folder, progress: endirector.remake(ensemble_named("rendered"), progress=progress),
    "remake of models": lambda folder, progress: entrainer.remake(named(MEMBERS)[:2], progress=progress),
}

#: Those that keep what is finished when they are stopped.
KEEPING = {
    "fit estimators": lambda folder, progress: entrainer.fit(named(WAITING), progress=progress),
    "fit networks": lambda folder, progress: entrainer.fit(named(NETWORKS), QUICK, progress=progress),
    "backtest": lambda folder, progress: entrainer.backtest(
        named(WAITING) + named(NETWORKS), QUICK, folds=2, progress=progress
    ),
    "tune": tune,
    "gc": lambda folder, progress: enstorage.gc(delete=True, grace=timedelta(0), progress=progress),
}


#: Where others are stopped, which leave finished members or the points that they were given.
ELSEWHERE = {
    "autoforecast": "tests/endirector/test_autoforecast.py",
    "AutoForecast.update": "tests/endirector/test_autoforecast_update.py",
    "AutoForecast.report": "tests/endirector/test_page_of_forecasts.py",
}


def public_long_calls():
    """The names of all public functions and methods that take `progress`."""
    for package in (enstorage, entrainer, endirector):
        for name in package.__all__:
            thing = getattr(package, name)
            parts = inspect.getmembers(thing, inspect.isfunction) if inspect.isclass(thing) else [("", thing)]
            for part, function in parts:
                is_public = inspect.isroutine(function) and not part.startswith("_")
                if is_public and "progress" in inspect.signature(function).parameters:
                    yield f"{name}.{part}".rstrip(".")


def test_every_long_call_is_stopped_in_a_test():
    tested = {name.split()[0] for name in (*CALLS, *KEEPING, *ELSEWHERE)}
    assert tested == set(public_long_calls())
    for name, place in ELSEWHERE.items():
        assert "CancelledError" in (Path(__file__).parents[2] / place).read_text(), name


class Listener:
    """Keeps what it is told, and at its n-th call asks to stop, or is interrupted as by Ctrl-C."""

    def __init__(self, at=None, interrupt=False):
        self.told, self.at, self.interrupt = [], at, interrupt

    def __call__(self, what, done, total):
        self.told.append((what, done, total))
        if self.at is not None and len(self.told) == self.at:
            if self.interrupt:
                raise KeyboardInterrupt
            return True
        return None


@pytest.fixture
def copied(kept, tmp_path, monkeypatch):
    """A function that copies the folder and opens its store; every step of the work is told."""
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.0)
    opened = []

    def copy():
        folder = tmp_path / str(len(opened))
        shutil.copytree(kept, folder)
        opened.append(Connector.in_folder(folder / "store"))
        return folder, opened[-1]

    yield copy
    for store in opened:
        store.close()


def everything(store):
    """All rows, all points and all objects."""
    with store.database.reading() as session:
        rows = {
            entity.__name__: [tuple(row) for row in session.execute(select(entity.__table__).order_by(entity.id))]
            for entity in ENTITIES
        }
        hashes = set(store.objects.hashes())
        referred = referred_to(session, hashes)
    points = {source: store.series.read(source)[1].tolist() for source in sorted(store.series.sources())}
    return {"rows": rows, "points": points, "objects": hashes, "referred": referred}


def everything_of_other(folder):
    """The same of the store that a bundle is imported into."""
    with Connector.in_folder(folder / "other") as other:
        found = everything(other)
        other.close()
    return found


def check_told(told):
    assert all(what for what, _, _ in told)
    assert len({total for _, _, total in told}) == 1
    assert all(before[1] <= after[1] for before, after in pairwise(told))
    assert told[0][1] == 0
    assert told[-1][1] == told[-1][2]


def ways_to_stop(told):
    """Ask to stop at the first call and at the last; interrupt, as Ctrl-C does, in the middle."""
    middle = (len(told) + 1) // 2
    return [(1, False, CancelledError), (middle, True, KeyboardInterrupt), (len(told), False, CancelledError)]


@pytest.mark.others_long
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_long_call_tells_how_far_it_is_and_is_stopped_without_a_trace(call, copied):
    folder, store = copied()
    stopped_folder, stopped = copied()
    with store:
        whole = Listener()
        call(folder, whole)
        check_told(whole.told)
        for shown in (True, False):
            call(folder, shown)
    with stopped:
        before, other = everything(stopped), everything_of_other(stopped_folder)
        files = None
        for at, interrupt, error in ways_to_stop(whole.told):
            with pytest.raises(error):
                call(stopped_folder, Listener(at, interrupt))
            assert everything(stopped) == before
            assert everything_of_other(stopped_folder) == other
            files = files or sorted(each.name for each in stopped_folder.iterdir())
            assert sorted(each.name for each in stopped_folder.iterdir()) == files
            assert not {"report.html", "export.enz", "store.backup"} & set(files)


@pytest.mark.others_long
@pytest.mark.parametrize("call", KEEPING.values(), ids=KEEPING.keys())
def test_a_call_that_keeps_what_is_finished_is_stopped_with_whole_members_only(call, copied):
    folder, store = copied()
    with store:
        whole = Listener()
        call(folder, whole)
        check_told(whole.told)
        call(folder, True)
    for at, interrupt, error in ways_to_stop(whole.told):
        folder, store = copied()
        with store:
            before = everything(store)
            with pytest.raises(error):
                call(folder, Listener(at, interrupt))
            after = everything(store)
            if at == 1:
                assert after == before
            check_kept(before, after)
    with store:
        call(folder, False)  # goes on, or begins anew


def check_kept(before, after):
    """Of each model everything or nothing new; beside that nothing changed."""
    assert after["points"] == before["points"]
    assert before["referred"] <= after["referred"]
    assert after["objects"] - before["objects"] == after["referred"] - before["referred"]
    for entity in ("DataSource", "DataSnapshot", "DataPreparation", "DataSet", "Project", "Ensemble"):
        assert after["rows"][entity] == before["rows"][entity]
    for model in Model.get_list():
        facts = model.metas()
        if "training" in facts:
            assert model.object_sha256 is not None
            assert model.has_forecasts()
            assert facts["stopped"] in (None, "interrupted")
        if "backtest" in facts:
            assert model.forecasts("out_of_fold").height
