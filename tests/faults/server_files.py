"""The files of database servers, and the pages in them that hold rows or entries of indexes."""

import shutil
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

import servers

DATABASE = "damaged"


class ServerFiles(ABC):
    """A server of its own, which is stopped to change its files, and put back to what it was."""

    name: str
    title: str
    page_bytes: int

    def __init__(self):
        # Not in the folder of the test, which the user that PostgreSQL runs as cannot enter.
        self.folder = Path(tempfile.mkdtemp(prefix="enstorage-server-"))
        self.folder.chmod(0o755)
        self.server = servers.KINDS[self.name](self.folder / "server").start()
        self.server.create_database(DATABASE)
        self.url = self.server.url(DATABASE)

    @property
    def data(self):
        return self.folder / "server" / "data"

    def keep(self, name):
        """Stop the server, so that all is in its files, keep a copy of them, and start it again."""
        self.server.stop(self.clean_stop)
        self._copy(self.data, self.folder / name)
        self.server.start()

    def restore(self, name):
        """Put the files back; the server does not run afterwards."""
        if self.server.process.poll() is None:
            self.server.stop(signal.SIGKILL)
        self._copy(self.folder / name, self.data)

    def damage(self, name, page, content):
        """Put a page into the files that were kept, and start the server."""
        self.restore(name)
        file, number = page
        with (self.data / file).open("r+b") as opened:
            opened.seek(number * self.page_bytes)
            opened.write(content)
        self.server.start()

    def read(self, name, page):
        """A page of the files that were kept, empty where there was none."""
        file, number = page
        path = self.folder / name / file
        with path.open("rb") as opened:
            opened.seek(number * self.page_bytes)
            return opened.read(self.page_bytes)

    def pages(self, name):
        """The pages that hold something, of tables and of indexes: pairs of file and number, by what they are of."""
        found = {"table": [], "index": []}
        for file, of in self.files.items():
            for number in range((self.folder / name / file).stat().st_size // self.page_bytes):
                kind = self.kind_of(file, of, number, self.read(name, (file, number)), name)
                if kind is not None:
                    found[kind].append((file, number))
        return found

    @abstractmethod
    def entries(self, content):
        """The number of rows, or of entries of an index, that a page says it has."""

    @abstractmethod
    def kind_of(self, file, of, number, content, name):
        """`table` or `index` for a page that holds some, else None."""

    def close(self):
        if self.server.process.poll() is None:
            self.server.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def _copy(self, source, target):
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


class MariaDbFiles(ServerFiles):
    """InnoDB: a file for each table with its indexes; page 3 is the root of the table itself."""

    name, title, page_bytes, clean_stop = "mariadb", "MariaDB", 16384, signal.SIGTERM

    def finish(self):
        """Note which files there are."""
        self.names = {path.stem: f"{DATABASE}/{path.name}" for path in sorted((self.data / DATABASE).glob("*.ibd"))}
        self.files = dict.fromkeys(self.names.values())

    def entries(self, content):
        return int.from_bytes(content[54:56], "big")

    def kind_of(self, file, of, number, content, name):
        if int.from_bytes(content[24:26], "big") not in (17855, 18) or not self.entries(content):
            return None  # no page of an index, of which the table is one
        return "table" if content[66:74] == self.read(name, (file, 3))[66:74] else "index"


class PostgreSqlFiles(ServerFiles):
    """A file for each table and for each index."""

    name, title, page_bytes, clean_stop = "postgresql", "PostgreSQL", 8192, signal.SIGINT

    def finish(self):
        """Tidy up, as the server does by itself sooner or later, and ask it which files it has."""
        import psycopg

        query = (
            "SELECT pg_relation_filepath(oid), relkind, relname FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY relname"
        )
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM")
            found = connection.execute(query).fetchall()
        self.files = {file: kind for file, kind, _ in found}
        self.names = {name: file for file, _, name in found}

    def entries(self, content):
        return (int.from_bytes(content[12:14], "little") - 24) // 4  # as long is their list, which follows 24 bytes

    def kind_of(self, file, of, number, content, name):
        if self.entries(content) <= 0 or (of == "i" and number == 0):  # page 0 of an index says where its root is
            return None
        return "index" if of == "i" else "table"


KINDS = {kind.name: kind for kind in (MariaDbFiles, PostgreSqlFiles)}
