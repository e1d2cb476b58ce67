"""Real servers, most of them from the system's packages, each in a temporary folder on a free port.

`shared_url` starts one for the whole test run, whichever worker asks first; a test that stops or kills a server makes an
instance of its own.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from abc import ABC, abstractmethod
from contextlib import contextmanager
from pathlib import Path

import pytest

USER, PASSWORD = "enstorage", "p@ss/word:1"  # with what has to be quoted in a URL
SHARED_FOLDER = "ENSTORAGE_TEST_SERVERS"
REQUIRED = "ENSTORAGE_REQUIRE_SERVERS"
_SECONDS_TO_START = 60


class Server(ABC):
    """A server program; made in a folder that is empty or where it ran before."""

    name: str
    package: str
    program: str
    installer = "apt-get install"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.port = free_port()
        self.process = None

    @classmethod
    def find(cls):
        """The path of the program; without it the test is skipped, or fails where servers are required."""
        folders = [os.environ["PATH"], "/usr/sbin", *postgres_folders(), str(Path(sys.executable).parent)]
        path = shutil.which(cls.program, path=os.pathsep.join(folders))
        if path is None:
            message = f"{cls.program} IS NOT INSTALLED. Install it with: {cls.installer} {cls.package}"
            pytest.fail(message) if os.environ.get(REQUIRED) else pytest.skip(message)
        return path

    def start(self):
        """Start it and wait until it answers."""
        is_new = not (self.folder / "made").exists()
        if is_new:
            self.make()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment(),
                start_new_session=True,
            )
        end = time.monotonic() + _SECONDS_TO_START
        while not self.answers():
            if time.monotonic() > end or self.process.poll() is not None:
                pytest.fail(f"{self.name} did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        if is_new:
            self.add_user()
            (self.folder / "made").touch()
        return self

    def stop(self, number=signal.SIGTERM):
        """Stop it, or with SIGKILL kill it, and wait until it is gone."""
        os.killpg(self.process.pid, number)
        self.process.wait(30)

    def environment(self):
        return dict(os.environ)

    @abstractmethod
    def make(self):
        """Make the files that the program needs."""

    @abstractmethod
    def command(self):
        """What starts it."""

    @abstractmethod
    def answers(self):
        """Whether it can be asked now."""

    @abstractmethod
    def add_user(self):
        """Make the user of the tests, who may do everything."""

    @abstractmethod
    def url(self, database):
        """The URL of a database there, as a person writes it."""

    def _url(self, scheme, database, password=PASSWORD):
        return f"{scheme}://{USER}:{urllib.parse.quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def _connects(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class MariaDb(Server):
    """MariaDB, which stands for MySQL too."""

    name, package, program = "mariadb", "mariadb-server", "mariadbd"

    def make(self):
        self.find()
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}", *_as_root("--user=root"),
             "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, capture_output=True,
        )  # fmt: skip

    def command(self):
        return [
            self.find(), "--no-defaults", *_as_root("--user=root"), f"--datadir={self.folder / 'data'}",
            f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self._socket}", "--max-connections=200",
            f"--pid-file={self.folder / 'pid'}",
            # Only a power cut would lose something.
            "--innodb-flush-log-at-trx-commit=2", "--sync-frm=0", "--debug-no-sync=1",
        ]  # fmt: skip

    def answers(self):
        import pymysql

        try:
            pymysql.connect(unix_socket=self._socket, user="root").close()
        except pymysql.Error:
            return False
        return self._connects()

    def add_user(self):
        self.execute(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
        self.execute(f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION")

    def execute(self, statement):
        """Run a statement as the server's owner."""
        import pymysql

        connection = pymysql.connect(unix_socket=self._socket, user="root", autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def create_database(self, name):
        self.execute(f"CREATE DATABASE `{name}`")

    def url(self, database):
        return self._url("mariadb", database)

    @property
    def _socket(self):
        return str(self.folder / "socket")


class PostgreSql(Server):
    """PostgreSQL."""

    name, package, program = "postgresql", "postgresql", "postgres"

    def make(self):
        folder = Path(self.find()).parent
        (self.folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        subprocess.run(
            [*self._as_postgres(), folder / "initdb", "-D", self.folder / "data", "-U", USER, "--auth=scram-sha-256",
             f"--pwfile={self.folder / 'password'}", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True,
        )  # fmt: skip

    def command(self):
        return [
            *self._as_postgres(), self.find(), "-D", self.folder / "data", "-p", str(self.port), "-c",
            "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}", "-c", "max_connections=200",
            "-c", "fsync=off",
        ]  # fmt: skip

    def stop(self, number=signal.SIGTERM):
        """See `Server.stop`. It is no child of ours, so that it is gone can only be seen."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        super().stop(number)
        end = time.monotonic() + _SECONDS_TO_START
        while _runs(pid) and time.monotonic() < end:
            time.sleep(0.01)

    def answers(self):
        import psycopg

        try:
            psycopg.connect(self._url("postgresql", "postgres")).close()
        except psycopg.Error:
            return False
        return True

    def add_user(self):
        """Nothing to do: the user was made with the files."""

    def execute(self, statement):
        """Run a statement as the server's owner."""
        import psycopg

        with psycopg.connect(self._url("postgresql", "postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create_database(self, name):
        self.execute(f'CREATE DATABASE "{name}"')

    def url(self, database):
        return self._url("postgresql", database)

    @staticmethod
    def _as_postgres():
        return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


class InfluxDb(Server):
    """InfluxDB 1.x with authentication."""

    name, package, program = "influxdb", "influxdb", "influxd"

    def make(self):
        self.find()

    def command(self):
        return [self.find()]

    def environment(self):
        return {
            **os.environ,
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
            "INFLUXDB_META_DIR": str(self.folder / "meta"),
            "INFLUXDB_DATA_DIR": str(self.folder / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(self.folder / "wal"),
            "INFLUXDB_DATA_QUERY_LOG_ENABLED": "false",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}",
            "INFLUXDB_HTTP_AUTH_ENABLED": "true",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
        }

    def answers(self):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=1).close()
        except OSError:
            return False
        return True

    def add_user(self):
        self.execute(f"CREATE USER {USER} WITH PASSWORD '{PASSWORD}' WITH ALL PRIVILEGES")

    def execute(self, statement):
        """Run an InfluxQL statement as the administrator."""
        query = urllib.parse.urlencode({"q": statement, "u": USER, "p": PASSWORD})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/query?{query}", data=b"", timeout=30) as answer:
            return json.load(answer)

    def create_database(self, name):
        self.execute(f'CREATE DATABASE "{name}"')

    def url(self, database):
        return self._url("influxdb", database)


# moto looks whether there is a key and then writes it, and between the two another request may write it. S3 never lets that
# happen, and commits of Delta rely on it.
_MOTO = """
import sys, threading
from moto.s3.responses import S3Response
from moto.server import main

one_at_a_time, put_object = threading.Lock(), S3Response.put_object

def put_object_alone(response):
    with one_at_a_time:
        return put_object(response)

S3Response.put_object = put_object_alone
main(sys.argv[1:])
"""


class S3(Server):
    """An object store that speaks S3: moto. It keeps everything in its memory, and lets any key in."""

    name, package, program, installer = "s3", "'moto[server,s3]'", "moto_server", "pip install"

    def make(self):
        self.find()

    def command(self):
        return [sys.executable, "-c", _MOTO, "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self):
        return self._connects()

    def add_user(self):
        """Nothing to do: any key is let in."""

    def create_database(self, name):
        """Make a bucket."""
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        urllib.request.urlopen(request, timeout=30).close()

    def url(self, database):
        return f"s3://{database}"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self):
        """What a person sets in the environment to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": USER,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


KINDS = {kind.name: kind for kind in (MariaDb, PostgreSql, InfluxDb, S3)}


def shared(name):
    """The server of a kind that all tests of this run share, started when it is first asked for."""
    kind = KINDS[name]
    kind.find()
    folder = Path(os.environ[SHARED_FOLDER]) / name
    folder.mkdir(exist_ok=True)
    with _locked(folder / "lock"):
        noted = folder / "running.json"
        server = kind(folder / "files")
        if noted.exists():
            server.port = json.loads(noted.read_text())["port"]
        else:
            server.start()
            noted.write_text(json.dumps({"port": server.port, "pid": server.process.pid}))
    return server


def open_shared_folder():
    """Make the folder of the servers of this run; called once, by the process that starts the workers."""
    if SHARED_FOLDER not in os.environ:
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="enstorage-servers-")
        Path(os.environ[SHARED_FOLDER]).chmod(0o755)
        return True
    return False


def close_shared_folder():
    """Kill the servers of this run and remove their files."""
    folder = Path(os.environ.pop(SHARED_FOLDER))
    for noted in folder.glob("*/running.json"):
        try:
            os.killpg(json.loads(noted.read_text())["pid"], signal.SIGKILL)
        except ProcessLookupError:
            continue
    shutil.rmtree(folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def postgres_folders():
    return map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _as_root(option):
    return [option] if os.geteuid() == 0 else []


@contextmanager
def _locked(path):
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
