"""What the tests of the command line share."""

import pytest

from commands import run_command


@pytest.fixture
def enstorage(tmp_path, monkeypatch):
    """Runs `enstorage …` in an empty folder, inside this process; gives exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, **environment):
        done = run_command(*arguments, **environment)
        return done.status, done.output, done.errors

    run.folder = tmp_path
    return run
