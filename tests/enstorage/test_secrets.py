"""Whatever is wrong with a URL, and wherever it is given: no piece of its secret is printed, logged, raised or shown."""

import io
import logging
import os
import shutil
import ssl
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from secret_urls import SecretUrl, secret_urls

from commands import run_command
from enstorage import Connector
from enstorage.errors import EnstorageError, InvalidInputError, StoreError
from enstorage.places.masking import looks_like_url

UNREACHABLE = "postgresql://127.0.0.1:1/db"
MADE = "sqlite:///made.sqlite"
#: The parser of the command line takes longer than all else, so every so many URLs are given to commands.
COMMANDS = 100
SEED = os.environ.get("TORTURE_SEED", "0")


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests():
    """A process hides the secrets of all URLs that it was given, and some of the drawn ones hold words such as `key`."""
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def made(here, monkeypatch):
    """The current folder, in which there is a database with its tables."""
    # Certificates are loaded for each connection, which takes longer than all else; no connection is made here.
    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", lambda context: None)
    Connector(MADE, "memory:", "file:objects").close()
    return here


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
    except EnstorageError as error:  # another error is a failure of the test
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


def told_everywhere(secret: SecretUrl, number: int) -> str:
    """All that is shown when the URL is given as an argument, and in one other way."""
    urls = {"database": UNREACHABLE, "series": "memory:", "objects": "file:objects", secret.store: secret.url}
    if secret.store != "database" and number % 5 == 0:
        urls["database"] = MADE
    told = told_by(lambda: Connector(**urls))
    is_text = "\ud800" not in secret.url  # neither a file in UTF-8 nor a command line can hold it
    if number % 3 == 0 and looks_like_url(secret.url):
        told += told_by(lambda: Connector.in_folder(secret.url))
    elif number % 3 == 1 and is_text:
        Path("enstorage.toml").write_text("\n".join(f"{name} = {_toml(url)}" for name, url in urls.items()))
        told += told_by(Connector) + (command("info", "--json") if number % COMMANDS == 1 else "")
        Path("enstorage.toml").unlink()
    elif is_text:
        with pytest.MonkeyPatch.context() as patched:
            for name, url in urls.items():
                patched.setenv(f"ENSTORAGE_{name.upper()}", url)
            told += told_by(Connector) + (command("info") if number % COMMANDS == 2 else "")
    if is_text and number % COMMANDS == 3 and looks_like_url(secret.url):
        told += command("info", *["--store"] * (number % 2), secret.url)
    return told


def command(*words):
    """All that a command prints."""
    done = run_command(*words)
    return f"{done.output}{done.errors}"


def _toml(text: str) -> str:
    return '"' + "".join(f"\\u{ord(each):04x}" for each in text) + '"'


def check_urls(urls):
    for number, secret in enumerate(urls):
        with log() as logged:
            told = told_everywhere(secret, number)
        told = f"{told}{logged.getvalue()}".lower()
        found = [piece for piece in secret.pieces if piece in told]
        assert not found, f"{found} of URL {number}, {secret.url!r}, in: {told}"


