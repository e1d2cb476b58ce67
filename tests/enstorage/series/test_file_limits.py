"""Files of points that are too large, or never end, are refused before they fill the memory."""

import gzip
import itertools
import os
import threading

import numpy as np
import pyarrow as pa
import pytest

from enstorage import DataSource
from enstorage.errors import InvalidInputError
from enstorage.settings import limit
from enstorage.sources import text_file
from enstorage.sources.points import as_points

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def endless(tmp_path):
    """A function that gives a pipe into which the same bytes are written again and again."""
    stop = threading.Event()

    def write(path, piece):
        with path.open("wb", buffering=0) as pipe:  # waits until somebody reads
            while not stop.is_set():
                try:
                    pipe.write(piece)
                except BrokenPipeError:
                    return

    def make(piece, name="endless.csv"):
        os.mkfifo(tmp_path / name)
        threading.Thread(target=write, args=(tmp_path / name, piece), daemon=True).start()
        return tmp_path / name

    yield make
    stop.set()


def test_a_line_that_never_ends_is_refused(endless, tmp_path):
    for path in ("/dev/zero", endless(b"2001,1;" * 1000)):
        with pytest.raises(
            InvalidInputError, match=r"has a line of more than 1000000 bytes; .* ENSTORAGE_MAX_LINE_BYTES"
        ):
            as_points(path)
        with pytest.raises(InvalidInputError, match="has a line of more than 1000000 bytes"):
            DataSource(name="s").import_lines("/dev/zero")


def test_the_longest_line_is_a_setting(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text(f"2001,1\n# {'x' * 97}\n2002,2\n")
    monkeypatch.setenv("ENSTORAGE_MAX_LINE_BYTES", "99")
    assert len(as_points(path)[0]) == 2
    monkeypatch.setenv("ENSTORAGE_MAX_LINE_BYTES", "98")
    with pytest.raises(InvalidInputError, match="has a line of more than 98 bytes"):
        as_points(path)


@pytest.mark.parametrize("is_pipe", [False, True])
def test_too_many_bytes_are_refused(endless, tmp_path, monkeypatch, is_pipe):
    monkeypatch.setenv("ENSTORAGE_MAX_FILE_BYTES", "5000")
    path = tmp_path / "a.csv"
    if is_pipe:
        path = endless(b"2001-01-01,1\n" * 100)
    else:
        path.write_bytes(b"2001-01-01,1\n" * 1000)
    with pytest.raises(
        InvalidInputError, match=r"has more than 5000 bytes; expected a table .*ENSTORAGE_MAX_FILE_BYTES"
    ):
        as_points(path)


@pytest.mark.parametrize("line", [b"\0" * 100, b"data_source,mysql_id=1 value=1 1422568543702900257\n", b"\n"])
def test_a_packed_file_unpacks_to_a_limited_size(tmp_path, monkeypatch, line):
    monkeypatch.setattr(text_file, "_FREE_BYTES", 1_000_000)
    path = tmp_path / "a.lp.gz"
    path.write_bytes(gzip.compress(line * (20_000_000 // len(line))))
    with pytest.raises(
        InvalidInputError, match=r"unpacks to more than 100 times its \d+ bytes|has a line of more than"
    ):
        DataSource(name="s").import_lines(path)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.parquet.zst"])
def test_a_packed_table_unpacks_to_a_limited_size(tmp_path, monkeypatch, name):
    monkeypatch.setattr(text_file, "_FREE_BYTES", 1_000_000)
    content = b"2001-01-01,1\n" * 1_500_000
    packed = gzip.compress(content) if name.endswith(".gz") else pa.compress(content, "zstd", asbytes=True)
    (tmp_path / name).write_bytes(packed)
    with pytest.raises(InvalidInputError, match=r"unpacks to more than 100 times its \d+ bytes"):
        as_points(tmp_path / name)


def test_a_wrong_limit_is_one_message(tmp_path, monkeypatch):
    for value in ("", "0", "-1", "1e6", "9" * 30):
        monkeypatch.setenv("ENSTORAGE_MAX_FILE_BYTES", value)
        with pytest.raises(
            InvalidInputError, match=r"ENSTORAGE_MAX_FILE_BYTES is .*; expected an integer of at least 1"
        ):
            limit("max_file_bytes")


def test_a_limit_stands_in_the_settings_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "enstorage.toml").write_text("max_file_bytes = 7\n")
    assert (limit("max_file_bytes"), limit("max_line_bytes")) == (7, 1_000_000)
    monkeypatch.setenv("ENSTORAGE_MAX_FILE_BYTES", "8")
    assert limit("max_file_bytes") == 8
    (tmp_path / "enstorage.toml").write_text("max_file_bytes = 0\n")
    with pytest.raises(InvalidInputError, match="has the entries max_file_bytes; expected only"):
        limit("max_line_bytes")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_numbered_as_in_the_file_however_they_end(tmp_path, end):
    rows = [f"{1700 + row // 12}-{row % 12 + 1:02d},{row}.5" for row in range(3000)]
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["\ufefftime,größe", "# a comment", *rows[:1000], "", *rows[1000:]]).encode())
    whole = as_points(path)
    assert np.array_equal(whole[1], np.arange(3000) + 0.5)
    for wrong, message in (
        ("2001-01,inf", "Further bad rows: 1"),
        ("1700-06,7", r"is the time 1700-06-01T00:00:00Z of line 8 again"),
    ):
        lines = list(itertools.chain(rows[:1000], [wrong], rows[1000:2000], [wrong], rows[2000:]))
        path.write_bytes(end.join(["time,value", "", *lines]).encode())
        with pytest.raises(InvalidInputError, match=rf"line {1003}.*{message}"):
            as_points(path)
