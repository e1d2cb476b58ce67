"""Lists of models that several processes train."""

import multiprocessing
import sqlite3
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.fitting.claims import CLAIM, taken_in_turn
from entrainer.fitting.job import jobs_of
from entrainer.networks import MLP, PaperLSTM

pytestmark = pytest.mark.slow

QUICK = entrainer.Training(epochs=2)


@pytest.fixture
def models(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0, 0.3)
    research = enstorage.Project(name="Sun", data_source=sunspots).save().create_research("Networks", preparation)
    made = []
    for units in (3, 4, 5):
        network = MLP(hidden=(units,), dropout=0.0, last_activation="linear")
        made.append(research.create_model(f"{units} units", network))
        made[-1].data_set(preparation.create_set(Window(4)))
    return made


@pytest.mark.long
def test_what_is_trained_already_is_left_as_it_is(models):
    entrainer.fit(models[:2], QUICK, progress=False)
    before = [model.meta("seconds") for model in models[:2]]
    entrainer.fit(models, QUICK, share=True, progress=False)
    assert [model.meta("seconds") for model in models[:2]] == before
    assert models[2].has_forecasts()
    assert models[2].meta(CLAIM) is None
    entrainer.fit(models, entrainer.Training(epochs=3), share=True, progress=False)
    assert [model.meta("epochs") for model in models] == [3, 3, 3]


@pytest.mark.long
def test_what_another_process_trains_is_waited_for_until_it_is_given_up(models, monkeypatch):
    monkeypatch.setattr("entrainer.fitting.claims._LOOKED_EVERY_SECONDS", 0.01)
    until = datetime.now(UTC) + timedelta(seconds=1)
    models[0].meta(CLAIM, {"by": "a process that was killed", "until": until.isoformat()})
    entrainer.fit(models, QUICK, share=True, progress=False)
    assert all(model.has_forecasts() for model in models)
    assert datetime.now(UTC) > until


def test_a_claim_outlives_a_database_that_is_away_for_a_moment(models, store, monkeypatch):
    monkeypatch.setattr("entrainer.fitting.claims._RENEWED_EVERY_SECONDS", 0.05)
    jobs = jobs_of(models[:1], QUICK, 0, None)
    database = sqlite3.connect(store.settings.database.removeprefix("sqlite:///"))
    turns = taken_in_turn(jobs, 1)
    next(turns)
    first = models[0].meta(CLAIM)["until"]
    database.execute("ALTER TABLE model_meta RENAME TO away")
    time.sleep(0.5)
    database.execute("ALTER TABLE away RENAME TO model_meta")
    database.close()
    time.sleep(0.5)
    assert (
        enstorage.Model.get(models[0].id).meta(CLAIM)["until"]
        > (datetime.fromisoformat(first) + timedelta(seconds=0.6)).isoformat()
    )
    turns.close()
    assert enstorage.Model.get(models[0].id).meta(CLAIM) is None


@pytest.mark.long
def test_the_processes_of_an_executor_train_as_one_would(models, tmp_path):
    context, runs = multiprocessing.get_context("spawn"), tmp_path / "runs"
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        entrainer.fit(models, QUICK, seeds=[1, 2, 3], executor=executor, progress=False, tensorboard=runs)
    assert sorted(int(run.name.partition("_")[0]) for run in runs.iterdir()) == [model.id for model in models]
    losses = [model.meta("loss") for model in models]
    assert all(model.has_forecasts() for model in models)
    entrainer.fit(models, QUICK, seeds=[1, 2, 3], progress=False)
    np.testing.assert_allclose(losses, [model.meta("loss") for model in models], rtol=1e-4)


def test_a_store_in_memory_cannot_be_spread():
    with enstorage.Connector("sqlite:///:memory:", "memory:", "memory://nobody-elses") as connector:
        source = enstorage.DataSource(name="s", time_interval="1h").save()
        source.write(np.arange(40) * 3600 * 10**9, np.sin(np.arange(40)))
        preparation = source.create_snapshot().create_preparation()
        research = enstorage.Project(name="p", data_source=source).create_research("r", preparation)
        model = research.create_model("m", PaperLSTM(units=(3, 3)))
        model.data_set(preparation.create_set(Window(3)))
        with (
            ProcessPoolExecutor(1) as executor,
            pytest.raises(InvalidInputError, match="is in the memory of this process"),
        ):
            entrainer.fit(model, QUICK, executor=executor, progress=False)
    connector.close()


@pytest.mark.long
def test_the_workers_of_a_dask_cluster_train_as_one_process_would(models):
    from distributed import Client, LocalCluster

    pair = models[:2]  # of two kinds: one for each worker
    with (
        LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        entrainer.fit(pair, QUICK, seeds=[1, 2], executor=client.get_executor(), progress=False)
    spread = [model.load_object().get_weights() for model in pair]
    assert all(model.has_forecasts() for model in pair)
    entrainer.fit(pair, QUICK, seeds=[1, 2], progress=False)
    for model, weights in zip(pair, spread, strict=True):
        for one, other in zip(weights, model.load_object().get_weights(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
