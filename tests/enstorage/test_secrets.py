"""Whatever is wrong with a URL, and wherever it is given: no piece of its secret is printed, logged, raised or shown."""

import io
import logging
import shutil
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from commands import run_command
from enstorage import Connector
from enstorage.errors import EnstorageError, InvalidInputError, NotSupportedError, StoreError
from enstorage.places.masking import masked
from secret_urls import SecretUrl, secret_urls

UNREACHABLE = "mysql://127.0.0.1:1/db"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The file of a database that has its tables."""
    folder = tmp_path_factory.mktemp("made")
    Connector(f"sqlite:///{folder}/db.sqlite", "memory:", f"file:{folder}/objects").close()
    return folder / "db.sqlite"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def log():
    """All that is logged at DEBUG inside the block."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def told_by(call):
    """All that a call shows: what is raised with its traceback and causes, or the connector in every form."""
    try:
        connector = call()
    except Exception as error:
        assert isinstance(error, EnstorageError), f"a foreign error: {type(error)}"
        told = [*traceback.format_exception(error), repr(error), *map(str, error.args)]
        cause = error.__cause__
        while cause is not None:
            told += [repr(cause), *traceback.format_exception(cause)]
            cause = cause.__cause__ or cause.__context__
        return "\n".join(told)
    shown = (connector, connector.settings, connector.database.url, connector.database.engine, connector.series)
    told = " ".join(f"{each!r} {each}" for each in (*shown, connector.objects, connector.settings.shown()))
    connector.close()
    return told


def told_everywhere(secret: SecretUrl, number: int, made: Path) -> str:
    """All that is shown when the URL is given as an argument, and in one other way."""
    urls = {"database": UNREACHABLE, "series": "memory:", "objects": "file:objects", secret.store: secret.url}
    if secret.store != "database" and number % 5 == 0:
        urls["database"] = f"sqlite:///{made}"
    told = told_by(lambda: Connector(**urls))
    ways = ("environment", "file", "command", "folder")
    way = ways[number % len(ways)]
    if way == "folder":
        return told + told_by(lambda: Connector.in_folder(secret.url)) if "://" in secret.url else told
    if "\ud800" in secret.url:
        return told  # neither a file in UTF-8 nor a command line can hold it
    with pytest.MonkeyPatch.context() as patched:
        if way == "file":
            told_in_file = "\n".join(f"{name} = {_toml(url)}" for name, url in urls.items())
            Path("enstorage.toml").write_text(told_in_file, encoding="utf-8")
            done = run_command("info", *["--json"] * (number % 3 == 0))
            Path("enstorage.toml").unlink()
        elif way == "environment":
            for name, url in urls.items():
                patched.setenv(f"ENSTORAGE_{name.upper()}", url)
            return told + told_by(Connector)
        else:
            command = (("info", "--store", secret.url), ("info", secret.url))[number // len(ways) % 2]
            done = run_command(*command)
    return f"{told}{done.output}{done.errors}"


def _toml(text: str) -> str:
    return '"' + "".join(f"\\u{ord(each):04x}" for each in text) + '"'


def check_urls(urls, made):
    for number, secret in enumerate(urls):
        with log() as logged:
            told = told_everywhere(secret, number, made)
        told = f"{told}{logged.getvalue()}".lower()
        found = [piece for piece in secret.pieces if piece in told]
        assert not found, f"{found} of URL {number}, {secret.url!r}, in: {told}"


def test_no_piece_of_a_secret_is_shown(here, made):
    check_urls(secret_urls(150, seed=1), made)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_no_piece_of_10000_secrets_is_shown(here, made, seed):
    check_urls(secret_urls(1000, seed=100 + seed), made)
    for each in here.iterdir():  # a name that was given in place of a folder
        with suppress(NotADirectoryError):
            shutil.rmtree(each)
