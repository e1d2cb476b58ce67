"""Commands that write where a person says: files are replaced on demand, pipes and devices stay what they are."""

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from uploaded import make_ensemble


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path):
    """Runs `enstorage …` in the folder of a store with an ensemble."""
    shutil.copytree(filled_once(make_ensemble), tmp_path / "enstorage-data")
    return enstorage


#: What each command writes begins with these bytes; the path comes last.
WRITERS = {
    "points": (("export-csv", "data-source", "1"), b"time,value\n1970-01-01T00:00:00Z,"),
    "table": (("export-csv", "ensemble", "1"), b"series,id,step"),
    "bundle": (("export", "project", "1"), b"PK"),
    "report": (("report", "1", "--out"), b"<!doctype html>"),
}
of_each_writer = pytest.mark.parametrize(("words", "begin"), WRITERS.values(), ids=WRITERS)


@of_each_writer
def test_a_pipe_is_written_to_and_stays_a_pipe(enstorage, words, begin):
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    status, _, errors = enstorage(*words, "pipe", *(["--overwrite"] if "export" in words[0] else []))
    reader.join()
    assert (status, errors) == (0, "")
    assert read[0].lower().startswith(begin.lower())
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    assert sorted(each.name for each in Path.cwd().iterdir()) == ["enstorage-data", "pipe"]


@of_each_writer
def test_a_device_and_a_link_to_it_stay_what_they_are(enstorage, words, begin):
    Path("link").symlink_to("/dev/null")
    for options in ([], ["--overwrite"] if "export" in words[0] else []):
        status, _, errors = enstorage(*words, "link", *options)
        assert (status, errors) == (0, "")
    assert Path("link").readlink() == Path("/dev/null")
    assert stat.S_ISCHR(Path("link").stat().st_mode)
    Path("full").symlink_to("/dev/full")
    status, _, errors = enstorage(*words, "full")
    assert (status, "full cannot be written: the disk is full" in errors) == (1, True)


def test_a_link_to_a_file_stays_a_link(enstorage):
    Path("folder").mkdir()
    Path("link.csv").symlink_to("folder/real.csv")
    assert enstorage("export-csv", "data-source", 1, "link.csv")[0] == 0
    assert enstorage("export-csv", "data-source", 1, "link.csv")[0] == 1
    assert enstorage("export-csv", "data-source", 1, "link.csv", "--overwrite")[0] == 0
    assert (Path("link.csv").is_symlink(), Path("folder/real.csv").read_bytes()[:10]) == (True, b"time,value")


@of_each_writer
@pytest.mark.parametrize(
    "place", ["x" * 300 + ".html", "a-file/x.html", "a-folder", "socket"], ids=["long", "inside", "folder", "socket"]
)
def test_a_place_that_cannot_be_written_is_one_message(enstorage, words, begin, place):
    Path("a-file").write_text("kept")
    Path("a-folder").mkdir()
    if place == "socket":
        os.mknod("socket", stat.S_IFSOCK | 0o600)
    if place == "a-folder" and words[0] == "report":
        place = "a-file"  # a report is written into a folder
    status, _, errors = enstorage(*words, place, *(["--overwrite"] if "export" in words[0] else []))
    assert (status, errors.count("\n"), "Traceback" in errors) == (1, 1, False), errors
    assert Path("a-file").read_text() == "kept"


@pytest.mark.parametrize(
    "words",
    [
        ("forecast", "model", "1", "--csv", "{}"),
        ("export-model", "1", "{}"),
        ("tensorboard", "1", "--folder", "{}"),
        ("init", "{}"),
        ("import-csv", "enstorage.csv", "--store", "{}"),
        ("demo", "--output", "{}"),
    ],
    ids=lambda words: words[0],
)
def test_no_command_replaces_a_device(enstorage, words):
    Path("enstorage.csv").write_text("2001,1\n2002,2\n")
    for place in ("/dev/full", "link"):
        Path("link").unlink(missing_ok=True)
        Path("link").symlink_to("/dev/full")
        status, output, errors = enstorage(*(word.format(place) for word in words))
        assert status in (1, 2), output
        assert "Traceback" not in errors
    assert Path("link").is_symlink()
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.long
@pytest.mark.slow
def test_standard_output_gets_the_data_alone(enstorage, tmp_path):
    program = Path(sys.executable).parent / "enstorage"
    command = [program, "export-csv", "data-source", "1", "/dev/stdout", "--overwrite"]
    piped = subprocess.run(command, capture_output=True, cwd=tmp_path, check=True)
    assert (len(piped.stdout.splitlines()), piped.stderr) == (61, b"Wrote /dev/stdout.\n")
    with Path("both.csv").open("w+b") as file:
        file.write(b"written before\n")
        file.flush()
        done = subprocess.run([*command, "--json"], stdout=file, stderr=subprocess.PIPE, cwd=tmp_path, check=True)
    assert Path("both.csv").read_bytes() == b"written before\n" + piped.stdout
    assert json.loads(done.stderr) == {"file": "/dev/stdout", "bytes": None}
    closed = subprocess.run(
        f"'{program}' export-csv data-source 1 /dev/stdout | true", check=False, shell=True, stderr=-1, cwd=tmp_path
    )
    full = subprocess.run(f"'{program}' list models > /dev/full", check=False, shell=True, stderr=-1, cwd=tmp_path)
    assert (full.returncode, full.stderr.startswith(b"error: The output could not be written: [Errno 28]")) == (1, True)
    none = subprocess.run(f"'{program}' list models >&-", check=False, shell=True, stderr=-1, cwd=tmp_path)
    assert (none.returncode, none.stderr) == (0, b"")
    assert closed.stderr in (b"", b"Wrote /dev/stdout.\n")  # the pipe may have taken all before it was closed
