"""`InferencePool`: requests for inference take turns; each object is loaded once and used by one request at a time."""

import asyncio
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException

from enstorage.connector import Connector
from enstorage.database.database import Answers
from enstorage.entity.trained_object import OpenedObjects

R = TypeVar("R")

_RETRY_SECONDS = 1
#: What was read for a served model, such as its data set, is believed until anything is committed, and for so long at least;
#: for so long where the database does not tell of commits.
_BELIEVED_SECONDS = 1.0
_MOST_REMEMBERED = 64


class InferencePool:
    """The loaded objects of a server, and the requests that wait for them.

    Those that wait hold no thread, so lists and pages are answered meanwhile.

    Args:
        most: most requests that wait or are answered.
        threads: most of them that are answered at once.
        loaded: most objects that are kept loaded.
    """

    def __init__(self, most: int, threads: int, loaded: int) -> None:
        self.opened = OpenedObjects(loaded)
        self._most = most
        self._threads = CapacityLimiter(threads)
        self._asked = 0
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}
        self._remembered: OrderedDict[tuple[int, str], tuple[float, int | None, Answers]] = OrderedDict()
        self._quiet = _QuietWarnings()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among the requests that wait or are answered.

        Raises:
            HTTPException: all places are taken; the header `Retry-After` says when to ask again.
        """
        if self._asked >= self._most:
            raise HTTPException(
                503,
                f"{self._asked} requests for inference wait or are answered, which is the most. Ask again later.",
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    async def run(self, objects: Iterable[str], answer: Callable[[], R]) -> R:
        """The result of a function in a thread, while no other request uses the same objects.

        Args:
            objects: hashes of the objects that it uses.
            answer: the function.
        """

        def loaded() -> R:
            with self.opened.used(), self._quiet:
                return answer()

        async with AsyncExitStack() as turns:
            for each in sorted(set(objects)):  # always in the same order: no two requests wait for each other
                await turns.enter_async_context(self._turn(each))
            return await to_thread.run_sync(loaded, limiter=self._threads)

    def answers(self, name: str, connector: Connector) -> Answers:
        """Answers that were read a moment ago for a served model of a store."""
        now, mark, key = time.monotonic(), connector.database.change_mark(), (id(connector), name)
        read_at, read_mark, answers = self._remembered.pop(key, (0.0, None, None))
        if answers is None or ((mark is None or mark != read_mark) and now - read_at > _BELIEVED_SECONDS):
            read_at, read_mark, answers = now, mark, Answers()
        self._remembered[key] = read_at, read_mark, answers
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return answers

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[None]:
        lock, users = self._turns.get(key, (asyncio.Lock(), 0))
        self._turns[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns.pop(key)
            if users > 1:
                self._turns[key] = lock, users - 1


class _QuietWarnings:
    """A context without warnings of users, for several threads: the filters of warnings belong to the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore", UserWarning)  # on intervals; the figures are what is asked for

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)