def test_no_piece_of_a_secret_is_shown(made):
    check_urls(secret_urls(60, seed=1))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(int(os.environ.get("TORTURE_URLS", "1000")) // 1000))
def test_no_piece_of_thousands_of_secrets_is_shown(made, seed):
    check_urls(secret_urls(1000, seed=f"{SEED}-{seed}"))
    for each in made.iterdir():  # a name that was given in place of a folder
        with suppress(NotADirectoryError):
            shutil.rmtree(each)


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        (
            "mysql://u@127.0.0.1:1/db?nonsense=q9Zsecret",
            InvalidInputError,
            "its driver does not take an option of the URL",
        ),
        (
            "postgresql://u@127.0.0.1:1/db?nonsense=q9Zsecret",
            StoreError,
            "its driver does not take an option of the URL",
        ),
        (
            "mysql://u:p@127.0.0.1:1/db?ssl_ca=/no/q9Zsecret",
            InvalidInputError,
            "a file that it names cannot be read",
        ),
        ("mysql://u@127.0.0.1:1/db?connect_timeout=q9Zsecret", InvalidInputError, "a value that cannot be used"),
        ("postgresql://u:q9Zsecret\ud800@127.0.0.1:1/db", InvalidInputError, "characters that cannot be sent"),
        ("mysql://q9Zse/cret:@127.0.0.1:1/db", InvalidInputError, "is not a database URL"),
        ("mysql://u:p@127.0.0.1:q9Zsecret/db", InvalidInputError, "is not a database URL"),
        ("mysql://u:p@127.0.0.1:1/db?q9Zs3cR3t0P4s5=x", InvalidInputError, "an option whose name no driver knows"),
        ("sqlite://q9Zsecret@127.0.0.1/db", InvalidInputError, "names a server, and SQLite has none"),
    ],
)
def test_what_a_driver_raises_is_one_message_of_ours(here, url, kind, words):
    with pytest.raises(kind, match=words) as caught:
        Connector(url, "memory:", "file:objects")
    message = str(caught.value)
    assert "\n" not in message
    assert "***" in message
    assert "xpected" in message or "Correct" in message
    assert "q9Z" not in "".join(traceback.format_exception(caught.value))


def test_a_url_is_no_folder(here):
    with pytest.raises(InvalidInputError, match=r"folder of the store, \*\*\*, is a URL; expected the path"):
        Connector.in_folder(Path("mysql://u:q9Zsecret@127.0.0.1/db"))
    for url in ("mysql://u:q9Zsecret@127.0.0.1/db", "file:a//q9Zsecret@b"):
        done = run_command("init", url)
        assert (done.status, done.output, "q9Z" in done.errors) == (1, "", False)
    assert not list(here.glob("mysql*"))


def test_logs_of_drivers_hide_secrets_and_those_of_others_are_left_alone(here):
    with suppress(StoreError):
        Connector("postgresql://someone:q9Zsecret%21@127.0.0.1:1/db", "memory:", "file:objects")
    with log() as logged:
        logging.getLogger("botocore.auth").debug("sent %s", {"key": "q9Zsecret!"})
        logging.getLogger("botocore.endpoint").debug("sent q9Zsecret%%21 by %s", "someone")
        logging.getLogger("own").debug("someone has %s", "a name")
        try:
            raise ValueError("q9Zsecret!")
        except ValueError:
            logging.getLogger("urllib3.pool").debug("failed", exc_info=True)
    assert "q9Zsecret" not in logged.getvalue()
    assert "botocore.auth sent {'key': '***'}" in logged.getvalue()
    assert "own someone has a name" in logged.getvalue()
    assert "ValueError: ***" in logged.getvalue()


@pytest.mark.server
def test_logs_of_s3_hide_its_keys(made, s3, bucket):
    endpoint = quote(s3.endpoint, safe="")
    with log() as logged:
        objects = f"s3://{bucket}/x?endpoint_url={endpoint}&key=q9ZKEYOFS3&secret=q9Zsecret%2Fword"
        connector = Connector(MADE, "memory:", objects)
        assert connector.objects.get(connector.objects.put(b"content")) == b"content"
        connector.close()
    assert "=***" in logged.getvalue()
    assert "q9Z" not in logged.getvalue()


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("objects", "ftp://u:a@q9Zsecret?b@127.0.0.1:1/x"),
        ("database", "sqlite:///made.sqlite?sslpassword=q9Zsecret://x"),
        ("database", "sqlite:///made.sqlite?x=q9Zsecret\ud800"),
        ("database", "postgresql://127.0.0.1:1/db?host=other%2Cq9Zsecret"),
        ("series", "memory:q9Zse/q9Zcret@"),
        ("objects", "s3://q9Zse?q9Zcret@bucket/x?="),
    ],
)
def test_a_part_of_a_url_is_masked_as_the_whole(made, store, url):
    urls = {"database": MADE, "series": "memory:", "objects": "file:objects", store: url}
    told = told_by(lambda: Connector(**urls))  # a traceback shows this line
    assert "q9Z" not in told
