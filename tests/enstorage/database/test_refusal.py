"""What a database refuses is one message that says what to do, and never a password."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import servers
from enstorage import Connector
from enstorage.database import engine
from enstorage.database.database import Database
from enstorage.database.url import parse_url
from enstorage.errors import EnstorageError, InvalidInputError, MissingLibraryError, NotSupportedError, StoreError
from enstorage.places.masking import masked
from servers import PASSWORD, USER

KINDS = ["mariadb", "postgresql"]


@pytest.fixture(params=KINDS)
def server(request):
    return servers.shared(request.param)


def refused(url, kind=StoreError):
    """The one message for a URL; with no secret in it."""
    with pytest.raises(EnstorageError) as told:
        Database(parse_url(str(url)))
    message = str(told.value)
    assert type(told.value) is kind
    assert "\n" not in message
    assert "p%40ss" not in message
    assert PASSWORD not in message
    assert "secret" not in message
    return message


def test_a_wrong_password(server):
    message = refused(server.url("test").replace("p%40ss", "secret"))
    assert f"{server.name}" in message
    assert f"://***@127.0.0.1:{server.port}/test refused: user or password is wrong" in message
    assert message.endswith("Correct them in the URL; special characters are written in percent form (@ as %40).")


def test_an_unknown_user(server):
    assert "user or password is wrong" in refused(server.url("test").replace(USER, "nobody", 1))


def test_no_such_database(server):
    message = refused(server.url("not_there"))
    assert "refused: there is no such database" in message
    assert "Make it with: CREATE DATABASE not_there." in message


def test_a_user_who_may_not(server):
    name = "not_allowed"
    server.execute(f"DROP DATABASE IF EXISTS {name}")
    server.create_database(name)
    if server.name == "mariadb":
        server.execute("CREATE OR REPLACE USER guest IDENTIFIED BY 'secret-guest'")
        server.execute(f"GRANT SELECT ON {name}.* TO guest")
    else:
        server.execute("DROP ROLE IF EXISTS guest")
        server.execute("CREATE ROLE guest LOGIN PASSWORD 'secret-guest'")
    url = parse_url(server.url(name)).set(username="guest", password="secret-guest")
    message = refused(url.render_as_string(hide_password=False))
    assert f"://***@127.0.0.1:{server.port}/{name} refused: the user may not do that" in message
    assert f"grant the user all rights on database {name}." in message


def test_a_server_that_does_not_run(server):
    message = refused(server.url("test").replace(str(server.port), str(servers.free_port())))
    assert "refused: the server cannot be reached" in message
    assert message.endswith("Check host and port in the URL, and that the server runs.")


def test_a_host_that_is_not_there(server):
    assert "the server cannot be reached" in refused(server.url("test").replace("127.0.0.1", "no-such-host.invalid"))


def test_a_server_that_is_too_old(server, monkeypatch):
    monkeypatch.setattr(engine, "OLDEST", {"MariaDB": (99, 5), "PostgreSQL": (99, 5)})
    name = {"mariadb": "MariaDB", "postgresql": "PostgreSQL"}[server.name]
    message = refused(server.url("postgres" if name == "PostgreSQL" else "mysql"), NotSupportedError)
    assert f"The server at 127.0.0.1 is {name} 1" in message
    assert "expected 99.5 or newer. Upgrade the server, or take another database." in message


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        (
            "mysql://me:secret@host",
            InvalidInputError,
            "'mysql://***@host' names no database on its server. Expected",
        ),
        ("postgresql://", InvalidInputError, "names no database on its server"),
        ("mysql://me:secret@host:port/db", InvalidInputError, "'mysql://***' is not a database URL"),
        ("mysql:me", InvalidInputError, "is not a database URL. Expected sqlite:///"),
        (
            "oracle://me:secret@host/db",
            NotSupportedError,
            "'oracle://***@host/db' is not supported; known are sqlite:///",
        ),
        ("mssql+pyodbc://me:secret@host/db", NotSupportedError, "'mssql+pyodbc://***@host/db' is not supported"),
        ("mysql+nodriver://me:secret@host/db", MissingLibraryError, "names the driver 'nodriver', which is not inst"),
        (
            "mysql+mysqldb://me:secret@host/db",
            MissingLibraryError,
            "names the driver 'mysqldb', which is not installed",
        ),
    ],
)
def test_a_url_that_cannot_be_used(url, kind, words):
    message = refused(url, kind)
    assert words in message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://me:secret@host:3306/db?charset=utf8", "mysql://***@host:3306/db?***"),
        ("mysql://me:se:c@re/t@host/db", "mysql://***"),
        (
            "postgresql://me@host/db?password=secret&sslmode=require",
            "postgresql://***@host/db?***",
        ),
        ("influxdb2://secret==@host:8086/db?org=us", "influxdb2://***@host:8086/db?***"),
        ("influxdb://me:secret@host/db", "influxdb://***@host/db"),
        ("delta:s3://bucket/p?aws_secret_access_key=secret", "delta:s3://bucket/p?***"),
        ("ledger://token@host/p", "ledger://***@host/p"),
        ("sftp://me@host/p", "sftp://***@host/p"),
        ("delta:abfss://box@account/p?account_key=secret", "delta:abfss://***@account/p?***"),
        ("influxdb+https://me@host/db", "influxdb+https://***@host/db"),
        ("mysql+pymysql://me@host/db", "mysql+pymysql://***@host/db"),
        ("s3://key:secret@bucket/p", "s3://***@bucket/p"),
        ("mysql:/me:secret@host/db", "mysql:***"),
        ("mysql ://me:secret@host/db", "mysql:***"),
        ("mysql://me:secret/db", "mysql://***"),
        ("me:secret@host/db", "***"),
        ("secret", "***"),
        ("influxdb2://host/wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY/db", "influxdb2://host/***"),
        ("sqlite:///me:secret@host/db", "sqlite://***"),
        ("file:secret@host/db", "***"),
        ("file:folder?key=secret", "file:folder?***"),
        ("sqlite:////tmp/a@b.sqlite", "sqlite:////tmp/a@b.sqlite"),
        ("file:folder/with@sign", "file:folder/with@sign"),
    ],
)
def test_urls_are_shown_without_secrets(url, shown):
    assert masked(url) == shown


def test_the_command_line_says_the_same_and_shows_no_secret(server, tmp_path):
    command = str(Path(sysconfig.get_path("scripts")) / "enstorage")
    places = {"ENSTORAGE_SERIES": f"delta:{tmp_path}/s", "ENSTORAGE_OBJECTS": f"file:{tmp_path}/o"}

    def run(url, *words):
        return subprocess.run(
            [command, *words], env={**os.environ, **places, "ENSTORAGE_DATABASE": url}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    wrong = run(server.url("test").replace("p%40ss", "secret"), "info")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("error: The database ")
    assert "Traceback" not in wrong.stderr
    assert "secret" not in wrong.stderr
    name = "by_command"
    server.execute(f"DROP DATABASE IF EXISTS {name}")
    server.create_database(name)
    right = run(server.url(name), "init")
    assert right.returncode == 0, right.stderr
    assert "://***@127.0.0.1" in right.stdout
    assert "p%40ss" not in right.stdout + right.stderr


def test_the_kinds_that_a_url_names(tmp_path):
    """`mysql://` often leads to MariaDB, whose columns differ a little."""
    server = servers.shared("mariadb")
    name = "by_mysql"
    server.execute(f"DROP DATABASE IF EXISTS {name}")
    server.create_database(name)
    url = server.url(name).replace("mariadb://", "mysql://")
    connector = Connector(url, f"delta:{tmp_path}/s", f"file:{tmp_path}/o")
    assert connector.database.engine.dialect.name == "mariadb"
    assert repr(connector).startswith("Connector('mysql://***@127.0.0.1")
    connector.close()
    assert isinstance(parse_url("postgres://a:b@c/d"), URL)
    assert parse_url("postgres://a:b@c/d").drivername == "postgresql+psycopg"
