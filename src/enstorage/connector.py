"""`Connector`: the three stores behind one object. It must be made before anything else is used."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, Self

from sqlalchemy.orm import Session

import enstorage.entity
import enstorage.ledger  # noqa: F401 - registers every table before the database is opened
from enstorage.address_space import check_address_space
from enstorage.database.database import Database
from enstorage.database.url import parse_url
from enstorage.entity._object_columns import referred_to
from enstorage.entity._recording import FactRecorder
from enstorage.errors import NotConnectedError, StoreError
from enstorage.objects.base import ObjectStore
from enstorage.objects.choose import find_objects
from enstorage.places.logs import hide_in_logs
from enstorage.places.opening import opened
from enstorage.series.base import SeriesStore
from enstorage.series.choose import find_series
from enstorage.series.refusing import RefusingSeries
from enstorage.settings import Settings

# Writing bytes durably is mostly waiting, for a disk or for a server.
_PUTS_AT_ONCE = 8
# Objects removed in one transaction; other writers wait for it.
_REMOVED_AT_ONCE = 20


class Connector:
    """Opens the database (entities), the series store (points) and the object store (tables, models).

    Args:
        database: URL such as `sqlite:///folder/enstorage.sqlite` or `mysql://`, `mariadb://`, `postgresql://` followed by
            `user:password@host:port/database`. If it is not given, it is taken from `ENSTORAGE_DATABASE`, then from
            `enstorage.toml`, then from the folder `./enstorage-data/`. The same holds for the other two.
        series: `delta:FOLDER`, `delta:s3://BUCKET/FOLDER`, `influxdb://USER:PASSWORD@HOST:8086/DATABASE` or `memory:`.
        objects: `file:FOLDER`, or any URL of fsspec such as `s3://BUCKET/FOLDER`. Packages may add further kinds of both.
        allow_pickle: true if model objects may be stored and opened by cloudpickle. Opening such bytes runs any code
            that they contain, so allow it only for a store that you alone write to.
        upgrade: true if the tables of an older version are changed to those of this one. Older versions cannot open the
            store afterwards; a copy of a SQLite file stays beside it.

    The connector made last is the default of the process; `with connector:` makes it the default inside the block,
    for this thread or task only. Empty stores are initialised.

    Raises:
        InvalidInputError: a URL is malformed.
        NotSupportedError: a URL names a kind of store that is not known.
        PluginError: the package that registers a store cannot be loaded.
        StoreError: a store cannot be opened, or belongs to another database.
        UpgradeError: the database was written by another version.
    """

    _latest: ClassVar["Connector | None"] = None
    #: The connectors of the enclosing `with` blocks, the innermost last.
    _bound: ClassVar[ContextVar[tuple["Connector", ...]]] = ContextVar("enstorage_connectors", default=())

    def __init__(
        self,
        database: str | None = None,
        series: str | None = None,
        objects: str | None = None,
        *,
        allow_pickle: bool = False,
        upgrade: bool = False,
    ) -> None:
        check_address_space()
        self.settings = Settings.resolve(database, series, objects)
        self.allow_pickle = allow_pickle
        # All three URLs are parsed before any store is opened, so that a wrong URL leaves no partial store.
        database, series, objects = self.settings
        hide_in_logs(*self.settings)
        database_url = opened("database", database, lambda: parse_url(database))
        open_series = opened("series store", series, lambda: find_series(series))
        open_objects = opened("object store", objects, lambda: find_objects(objects))
        self.database = opened("database", database, lambda: Database(database_url, upgrade=upgrade))
        self.recorder = FactRecorder(self.database)
        self._series: SeriesStore = opened("series store", series, open_series)
        self.objects: ObjectStore = opened("object store", objects, open_objects)
        store_id = self.database.store_id()
        opened("series store", series, lambda: self.series.claim(store_id))
        opened("object store", objects, lambda: self.objects.claim(store_id))
        #: Called before objects are stored; may wait until there is room.
        self.before_put: Callable[[], None] = _nothing
        #: Inside `all_or_nothing`: the objects that were new, each with the time at which it was stored.
        self._new_objects: ContextVar[dict[str, datetime] | None] = ContextVar("enstorage_new_objects", default=None)
        Connector._latest = self

    @classmethod
    def in_folder(cls, folder: str | os.PathLike[str], *, allow_pickle: bool = False, upgrade: bool = False) -> Self:
        """Open the embedded stores that live inside one folder."""
        return cls(*Settings.in_folder(folder), allow_pickle=allow_pickle, upgrade=upgrade)

    @classmethod
    def aside(cls, folder: str | os.PathLike[str]) -> Self:
        """Open the embedded stores that live inside one folder, without becoming the default of the process."""
        latest = Connector._latest
        try:
            return cls.in_folder(folder)
        finally:
            Connector._latest = latest

    @classmethod
    def current(cls) -> "Connector":
        """The connector bound by the innermost `with`, else the one made last.

        Raises:
            NotConnectedError: there is none.
        """
        connector = (*cls._bound.get()[-1:], cls._latest)[0]
        if connector is None:
            raise NotConnectedError(
                "No store is open: expected a Connector to be made before entities are used. Call "
                "enstorage.Connector() first; without arguments it opens ./enstorage-data/."
            )
        return connector

    @property
    def series(self) -> SeriesStore:
        """The series store."""
        refusal = self.database.refusal.get()
        return self._series if refusal is None else RefusingSeries(self._series, refusal)

    @contextmanager
    def refusing_writes(self, reason: str) -> Iterator[None]:
        """Refuse every write of this thread or task to the store inside the block.

        Args:
            reason: a sentence that the error of a write tells; a `NotSupportedError`.
        """
        token = self.database.refusal.set(reason)
        try:
            yield
        finally:
            self.database.refusal.reset(token)

    def transaction(self) -> AbstractContextManager[Session]:
        """Join many calls into one transaction of the database: all of them hold, or none.

        Points of the series store and objects are written at once; on a roll-back they stay behind, unreferenced.
        """
        return self.database.transaction()

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Remove the objects that were new in the block if it raises an error or is interrupted.

        Objects stay if a row refers to them or if others have put them meanwhile. As with `gc`, a writer of a row that
        refers to an object checks after the commit that the object is still there. Use it outside transactions: inside
        one it does nothing.
        """
        outer, new = self._new_objects.get(), dict[str, datetime]()
        if outer is not None or self.database.in_transaction:
            yield
            return
        token = self._new_objects.set(new)
        try:
            yield
        except BaseException:
            with suppress(StoreError):
                self._remove(new)
            raise
        finally:
            self._new_objects.reset(token)

    def _remove(self, objects: dict[str, datetime]) -> None:
        hashes = list(objects)
        for start in range(0, len(hashes), _REMOVED_AT_ONCE):
            batch = hashes[start : start + _REMOVED_AT_ONCE]
            with self.transaction() as session:
                for sha256 in set(batch) - referred_to(session, batch):
                    self.objects.delete(sha256, unless_touched_since=objects[sha256])

    def put(self, contents: Sequence[bytes]) -> list[str]:
        """Store objects in parallel and return their SHA-256; to be called before the rows that refer to them are stored."""
        self.database.check_writable()
        self.before_put()
        new = self._new_objects.get()

        def put(content: bytes) -> str:
            is_known = new is None or self.objects.has(hashlib.sha256(content).hexdigest())
            sha256 = self.objects.put(content)
            if new is not None and not is_known:
                new[sha256] = datetime.now(UTC)
            return sha256

        if len(contents) == 1:
            return [put(contents[0])]
        with ThreadPoolExecutor(_PUTS_AT_ONCE) as threads:
            return list(threads.map(put, contents))

    def keep(self, content: bytes) -> str:
        """Store bytes and return their SHA-256; to be called in the transaction that stores the SHA-256.

        After the commit it checks that the bytes are still there: between the two, `gc` may have freed equal bytes that
        nothing referred to before.
        """
        (sha256,) = self.put([content])
        self.keep_again(sha256, content)
        return sha256

    def keep_again(self, sha256: str, content: bytes) -> None:
        """After the commit of the current transaction, store the bytes again if they are missing."""

        def restore() -> None:
            if not self.objects.has(sha256):
                self.objects.put(content)

        with self.transaction() as session:
            session.info.setdefault("on_commit", []).append(restore)

    def buffered(self) -> AbstractContextManager[None]:
        """Collect the facts that this thread records inside the block, and write many at a time.

        They are written once a second, and at the latest when something is read, when a transaction begins and when the
        block ends; a killed process loses at most the last second. If the block raises an error, nothing is lost.
        """
        return self.recorder.buffered()

    def close(self) -> None:
        """Write the collected facts and close the connections; the connector is no longer the default."""
        self.recorder.close()
        self.database.close()
        if Connector._latest is self:
            Connector._latest = None

    def __enter__(self) -> Self:
        Connector._bound.set((*Connector._bound.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Connector._bound.set(Connector._bound.get()[:-1])

    def __repr__(self) -> str:
        return f"Connector({', '.join(map(repr, self.settings.shown().values()))})"


@contextmanager
def bound_to(connector: Connector | None) -> Iterator[Connector]:
    """The given connector, else the current one, bound inside the block."""
    with connector or Connector.current() as chosen:
        yield chosen


def _nothing() -> None:
    """Nothing is to be done before objects are stored."""
