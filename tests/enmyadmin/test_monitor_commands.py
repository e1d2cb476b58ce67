"""The commands `monitor …` and `feedback …`."""

import json

import pytest

from enorchestrator import promote, register
from released import MONTHS, load, make_ensemble, make_source


def fill():
    register("load", make_ensemble(make_source()), progress=False)
    promote("load", 1)


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def call(store, enstorage, tmp_path):
    """A function that runs a command on the store and gives its output."""

    def run(*words, status=0):
        done = enstorage(*words, "--store", str(tmp_path / "store"))
        assert done[0] == status, done
        return done[1] + done[2]

    return run


def test_a_version_is_watched_on_the_command_line(call, store):
    from enstorage import DataSource

    assert "no alerts" in call("monitor", "alerts")
    issued = json.loads(call("monitor", "issue", "load", "--horizon", "2", "--json"))
    assert [each["step"] for each in issued] == [1, 2]
    assert "1 new" in call("feedback", "give", "load", "--time", "2020-01-01", "--value", "99.5")
    rows = '[{"time": "2020-02-01", "verdict": "bad"}, {"time": "2020-01-01", "value": 99.5}]'
    assert "1 new, 1 known before" in call("feedback", "give", "load", "--rows", rows)
    assert "bad" in call("feedback", "list", "load")
    assert "no forecast of" in call("feedback", "give", "load", "--time", "2050-01-01", "--value", "1", status=1)
    assert "Give one of them" in call("feedback", "give", "load", status=1)
    source = DataSource.get_list()[0]
    source.write(MONTHS[180:204].astype("datetime64[ns]"), load()[180:204] + 40)
    assert "drift: The inputs of load have changed" in call(
        "monitor", "look", "load", "--settings", '{"patience": 9999}'
    )
    (alert,) = json.loads(call("monitor", "alerts", "load", "--open", "--json"))
    assert "is closed by" in call("monitor", "close", str(alert["id"]))
    assert "drift" in call("monitor", "observations", "load")
    assert "No step takes more memory" in call("monitor", "resources")
    assert "cannot be used" in call("monitor", "look", "load", "--settings", '{"windows": 0}', status=1)
