"""A dispatcher at work over a store of its own, for all scenarios of a module."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from enorchestrator import Dispatcher, PipelineDefinition, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details
from enstorage import Connector

PLACE = "scenario_steps"
#: The processes of steps have the environment of the first one, so the folder is named before any test.
INBOX = Path(tempfile.gettempdir()) / f"enstorage-inbox-{os.getpid()}"
os.environ["ENSTORAGE_CONNECTION_SCENARIOS"] = f"file://{INBOX}"


@pytest.fixture
def inbox():
    """An empty folder that the connection `scenarios` names."""
    INBOX.mkdir()
    yield INBOX
    shutil.rmtree(INBOX)


@pytest.fixture(scope="module")
def orchestrated(tmp_path_factory):
    """The store."""
    with Connector.in_folder(tmp_path_factory.mktemp("orchestrated") / "store") as connector:
        yield connector
    connector.close()


@pytest.fixture
def current(orchestrated):
    """The store as the current one."""
    with orchestrated:
        yield orchestrated


@pytest.fixture(scope="module")
def at_work(orchestrated):
    """A dispatcher with two children."""
    with Dispatcher(orchestrated, workers=2) as dispatcher:
        yield dispatcher


@pytest.fixture
def executed(tmp_path):
    """A function that gives the lines that the steps noted, and empties them."""

    def lines():
        file = tmp_path / "executed"
        found = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    return lines


@pytest.fixture
def run(current, tmp_path):
    """A function that saves a pipeline of these steps and runs it; steps that note something get the folder."""

    def start(steps, *, name="scenario", parameters=None, **options):
        made = {each: {**step, "kind": f"{PLACE}:{step['kind']}"} for each, step in steps.items()}
        definition = {"name": name, "parameters": {"folder": {"type": "string"}}, "steps": made}
        save_pipeline(PipelineDefinition.read(definition), connector=current)
        return run_pipeline(name, {"folder": str(tmp_path), **(parameters or {})}, connector=current, **options)

    return start


@pytest.fixture
def over(current):
    """A function that waits until a run is over and gives its details."""

    def wait(run, within=120):
        end = time.monotonic() + within
        while (found := details(run.id, connector=current)).run.state not in ("succeeded", "failed", "cancelled"):
            assert time.monotonic() < end, [found.run.state, *(attempt.log for attempt in found.attempts)]
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def eventually():
    """A function that waits until a condition holds."""

    def wait(condition, within=60):
        end = time.monotonic() + within
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    return wait


class Occupied:
    """Two runs that occupy both children of the dispatcher until they are released."""

    def __init__(self, folder, runs):
        self._folder, self._runs = folder, runs

    def release(self, name):
        """Let one of them end."""
        (self._folder / name).touch()

    def states(self):
        """Their states."""
        return [details(run.id).run.state for run in self._runs]


@pytest.fixture
def occupied(run, at_work, tmp_path, executed, eventually, over):
    """Both children wait, one for the file `first`, the other for `second`."""
    step = {"kind": "until", "with": {"folder": "${folder}"}}
    runs = [
        run({"wait": {**step, "with": {**step["with"], "name": name}}}, name="occupied") for name in ("first", "second")
    ]
    file = tmp_path / "executed"
    eventually(lambda: file.exists() and file.read_text().count("begun") == 2)
    executed()
    made = Occupied(tmp_path, runs)
    yield made
    for name in ("first", "second"):
        made.release(name)
    for each in runs:
        over(each)
