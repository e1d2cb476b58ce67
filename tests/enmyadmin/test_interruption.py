"""Ctrl-C on the command line: one line that says what is kept, and the exit status that shells know."""

import json
import os
import signal
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest

from enmyadmin.interruption import Interrupted, interruptible
from enstorage import Connector, DataSource, Project
from enstorage.adapter import Window
from entrainer.networks import SimpleRNN

DATABASE = "enstorage-data/enstorage.sqlite"


def interrupt_when_it_learns():
    """Press Ctrl-C soon after a curve is in the store, when the next epochs are computed."""
    with closing(sqlite3.connect(DATABASE)) as database:
        while not stopping.wait(0.02):
            if database.execute("SELECT count(*) FROM model_curve").fetchone()[0]:
                stopping.wait(0.2)
                os.kill(os.getpid(), signal.SIGINT)
                return


stopping = threading.Event()


@pytest.fixture(autouse=True)
def interrupts():
    """A shell that runs the tests in the background has interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def untrained(enstorage):
    """A model with a data set, in the current folder."""
    with closing(Connector.in_folder("enstorage-data")):
        source = DataSource(name="s", time_interval="1y").save()
        source.write([f"{year}-01-01" for year in range(1950, 2010)], np.sin(np.arange(60.0)))
        preparation = source.create_snapshot().create_preparation()
        research = Project(name="p", data_source=source).create_research("r")
        research.create_model("wave", SimpleRNN(units=(2,))).data_set(preparation.create_set(Window(3)))


@pytest.mark.slow
def test_a_stopped_fit_says_which_models_it_keeps(enstorage, untrained):
    watcher = threading.Thread(target=interrupt_when_it_learns)
    watcher.start()
    try:
        status, output, errors = enstorage("fit", "wave", "--epochs", 100_000, "--quiet")
    finally:
        stopping.set()
        watcher.join()
    facts = json.loads(enstorage("show", "model", "wave", "--json")[1])["meta"]
    assert (status, output) == (130, "")
    assert errors == f"Stopped. Kept: model 1 (wave), stopped at epoch {facts['epochs']}.\n"


def test_any_command_stops_without_a_trace_of_calls():
    @interruptible
    def command():
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match=r"^Stopped\. Unfinished work was not stored\.$"):
        command()
