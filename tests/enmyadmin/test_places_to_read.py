"""Commands that read a file: one that never ends, or that is none, is refused within seconds, before it fills the memory."""

import os
import resource
import shutil
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from typer.core import TyperGroup
from uploaded import make_ensemble

from enmyadmin.cli import app

_SECONDS, _BYTES = 10, 10**9

#: What each command is given beside the place, `{}`, and the names that the place may have to have.
READERS = {
    "import-csv": (("{}",), ""),
    "import-csv --source": (("{}", "--source", "1"), ""),
    "import-lines": (("{}", "--source", "1"), ""),
    "import-lines .gz": (("{}", "--source", "1"), ".gz"),
    "import": (("{}",), ".enz"),
    "restore": (("{}", "--store", "new"), ""),
    "import-model .keras": (("{}", "--research", "1"), ".keras"),
    "import-model .skops": (("{}", "--research", "1"), ".skops"),
    "import-model .onnx": (("{}", "--research", "1"), ".onnx"),
    "import-model": (("{}", "--research", "1"), ""),
    "autoforecast": (("{}", "--horizon", "1"), ""),
    "demo": (("--csv", "{}", "--output", "out"), ""),
    "create": (("model", "--from", "{}"), ".json"),
    "create --parameters": (("ensemble", "--project", "1", "--method", "voting", "--parameters", "{}"), ".json"),
}
#: Those that take a pipe, as other programs write it.
_TAKE_PIPES = ("import-csv", "import-lines", "demo", "create")
#: Parameters that name a place to write to, or a store.
_WRITTEN = {
    *(("export", "file"), ("backup", "file"), ("export-csv", "file"), ("export-model", "folder"), ("init", "folder")),
    *(
        ("report", "out"),
        ("autoforecast", "out"),
        ("forecast", "csv"),
        ("demo", "output"),
        ("demo", "tensorboard"),
        ("fit", "tensorboard"),
    ),
    ("tensorboard", "folder"),
}


@pytest.fixture
def enstorage(enstorage, empty_store, filled_once, tmp_path):
    """Runs `enstorage …` in the folder of a store with an ensemble; beside it, in `new`, is an empty one."""
    shutil.copytree(empty_store, tmp_path / "new")
    shutil.copytree(filled_once(make_ensemble), tmp_path / "enstorage-data")
    return enstorage


@contextmanager
def bounded():
    """What takes longer than a command may fails, and memory beyond a limit is refused."""

    def stop(number, frame):
        raise AssertionError(f"it took longer than {_SECONDS} s")

    used = int(Path("/proc/self/status").read_text().partition("VmData:")[2].split()[0]) * 1024
    before, handler = resource.getrlimit(resource.RLIMIT_DATA), signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_DATA, (used + _BYTES, before[1]))
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_DATA, before)
        signal.signal(signal.SIGALRM, handler)


def write_without_end(path, stop):
    """Write the same rows into a pipe, as soon as and as long as somebody reads it."""
    handle = None
    while handle is None and not stop.wait(0.01):
        with suppress(OSError):  # nobody reads yet
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    while handle is not None and not stop.is_set():
        try:
            os.set_blocking(handle, True)
            os.write(handle, b"2001-01-01,1\n" * 5000)
        except BrokenPipeError:
            break
    if handle is not None:
        os.close(handle)


@contextmanager
def place(kind, name):
    """A place of a kind, which no command can read to its end."""
    path, stop = Path(name), threading.Event()
    writer = threading.Thread(target=write_without_end, args=(path, stop))
    match kind:
        case "zeros":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "large":
            with path.open("wb") as file:
                file.truncate(10**13)
        case "nobody writes":
            os.mkfifo(path)
        case "never ends":
            os.mkfifo(path)
            writer.start()
    yield path
    stop.set()
    if writer.ident:
        writer.join()
    path.rmdir() if kind == "folder" else path.unlink()


def test_every_command_that_reads_a_file_is_tried():
    found = set()
    for command in app.commands.values():
        hints = {} if isinstance(command, TyperGroup) else get_type_hints(command.loaded().callback)
        for name, kind in hints.items():
            if Path in (kind, *get_args(kind)) and name != "store":
                found.add((command.name, name))
    assert found >= _WRITTEN
    assert {name for name, _ in found - _WRITTEN} <= {name.split()[0] for name in READERS}


@pytest.mark.skipif(sys.platform != "linux", reason="OTHER SYSTEMS HAVE OTHER DEVICES AND LIMITS")
@pytest.mark.parametrize("name", READERS)
def test_what_cannot_be_read_to_its_end_is_one_message(enstorage, monkeypatch, name):
    monkeypatch.setattr("enstorage.sources.stream._OPENING_SECONDS", 0.1)
    monkeypatch.setenv("ENSTORAGE_MAX_FILE_BYTES", "20000000")
    words, suffix = READERS[name]
    command = name.split()[0]
    for kind in ("zeros", "nobody writes", "never ends", "folder", "large"):
        with place(kind, f"place{suffix}") as path, bounded():
            status, output, errors = enstorage(command, *(word.format(path) for word in words))
        assert status in (1, 2), output
        assert str(path) in errors
        assert "Traceback" not in errors
        assert (errors.startswith("error: "), errors.count("\n")) == (True, 1), (kind, errors)
        if kind == "nobody writes" and command in _TAKE_PIPES:
            assert "nobody writes to this pipe" in errors


def test_a_pipe_that_somebody_writes_to_later_is_waited_for(enstorage):
    os.mkfifo("later.csv")

    def write():
        with Path("later.csv").open("w") as pipe:
            pipe.write("2001,1\n")
            pipe.flush()
            pipe.write("2002,2\n")

    writer = threading.Timer(0.3, write)
    writer.start()
    status, output, errors = enstorage("import-csv", "later.csv")
    writer.join()
    assert (status, errors) == (0, ""), errors
    assert "Wrote 2 points" in output


def test_a_pipe_that_goes_silent_is_given_up(enstorage, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_WAIT_SECONDS", "0.3")
    os.mkfifo("silent.csv")
    with Path("silent.csv").open("r+b", buffering=0) as pipe:
        pipe.write(b"2001,1\n")
        status, _, errors = enstorage("import-csv", "silent.csv")
    assert (status, "nothing was written to this pipe for 0.3 s" in errors) == (1, True), errors
