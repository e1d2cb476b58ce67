"""Settings that cannot be used are one message, whatever stands in the file or in the environment."""

import os
from pathlib import Path

import pytest

from commands import run_command
from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.settings import Settings

ODD = {
    "nested arrays": f"folder = {'[' * 100_000}",
    "nested tables": "[" + "a." * 50_000 + "a]",
    "a NUL in a text": 'folder = "a\\u0000b"',
    "a NUL in a URL": 'database = "sqlite:///a\\u0000b"',
    "a NUL in the file": "folder = 'a\0b'",
    "a line end": 'series = "delta:a\\nb"',
    "a long name": f'folder = "{"x" * 300}"',
    "a long file": f'database = "sqlite:///{"x" * 300}"',
    "a long place": f'objects = "file:{"x" * 300}"',
    "5,000 letters": f'folder = "{"x/" * 2500}"',
    "5,000 letters of a URL": f'database = "mysql://u:secret@h/{"x" * 5000}"',
    "5,000 letters of a key": f'{"x" * 5000} = "a"',
    "a URL as key": '"mysql://u:secret@h/d" = "a"',
    "a URL without quotes": "mysql://u:secret@h/d = 1",
    "a control character as key": '"\\u001b[31m" = "a"',
    "a table": "[folder]\na = 1",
    "another encoding": "folder = 'Größe'".encode("latin-1"),
    "a large file": "#" * 2_000_000,
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_an_odd_settings_file_is_one_message(here, content):
    Path("enstorage.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run_command("info")
    assert (done.status, done.output) == (1, "")
    assert done.errors.startswith("error: ")
    assert "Traceback" not in done.errors
    assert len(done.errors) < 800
    assert "secret" not in done.errors
    assert [path.name for path in here.iterdir()] == ["enstorage.toml"]


@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: Path(path).symlink_to("/dev/zero"), lambda path: Path(path).symlink_to(path)],
)
def test_what_is_no_file_is_no_settings_file(here, make):
    make("enstorage.toml")
    with pytest.raises(
        InvalidInputError, match=r"enstorage\.toml (is no settings file|cannot be read)|/dev/zero is no"
    ):
        Connector()


@pytest.mark.parametrize(("name", "url"), [("DATABASE", f"sqlite:///{'x' * 300}"), ("OBJECTS", "file:a\rb")])
def test_an_odd_variable_is_one_message(here, monkeypatch, name, url):
    monkeypatch.setenv(f"ENSTORAGE_{name}", url)
    with pytest.raises(InvalidInputError, match=f"The URL of the {name.lower()}, .*Correct it"):
        Settings.resolve(None, None, None)


def test_an_odd_folder_of_a_command_is_one_message(here):
    (here / "circle").symlink_to("circle")
    for folder in ("x" * 300, "a\nb", "a/" * 3000, "circle", "circle/store", "~nobody-of-this-name/store"):
        done = run_command("info", "--store", folder)
        assert (done.status, "Traceback" in done.errors, done.errors.count("\n")) == (1, False, 1)
        assert "The folder of the store, " in done.errors


def test_long_tokens_are_no_long_names(here):
    url = f"influxdb2://{'t' * 500}@host:8086/organisation/bucket"
    assert Settings.resolve(None, url, None).series == url
