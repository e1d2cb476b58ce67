"""The scenario of a search that is killed in its middle."""

import os
import signal
import subprocess
import sys
import time
from textwrap import dedent

import pytest

from enstorage import Connector, Project, Research
from enstorage.adapter import Window
from released import make_source

SEARCH = """
    import sys
    import entrainer
    from enstorage import Connector, DataSet, Research
    from entrainer.networks import MLP

    def propose(trial):
        rate = trial.suggest_float("rate", 1e-4, 1e-2, log=True)
        return entrainer.Proposal(MLP(hidden=(4,)), DataSet.get(1), entrainer.Training(epochs=2, learning_rate=rate))

    def search(progress=False):
        return entrainer.tune(Research.get(1), propose, 60, at_once=5, progress=progress)

    if __name__ == "__main__":
        with Connector.in_folder(sys.argv[1]):
            search()
"""


@pytest.mark.long
def test_a_search_that_is_killed_keeps_its_trials_and_goes_on(store, tmp_path, monkeypatch):
    preparation = make_source().create_snapshot().create_preparation("linear", "standard", 0.6, 0.2, 0.2)
    preparation.create_set(Window(12))
    research = Project(name="Load", data_source=preparation.data_snapshot.data_source).save().create_research("search")
    (tmp_path / "searching.py").write_text(dedent(SEARCH))
    process = subprocess.Popen([sys.executable, "searching.py", str(tmp_path / "store")], cwd=tmp_path)
    end = time.monotonic() + 240
    while len(done := finished(research)) < 30:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = finished(research)
    assert done.items() <= kept.items()
    assert len(kept) < 60
    monkeypatch.syspath_prepend(tmp_path)
    import searching

    tuning = searching.search()
    found = finished(research)
    assert len(tuning.models) == len(found) == 60
    assert kept.items() <= found.items(), "finished trials are not repeated"


def finished(research):
    """The objects of the finished trials by the ids of their models."""
    connector = Connector.current()
    models = Research.get(research.id, connector=connector).models()
    return {
        each.id: each.object_sha256
        for each in models
        if (each.meta("trial", default=None) or {}).get("state") == "complete"
    }
