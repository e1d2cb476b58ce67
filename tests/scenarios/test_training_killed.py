"""The scenario of a training that is killed in its middle."""

import os
import signal
import subprocess
import sys
import time
from textwrap import dedent

import pytest

import entrainer
from enorchestrator import Dispatcher, events, submit
from enorchestrator.dispatch.read import details
from enorchestrator.task.state import RunState
from enstorage import Model, Project
from enstorage.adapter import Window
from entrainer.networks import TLFN
from released import make_source

EPOCHS = 1_500
TRAINING = """
    import sys
    import entrainer
    from enstorage import Connector, Model

    with Connector.in_folder(sys.argv[1]):
        training = entrainer.Training(epochs=1_500)
        entrainer.fit(Model.get_list([*map(int, sys.argv[2:])]), training, seeds=5, checkpoint_seconds=0, progress=False)
"""


def checkpoints(id):
    """The objects of the last checkpoints of a training that is not over, told by its first model; []: none."""
    return (Model.get(id).meta("checkpoint", default=None) or {}).get("objects", [])


def killed(folder, *ids):
    """Train in a process, and kill it when it has kept two checkpoints."""
    process = subprocess.Popen([sys.executable, "-c", dedent(TRAINING), str(folder), *map(str, ids)])
    end = time.monotonic() + 120
    while len(checkpoints(ids[0])) < 2:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert Model.get(ids[0]).object_sha256 is None


def forecasts(*ids):
    return [Model.get(id).forecasts("test")["value"].to_list() for id in ids]


@pytest.mark.long
def test_a_training_that_is_killed_goes_on_from_its_checkpoint_or_the_one_before(store, tmp_path, damage):
    preparation = make_source().create_snapshot().create_preparation("linear", "standard", 0.6, 0.2, 0.2)
    data_sets = [preparation.create_set(Window(lag)) for lag in (6, 12)]
    project = Project(name="Load", data_source=preparation.data_snapshot.data_source).save()
    research = project.create_research("R", preparation)
    for number in range(6):
        research.create_model(f"model {number}", TLFN(hidden=(4,))).data_set(data_sets[number % 2])
    training = entrainer.Training(epochs=EPOCHS)
    entrainer.fit(Model.get_list([1, 2]), training, seeds=5, progress=False)  # without a kill

    killed(tmp_path / "store", 3, 4)
    chunks = []
    given = {"training": training, "seeds": 5, "progress": False}
    entrainer.fit(Model.get_list([3, 4]), **given, monitor=lambda _, chunk: chunks.append(chunk.epochs))
    assert 1 < chunks[0] < EPOCHS
    assert forecasts(3, 4) == forecasts(1, 2)

    # The orchestrator executes the step of a killed process again, here with a checkpoint that is damaged.
    killed(tmp_path / "store", 5, 6)
    damage(checkpoints(5)[-1])
    with Dispatcher(store, workers=1):
        run = submit("fit", {"models": [5, 6], "training": {"epochs": EPOCHS}, "seeds": 5}, connector=store)
        end = time.monotonic() + 120
        while not RunState((found := details(run.id, connector=store)).run.state).is_final:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert found.run.state == "succeeded", found.run.error
    told = [event.data["line"] for event in events(run.id) if event.kind == "log"]
    assert any("is damaged or gone; the training goes on from the one before" in line for line in told), told
    assert forecasts(5, 6) == forecasts(1, 2)
    assert not checkpoints(3)
    assert not checkpoints(5)
