"""A server as people start it, the store that it shows, and waiting for its pages."""

import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
from playwright.sync_api import expect

import endirector
import enorchestrator
import entrainer
from enstorage import Connector, DataSource, Ensemble, Model, Project
from enstorage.adapter import Window
from entrainer.networks import Estimator

YEARS = 120
MILLION = 1_000_000

expect.set_options(timeout=20_000)


class Served:
    """A program `enstorage serve` over a store."""

    def __init__(self, store):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.store = store
        self.start()

    def start(self):
        """Start it; its link logs a browser in."""
        command = [sys.executable, "-m", "enstorage", "serve", "--store", str(self.store), "--port", str(self.port)]
        self.program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.program.stdout:
            if found := re.search(r"http://\S+", line):
                self.link = found[0]
                self.origin = self.link.partition("/?")[0]
                return
        raise RuntimeError("The server ended before it printed its link.")

    def kill(self):
        """End it without a warning."""
        self.program.send_signal(signal.SIGKILL)
        self.program.wait()

    def stop(self):
        """End it as Ctrl-C does."""
        self.program.send_signal(signal.SIGINT)
        try:
            self.program.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def series():
    """A cycle of eleven years, with noise: `(times, values)`."""
    random = np.random.default_rng(0)
    years = np.arange(1880, 1880 + YEARS)
    values = 60 + 50 * np.sin(2 * np.pi * years / 11) + random.normal(0, 6, YEARS)
    return np.array([f"{year}-01-01" for year in years], dtype="datetime64[ns]"), values.round(2)


def fill(folder):
    """The store that most tests look at: one series, three models, one ensemble."""
    times, values = series()
    with Connector.in_folder(folder):
        source = DataSource(name="Solar activity", time_interval="1y", unit="sunspots").save()
        source.write(times, values)
        preparation = source.create_snapshot().create_preparation("forward", "minmax", 0.7, 0.0, 0.3)
        project = Project(name="Solar activity", data_source=source, description="Sunspots, **by year**.").save()
        research = project.create_research("Linear models", preparation)
        models = []
        for lag in (3, 7, 13):
            models.append(research.create_model(f"Ridge lag {lag}", Estimator("Ridge")))
            models[-1].data_set(preparation.create_set(Window(lag)))
        entrainer.fit(models, progress=False)
        endirector.Conductor(project.create_ensemble("blending", "LinearRegression", models=models)).render()


NIGHTLY = {
    "name": "nightly",
    "parameters": {"hours": {"type": "number", "default": 48}},
    "steps": {"check": {"kind": "check"}, "sweep": {"kind": "gc", "needs": ["check"]}},
}


def fill_pipelines(folder):
    """A pipeline with a run and a schedule."""
    with Connector.in_folder(folder):
        enorchestrator.save_pipeline(enorchestrator.PipelineDefinition.read(NIGHTLY))
        enorchestrator.create_schedule("each night", "nightly", "30 2 * * *")
        enorchestrator.run_pipeline("nightly")


def fill_registry(folder):
    """A registered model with its ensemble in production, and one of the members beside it."""
    with Connector.in_folder(folder):
        enorchestrator.create_registered("solar", description="A year ahead", gates={"limits": {"mae": 30}})
        enorchestrator.register("solar", Ensemble.get(1), created_by="ann", progress=False)
        enorchestrator.promote("solar", 1, remark="first release", changed_by="rita")
        enorchestrator.register("solar", Model.get(1), created_by="bob", progress=False)
        gates = {"limits": {"mae": 30}, "floors": [{"by": "series", "limit": 1}], "challenge": "better"}
        enorchestrator.change_registered("solar", gates=gates)
        enorchestrator.evaluate("solar", 2, progress=False)


def fill_long(folder):
    """A source of a million points."""
    with Connector.in_folder(folder):
        source = DataSource(name="Load", time_interval="1m", unit="MW").save()
        source.write(np.arange(MILLION) * 60 * 10**9, np.sin(np.arange(MILLION) / 2_000))


def open_page(page, served, path):
    """Open an address and wait until everything is there."""
    page.goto(served.origin + path)
    settle(page)


def settle(page):
    """Wait until nothing is loading any more."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator(".mantine-Loader-root, .mantine-Skeleton-root")).to_have_count(0)
    time.sleep(0.2)
