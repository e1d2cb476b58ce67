"""`enstorage …` inside of this process, which spares the imports; that the program starts by itself, test_cli.py says."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from enmyadmin.cli import app
from enstorage import Connector


@dataclass(frozen=True)
class Done:
    """What a command left: its exit status, and what it wrote."""

    status: int
    output: str
    errors: str


def run_command(*arguments: object, **environment: str) -> Done:
    """Run a command in the current folder; a store that was open before stays the current one."""
    before, output, errors = Connector._latest, io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(output), redirect_stderr(errors):
        patched.setattr(sys, "argv", ["enstorage", *map(str, arguments)])
        for name, value in environment.items():
            patched.setenv(name, value)
        with pytest.raises(SystemExit) as left:
            app()
    Connector._latest = before or Connector._latest
    return Done(left.value.code or 0, output.getvalue(), errors.getvalue())
