"""What the tests of the command line share."""

import sys

import pytest

from enmyadmin.cli import app


@pytest.fixture
def enstorage(tmp_path, monkeypatch, capsys):
    """Runs `enstorage …` in an empty folder, inside this process; gives exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, **environment):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", ["enstorage", *map(str, arguments)])
            for name, value in environment.items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                app()
        output = capsys.readouterr()
        return left.value.code, output.out, output.err

    run.folder = tmp_path
    return run
